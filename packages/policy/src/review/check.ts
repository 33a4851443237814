import { Cedar } from "../cedar/cedar.privileged.ts";
import { PolicyError } from "../errors.ts";
import { findForbiddenPermits } from "../layers/permits.ts";
import type { PolicySource, Problem } from "../source.ts";
import { policyInWords, type PolicyInWords } from "./words.ts";

/**
 * Everything that is wrong with a policy set, in the order of its sources: syntax, ids, annotations, schema, policies that
 * can never apply. Empty when it is fine. Errors make a set unusable; warnings do not.
 */
export async function checkPolicySet(sources: readonly PolicySource[]): Promise<readonly Problem[]> {
  return (await reviewPolicySet(sources)).problems;
}

export interface PolicySetReview {
  /** As of {@link checkPolicySet}. */
  readonly problems: readonly Problem[];
  /** In the order of their sources; none when a problem is an error. */
  readonly policies: readonly PolicyInWords[];
}

/** What is wrong with a policy set, and what each of its policies says in words. */
export async function reviewPolicySet(sources: readonly PolicySource[]): Promise<PolicySetReview> {
  return await withCedar(async (cedar) => {
    try {
      const { policies, problems } = await cedar.compile(sources);
      return {
        problems: [...problems, ...findForbiddenPermits(sources, policies)],
        policies: policies.map(policyInWords),
      };
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      const remedy = "shorten or split the policy that nests deepest";
      const source = sources.length === 1 ? (sources[0]?.name ?? "") : "";
      const where = { source, line: 0, column: 0, policy: undefined };
      return { problems: [{ severity: "error", ...where, message: error.message, remedy }], policies: [] };
    }
  });
}

/**
 * A policy text in Cedar's usual layout; comments stay.
 * @throws PolicyError POLICY_INVALID with the syntax problems, POLICY_CEDAR_FAILED
 */
export async function formatPolicy(text: string): Promise<string> {
  const answer = await withCedar(async (cedar) => await cedar.format(text));
  if ("text" in answer) return answer.text;
  const [first] = answer.problems;
  const message = first === undefined ? "not a policy" : `line ${String(first.line)}: ${first.message}`;
  throw new PolicyError("POLICY_INVALID", message, { problems: answer.problems });
}

async function withCedar<T>(use: (cedar: Cedar) => Promise<T>): Promise<T> {
  const cedar = new Cedar();
  try {
    return await use(cedar);
  } finally {
    await cedar.close();
  }
}
