import { existsSync } from "node:fs";
import { problemOfRuleSet, ruleSetPolicies, type PolicySource } from "@bailiwick/policy";
import { loadProfile, locateProject, type Profile, type ProfileLayer } from "@bailiwick/sandbox";
import { configDirectory, homeOf } from "./config-directory.ts";
import { RunError } from "./errors.ts";

/** The shipped rule sets that a profile asks for. @throws RunError RUN_RULES_INVALID */
export function rulePolicies({ network }: Profile): PolicySource[] {
  return network.rules.map((choice) => {
    const problem = problemOfRuleSet(choice);
    if (problem === undefined) return ruleSetPolicies(choice);
    throw new RunError("RUN_RULES_INVALID", `\`[network.rules.${choice.name}]\` ${problem}`, {
      remedy: "correct it in the profile",
    });
  });
}

/** The person's own policies for this workspace, where `init` wrote some: a path, or none. */
export function projectPolicies(config: string, workspace: string): string[] {
  const { policy } = locateProject(config, workspace);
  return existsSync(policy) ? [policy] : [];
}

/**
 * What a profile contributes to the policies of a run with it: its name, which they may speak of, and its rule sets.
 * @param nameOrFile as for `bailiwick run`, which takes the person's own for this workspace where none is named
 * @param layers of the company, where it has a say
 * @throws RunError RUN_RULES_INVALID, SandboxError SANDBOX_PROFILE_NOT_FOUND, SANDBOX_PROFILE_INVALID
 */
export async function readProfilePolicies(
  nameOrFile: string | undefined,
  workspace: string,
  environment: NodeJS.ProcessEnv,
  layers: readonly ProfileLayer[],
): Promise<{ readonly name: string; readonly policies: readonly PolicySource[] }> {
  const { profile } = await loadProfile({
    nameOrFile,
    workspace,
    configDirectory: configDirectory(environment, homeOf(environment)),
    cache: undefined,
    layers,
    additions: { allowHosts: [], publish: [], home: undefined },
  });
  return { name: profile.name, policies: rulePolicies(profile) };
}
