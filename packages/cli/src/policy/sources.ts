import { STANDARD_POLICIES, type PolicySource } from "@bailiwick/policy";
import { readPolicies } from "@bailiwick/run";

/** The standard policies and those that were named: the set that a run with the same names has. */
export function policySet(paths: readonly string[]): PolicySource[] {
  return [...STANDARD_POLICIES, ...readPolicies(paths)];
}
