import { gitPush, gitWrites } from "./git.ts";
import { belowOwner, forbidUnless, READS, type RulePlace } from "./rule-set.ts";

/** What an agent's work needs of a repository's interface. Keys, hooks, secrets, people, visibility and protection are not among it. */
const PARTS = [
  "issues",
  "pulls",
  "comments",
  "labels",
  "milestones",
  "statuses",
  "check-runs",
  "check-suites",
  "git",
  "contents",
  "merges",
  "commits",
];

/**
 * GitHub: clone and fetch from anywhere, push and write issues, pull requests and contents of the owners named; no gist, no deploy key, no
 * GraphQL, whose body says whether it writes. Hosts whose name begins with `api.` are the interface, `gist.` gists.
 */
export function githubRules({ hosts, owners }: RulePlace): string {
  const apis = hosts.filter((host) => host.startsWith("api."));
  const others = hosts.filter((host) => !host.startsWith("api."));
  const gists = others.filter((host) => host.startsWith("gist."));
  const parts = JSON.stringify(PARTS);
  const api = forbidUnless({
    id: "rules.github.api",
    reason: `the interface of GitHub is for reading${owners.length === 0 ? "" : `, and for issues, pull requests and contents of ${owners.join(", ")}`}`,
    instead: "leave it to a person, or to git",
    hosts: apis,
    unless: [
      READS,
      `(["POST", "PATCH", "PUT"].contains(context.method) && context.depth >= 4 && ${belowOwner(owners, "/repos/")} && ${parts}.contains(context.fourth))`,
    ],
  });
  const gist = forbidUnless({
    id: "rules.github.gist",
    reason: "gists are public or easily found, and belong to nobody's organisation",
    instead: "leave the text in the workspace",
    hosts: gists,
    unless: [READS],
  });
  const plain = others.filter((host) => !host.startsWith("gist."));
  return [
    ...(plain.length === 0 ? [] : [gitPush(plain, owners, "rules.github"), gitWrites(plain, [], "rules.github")]),
    ...(gists.length === 0 ? [] : [gist]),
    ...(apis.length === 0 ? [] : [api]),
  ].join("\n");
}
