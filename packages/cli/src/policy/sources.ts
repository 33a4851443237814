import { basename } from "node:path";
import { STANDARD_POLICIES, type PolicySource } from "@bailiwick/policy";
import {
  configDirectory,
  locateStateDirectory,
  openCompanyPolicies,
  projectPolicies,
  readEnrolment,
  readPolicies,
  readProfilePolicies,
} from "@bailiwick/run";

/** The standard policies, the rule sets of a profile, and those that were named: for who writes policies, whatever holds on this host. */
export async function policySet(paths: readonly string[], profile: string | undefined): Promise<PolicySource[]> {
  const ofProfile =
    profile === undefined ? [] : (await readProfilePolicies(profile, process.cwd(), process.env, [])).policies;
  return [...STANDARD_POLICIES, ...ofProfile, ...readPolicies(paths)];
}

/** The person's own policies for the project that this directory is: a path, or none. */
export function ownPolicies(): string[] {
  return projectPolicies(configDirectory(process.env), process.cwd());
}

/** The set that a run with the same options has here: with the project's own, and the layers of the server where this host is enrolled. */
export async function policySetHere(
  paths: readonly string[],
  profile: string | undefined,
): Promise<{ readonly name: string; readonly sources: readonly PolicySource[] }> {
  const { server } = locateStateDirectory(process.env);
  const project = basename(process.cwd());
  const enrolment = readEnrolment(server);
  const company = await openCompanyPolicies({ server, enrolment, project, cache: undefined, now: Date.now() });
  const { name, policies } = await readProfilePolicies(profile, process.cwd(), process.env, company.profiles);
  const own = readPolicies([...ownPolicies(), ...paths]).map((each) => ({
    ...each,
    tightens: company.layers.length > 0,
  }));
  return { name, sources: [...STANDARD_POLICIES, ...company.sources, ...policies, ...own] };
}
