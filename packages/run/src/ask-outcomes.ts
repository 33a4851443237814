import type { Decision } from "@bailiwick/policy";
import type { Answer, Approvals } from "./approvals.ts";

/** Who may be asked in a run; or why there is nobody. */
export type Askable = Approvals | { readonly nobody: string };

/** Why nobody can be asked for this role; undefined: somebody can. */
export function whyNobody(approvals: Askable, role: string | undefined): string | undefined {
  if ("nobody" in approvals) return approvals.nobody;
  return approvals.answersFor(role) ? undefined : approvals.nobodyFor(role);
}

/** A question that could not be put to anybody is a refusal. */
export function unasked(decision: Decision, nobody: string): Decision {
  return refused(decision, `needs a person's yes, and there was nobody to ask: ${nobody}`);
}

/** So is one that was put, and not answered with yes. */
export function answered(decision: Decision, answer: Exclude<Answer, "once" | "run">, by: string): Decision {
  return refused(decision, `asked, and ${answer === "no" ? `${by} said no` : "nobody answered"}`);
}

export function refused(decision: Decision, why: string): Decision {
  return { ...decision, outcome: "deny", reason: `${decision.reason} (${why})` };
}
