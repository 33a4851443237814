import { checkPolicySet, formatProblem } from "@bailiwick/policy";
import { count, paintFor } from "../format.ts";
import { ownPolicies, policySet } from "./sources.ts";

/** 0: every policy validates. 1: some do not; warnings alone are no failure. */
export async function checkPolicyCommand(
  paths: readonly string[],
  { profile }: { readonly profile?: string },
): Promise<number> {
  const sources = await policySet(paths.length === 0 ? ownPolicies() : paths, profile);
  const problems = await checkPolicySet(sources);
  const paint = paintFor(process.stderr, process.env);
  for (const problem of problems) {
    const remedy = problem.remedy === undefined ? "" : `\n  ${problem.remedy}`;
    const severity = paint(problem.severity === "error" ? "red" : "yellow", problem.severity);
    process.stderr.write(`${severity}: ${formatProblem(problem)}${remedy}\n`);
  }
  if (problems.some(({ severity }) => severity === "error")) return 1;
  process.stdout.write(`${count(sources.length, "file")} of policies, all valid\n`);
  return 0;
}
