import { strict as assert } from "node:assert";
import { test } from "node:test";
import { reviewPolicySet } from "./check.ts";

const EXEC = 'forbid (principal, action == Action::"exec", resource';

test("each policy says in words what it is about and under which conditions", async () => {
  for (const [text, does, words] of [
    ["permit (principal, action, resource)", "allows", "anything"],
    [`${EXEC} in ProgramGroup::"git")`, "refuses", "starting a program (git)"],
    [
      'forbid (principal in Agent::"codex", action == Action::"connect", resource == Host::"api.test")',
      "refuses",
      "reaching a host (Host api.test) by runs of agent codex",
    ],
    [`${EXEC}) when { context.verb == "push" }`, "refuses", 'starting a program, if verb is "push"'],
    [
      `${EXEC}) when { (context.verb == "push" || context.line like "git p*") && context.flags.containsAny(["-f", "-d"]) }`,
      "refuses",
      'starting a program, if (verb is "push" or line is like "git p*") and flags has any of "-f", "-d"',
    ],
    [
      `${EXEC} is Program) unless { !(resource in ProgramGroup::"rm") }`,
      "refuses",
      'starting a program, unless not (resource is in ProgramGroup "rm")',
    ],
  ] as const) {
    const { policies, problems } = await reviewPolicySet([{ name: "a.cedar", text: `@id("x") ${text};` }]);
    assert.deepEqual(problems, [], text);
    assert.deepEqual([policies[0]?.does, policies[0]?.words], [does, words]);
  }
});

test("a policy that asks says whom, and not that a yes lifts it", async () => {
  const text = `// first\n@id("push") @reason("people push") @instead("leave a branch") @ask("operator")
${EXEC} in ProgramGroup::"git") when { context.verb == "push" } unless { context.approved };`;
  const { policies } = await reviewPolicySet([{ name: "a.cedar", text }]);
  const words = 'starting a program (git), if verb is "push"';
  const said = { reason: "people push", instead: "leave a branch", ask: "operator" };
  assert.deepEqual(policies, [{ id: "push", source: "a.cedar", line: 2, does: "asks", words, ...said }]);
});

test("what has no words is said to have none", async () => {
  const text = `@id("x") ${EXEC}) when { if context.verb == "a" then context.line like "b" else false };`;
  const { policies } = await reviewPolicySet([{ name: "a.cedar", text }]);
  assert.match(policies[0]?.words ?? "", /^starting a program, if \(see its text\)$/);
});

test("a set with an error has problems and no words", async () => {
  const { policies, problems } = await reviewPolicySet([{ name: "a.cedar", text: "permit(" }]);
  assert.deepEqual([policies.length, problems[0]?.severity], [0, "error"]);
});
