/** What programs read of the facts: all of them, without limits on length. */
import type { FrameworkName } from "./controls/frameworks.ts";
import type { Facts } from "./facts.ts";
import { limitsOf } from "./limits.ts";

export function dataOf(
  facts: Facts,
  {
    frameworks,
    proofs,
    wanted,
  }: { readonly frameworks: readonly FrameworkName[]; readonly proofs: number; readonly wanted: number },
): object {
  const { period, project, runs, found, logs, order, madeAt, version, unattributed } = facts;
  const [only] = logs;
  return {
    v: 1,
    period,
    project: project ?? null,
    ...(order !== undefined && { by: order.by, reason: order.reason, leftOut: order.leftOut }),
    madeAt,
    version,
    frameworks,
    ...(order === undefined ? { verification: only?.verification } : { hosts: logs }),
    found: Object.fromEntries(found),
    proofs: { made: proofs, left: wanted - proofs },
    unattributed,
    limits: limitsOf(facts),
    runs: runs.map(({ host, summary, started, approvals, refusals }) => ({
      ...(host !== undefined && { host }),
      ...summary,
      hostname: started?.hostname,
      profile: started?.profile,
      policyDigest: started?.policyDigest,
      enforcement: started?.enforcement,
      approvals: approvals.indexes,
      refusals: refusals.indexes,
    })),
  };
}
