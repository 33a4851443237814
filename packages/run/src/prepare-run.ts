import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { adapterFor } from "@bailiwick/agents";
import type { KnownWitness } from "@bailiwick/audit";
import type { RunId } from "@bailiwick/base";
import type { NetworkRules } from "@bailiwick/egress";
import { STANDARD_POLICIES, type PolicySource, type RunFacts } from "@bailiwick/policy";
import {
  assembleDenyFilter,
  loadProfile,
  locateProject,
  prepareHome,
  prepareLaunch,
  resolveWorkspace,
  type LaunchSpec,
  type Profile,
} from "@bailiwick/sandbox";
import { accountName } from "./account.ts";
import { networkRules, readEnvironment } from "./command-line-values.ts";
import { configDirectory, homeOf } from "./config-directory.ts";
import { RunError } from "./errors.ts";
import type { FileCache } from "./file-cache.ts";
import { findProgram } from "./find-program.ts";
import { readPolicies } from "./policy-files.ts";
import type { Releases } from "./releases.ts";
import type { RunOptions } from "./run-types.ts";
import type { StateDirectory } from "./state-directory.ts";
import { findWitnesses } from "./witness-registry.ts";

/** Everything that is known before anything is started. */
export interface PreparedRun {
  readonly facts: RunFacts;
  readonly profile: Profile;
  readonly policies: readonly PolicySource[];
  readonly spec: LaunchSpec;
  readonly rules: NetworkRules;
  readonly publish: readonly number[];
  /** PATH inside. */
  readonly searchPath: string | undefined;
  readonly untold: ReadonlySet<string>;
  readonly witnesses: readonly KnownWitness[];
}

export interface PrepareContext {
  readonly state: StateDirectory;
  readonly cache: FileCache;
  readonly run: RunId;
  readonly releases: Releases;
}

/** Reads profile and policies, makes the private home, compiles the launch. @throws BailiwickError of the part that failed */
export async function prepareRun(
  options: RunOptions,
  { state, cache, run, releases }: PrepareContext,
): Promise<PreparedRun> {
  const { command, hostEnvironment } = options;
  const personHome = homeOf(hostEnvironment);
  const workspace = resolveWorkspace(options.workspace, { personHome, stateDirectory: state.root });
  const config = configDirectory(hostEnvironment, personHome);
  refuseConfiguration(workspace, config);
  const policies = [...STANDARD_POLICIES, ...readPolicies([...projectPolicy(config, workspace), ...options.policies])];
  const { profile, homeKey, warnings } = await loadProfile({
    nameOrFile: options.profile,
    workspace,
    configDirectory: config,
    cache,
    additions: { allowHosts: options.allowHosts, publish: options.publish, home: options.home },
  });
  const witnesses = await findWitnesses(hostEnvironment, profile.record.witnesses);
  const program = findProgram(command[0], hostEnvironment["PATH"], process.cwd());
  const adapter = adapterFor(command, program ?? command[0]);
  const home = prepareHome({
    stateDirectory: state.root,
    homeKey,
    mode: profile.home.mode,
    agent: adapter.name,
    personHome,
    seed: [...profile.home.seed, ...adapter.seed],
  });
  releases.add(() => {
    home.release();
  });
  const prepared = prepareLaunch({
    profile,
    workspace,
    directory: process.cwd(),
    command,
    environment: hostEnvironment,
    agentEnvironment: adapter.environment,
    extraEnvironment: readEnvironment(options.environment, hostEnvironment),
    installation: program === undefined ? [] : adapter.installation(program),
    personHome,
    homeDirectory: home.directory,
    stateDirectory: state.root,
    terminal: options.terminal,
    supervise: true,
    denyFilter: assembleDenyFilter(process.arch),
  });
  releases.add(() => {
    prepared.release();
  });
  for (const warning of [...warnings, ...home.warnings, ...prepared.warnings]) options.observer.say(warning);
  const { spec } = prepared;
  return {
    facts: { runId: run, user: accountName(), agent: adapter.name, project: prepared.workspace, profile: profile.name },
    profile,
    policies,
    spec,
    rules: networkRules(profile),
    witnesses,
    publish: profile.network.publish,
    searchPath: spec.command.environment.find((entry) => entry.startsWith("PATH="))?.slice("PATH=".length),
    // Placeholders came and went in these.
    untold: new Set([...prepared.covered, ...prepared.protected].map((path) => dirname(path))),
  };
}

/** The person's own policies for this workspace, where `init` wrote some. */
function projectPolicy(config: string, workspace: string): string[] {
  const { policy } = locateProject(config, workspace);
  return existsSync(policy) ? [policy] : [];
}

/** What a run can write must not be what the next one is governed by. */
function refuseConfiguration(workspace: string, config: string): void {
  const inside = (outer: string, inner: string): boolean => inner === outer || inner.startsWith(`${outer}/`);
  if (!inside(workspace, config) && !inside(config, workspace)) return;
  throw new RunError(
    "RUN_WORKSPACE_REFUSED",
    `the workspace \`${workspace}\` touches Bailiwick's own settings (\`${config}\`)`,
    {
      remedy: "start in a project's own directory, or name one with `--workspace DIR`",
    },
  );
}
