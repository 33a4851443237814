import type { CompanyPolicies, OpenPoliciesOptions } from "./open-policies.ts";

const NONE: CompanyPolicies = { layers: [], sources: [], profiles: [], warnings: [] };

/**
 * The policies of the server where this host is enrolled; none where it is enrolled nowhere, and then nothing is loaded for them.
 * @throws RunError RUN_POLICY_MISSING, RUN_POLICY_OVERDUE, RUN_STATE_UNUSABLE; SandboxError of a profile
 */
export async function openCompanyPolicies({ enrolment, ...options }: OpenPoliciesOptions): Promise<CompanyPolicies> {
  if (enrolment === undefined) return NONE;
  const { openHeldPolicies } = await import("./open-policies.ts");
  return await openHeldPolicies({ enrolment, ...options });
}
