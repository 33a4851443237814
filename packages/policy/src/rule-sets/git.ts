import { belowOwner, forbidUnless, READS, type RulePlace } from "./rule-set.ts";

/**
 * git over HTTP: fetching is a GET and a POST to `git-upload-pack`, pushing a POST to `git-receive-pack`; what git asks before a push
 * (`info/refs`) changes nothing.
 * @see https://git-scm.com/docs/http-protocol
 */
export function gitRules({ hosts, owners }: RulePlace): string {
  return gitPush(hosts, owners, "rules.git") + gitWrites(hosts, [], "rules.git");
}

export function gitPush(hosts: readonly string[], owners: readonly string[], id: string): string {
  const where = owners.length === 0 ? "nowhere" : `only to ${owners.join(", ")}`;
  return forbidUnless({
    id: `${id}.push`,
    reason: `pushing is permitted ${where}`,
    instead: "push to a repository of those, or ask for the owner in the profile",
    hosts,
    when: 'context.last == "git-receive-pack"',
    unless: [`(context.method == "POST" && context.depth >= 3 && ${belowOwner(owners)})`, READS],
  });
}

/** @param more what else may be written */
export function gitWrites(hosts: readonly string[], more: readonly string[], id: string): string {
  return forbidUnless({
    id: `${id}.write`,
    reason: "only git fetches, clones and pushes write here",
    instead: "use git",
    hosts,
    unless: [
      READS,
      '(context.method == "POST" && ["git-upload-pack", "git-receive-pack"].contains(context.last))',
      '(context.method == "POST" && context.urlPath like "*/info/lfs/objects/batch")',
      ...more,
    ],
  });
}
