import { escapeControls } from "@bailiwick/base";
import type { Decision } from "@bailiwick/policy";

/** What the caller finds on its standard error, so that an agent's model can read why and what to do instead. The launcher ends the line. */
export function refusalMessage({
  reason,
  instead,
  policies,
}: Pick<Decision, "reason" | "instead" | "policies">): string {
  const named = policies.length === 0 ? "" : ` [policy ${policies.join(", ")}]`;
  const first = `bailiwick: refused: ${escapeControls(reason || "no policy permits it")}${escapeControls(named)}`;
  return instead === undefined ? first : `${first}\nbailiwick: instead: ${escapeControls(instead)}`;
}
