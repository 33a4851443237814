import { gitPush, gitWrites } from "./git.ts";
import { belowOwner, type RulePlace } from "./rule-set.ts";

/** Of a project's interface, by its path; a project's number does not say whose it is. */
const PARTS = ["issues", "merge_requests", "notes", "labels", "milestones", "statuses"];

/** GitLab: clone and fetch from anywhere, push and write issues and merge requests of the groups named. The path of a project is encoded in its interface (`acme%2Ftools`). */
export function gitlabRules({ hosts, owners }: RulePlace): string {
  const parts = PARTS.map((part) => `context.urlPath like "*/${part}" || context.urlPath like "*/${part}/*"`).join(
    " || ",
  );
  const api = `(["POST", "PUT"].contains(context.method) && ${belowOwner(owners, "/api/v4/projects/")} && (${parts}))`;
  return gitPush(hosts, owners, "rules.gitlab") + gitWrites(hosts, owners.length === 0 ? [] : [api], "rules.gitlab");
}
