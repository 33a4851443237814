import { Cedar } from "../cedar/cedar.privileged.ts";
import { PolicyError } from "../errors.ts";
import type { PolicySource, Problem } from "../source.ts";

/**
 * Everything that is wrong with a policy set, in the order of its sources: syntax, ids, annotations, schema, policies that
 * can never apply. Empty when it is fine. Errors make a set unusable; warnings do not.
 */
export async function checkPolicySet(sources: readonly PolicySource[]): Promise<readonly Problem[]> {
  return await withCedar(async (cedar) => {
    try {
      const { problems } = await cedar.compile(sources);
      return problems;
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      const remedy = "shorten or split the policy that nests deepest";
      const source = sources.length === 1 ? (sources[0]?.name ?? "") : "";
      return [
        { severity: "error", source, line: 0, column: 0, policy: undefined, message: error.message, remedy } as const,
      ];
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
