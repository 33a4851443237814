/** Policies of a project: one that asks before work is published, and the form of more. */
export function renderPolicy(): string {
  return `// Policies of this project, beside the standard ones, within its profile (docs/policy.md).
// Try them: \`bailiwick policy test policy.cedar\`, \`bailiwick policy explain --policy policy.cedar -- git push\`

@id("project.push")
@reason("a push publishes what was done here")
@instead("commit, and leave the push to the person")
@ask("operator")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"git")
when { context.verb == "push" }
unless { context.approved };

// A host that the profile allows can be closed to some agents:
// @id("project.docs-only")
// @reason("this host is for people")
// forbid (principal in Agent::"codex", action == Action::"connect", resource == Host::"wiki.example.com");
`;
}

export function renderPolicyTests(): string {
  return `# Tests of policy.cedar: \`bailiwick policy test policy.cedar\`

[[test]]
name = "a push is a question"
argv = ["git", "push", "origin", "topic"]
expect = "ask"
policy = "project.push"

[[test]]
name = "a commit is not"
argv = ["git", "commit", "-m", "x"]
expect = "allow"
`;
}
