import { basename, dirname } from "node:path";
import { adapterFor } from "@bailiwick/agents";
import type { KnownWitness } from "@bailiwick/audit";
import type { RunId } from "@bailiwick/base";
import type { GatewayOptions, Inspection, NetworkRules, SshGateway } from "@bailiwick/egress";
import { STANDARD_POLICIES, type PolicySource, type RunFacts } from "@bailiwick/policy";
import {
  denyFilterFor,
  loadProfile,
  prepareHome,
  prepareLaunch,
  resolveWorkspace,
  type LaunchSpec,
  type Profile,
} from "@bailiwick/sandbox";
import { accountName } from "./account.ts";
import { networkRules, readEnvironment, requireGivable } from "./command-line-values.ts";
import { configDirectory, homeOf } from "./config-directory.ts";
import { RunError } from "./errors.ts";
import type { FileCache } from "./file-cache.ts";
import { readEnrolment } from "./enrolled-server.ts";
import { findProgram } from "./find-program.ts";
import {
  obtainCredentials,
  openSshFor,
  placeholderVariables,
  refuseValuesInCommand,
  withoutValues,
} from "./credentials.ts";
import { openInspectionFor } from "./inspected.ts";
import type { HeldLayer } from "./layers/held-policies.ts";
import { openCompanyPolicies } from "./layers/company-policies.ts";
import type { AgentShell } from "./provenance.ts";
import { readPolicies } from "./policy-files.ts";
import type { Releases } from "./releases.ts";
import { projectPolicies, rulePolicies } from "./rule-policies.ts";
import { RunLeaks } from "./run-leaks.ts";
import type { RunOptions } from "./run-types.ts";
import type { StateDirectory } from "./state-directory.ts";
import { findWitnesses } from "./witness-registry.ts";

/** Everything that is known before anything is started. */
export interface PreparedRun {
  readonly facts: RunFacts;
  readonly profile: Profile;
  readonly policies: readonly PolicySource[];
  /** Of the server where this host is enrolled. */
  readonly policyLayers: readonly HeldLayer[];
  readonly spec: LaunchSpec;
  readonly rules: NetworkRules;
  /** What no run may reach, whatever its rules say. */
  readonly never: GatewayOptions["never"];
  readonly publish: readonly number[];
  readonly inspection: Inspection | undefined;
  readonly ssh: SshGateway | undefined;
  /** PATH inside. */
  readonly searchPath: string | undefined;
  readonly untold: ReadonlySet<string>;
  readonly witnesses: readonly KnownWitness[];
  readonly leaks: RunLeaks;
  /** Files and directories that the run must not read. */
  readonly masked: readonly string[];
  /** How the agent runs what its model wrote. */
  readonly shell: AgentShell;
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
  const enrolment = readEnrolment(state.server);
  const sources = { server: state.server, enrolment, cache, config, workspace };
  const { profile, homeKey, warnings, policies, policyLayers } = await readEnvelope(options, sources);
  const given = readEnvironment(options.environment, hostEnvironment);
  requireGivable(profile, given);
  const server = enrolment?.address;
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
  releases.add(() => home.release());
  const places = { workspace, personHome, environment: hostEnvironment };
  const credentials = await obtainCredentials(profile, places);
  refuseValuesInCommand(command, credentials);
  const leaks = new RunLeaks({ leaks: profile.leaks, agentHosts: adapter.hosts, workspace });
  const inspection = await openInspectionFor({ run, profile, policies, credentials, leaks, ...places });
  const ssh = await openSshFor(profile, places);
  const prepared = prepareLaunch({
    profile,
    workspace,
    directory: process.cwd(),
    command,
    environment: hostEnvironment,
    agentEnvironment: adapter.environment,
    extraEnvironment: { ...given, ...placeholderVariables(profile, credentials) },
    installation: program === undefined ? [] : adapter.installation(program),
    personHome,
    homeDirectory: home.directory,
    stateDirectory: state.root,
    trust: inspection,
    knownHosts: ssh?.knownHosts,
    terminal: options.terminal,
    supervise: true,
    denyFilter: denyFilterFor(process.arch),
  });
  releases.add(() => prepared.release());
  for (const warning of [...warnings, ...home.warnings, ...prepared.warnings]) options.observer.say(warning);
  const spec = withoutValues(prepared.spec, credentials);
  const masked = prepared.covered.filter((path) => path.startsWith(`${prepared.workspace}/`));
  leaks.learn({ environment: spec.command.environment, masked, credentials });
  return {
    facts: {
      ...{ runId: run, user: accountName(), agent: adapter.name, project: prepared.workspace, profile: profile.name },
      labels: options.labels,
    },
    profile,
    policies,
    policyLayers,
    spec,
    rules: networkRules(profile),
    never: server === undefined ? [] : [server],
    witnesses,
    publish: profile.network.publish,
    inspection,
    ssh,
    searchPath: spec.command.environment.find((entry) => entry.startsWith("PATH="))?.slice("PATH=".length),
    masked,
    leaks,
    shell: adapter,
    // Placeholders came and went in these.
    untold: new Set([...prepared.covered, ...prepared.protected].map((path) => dirname(path))),
  };
}

interface Places {
  readonly server: string;
  readonly enrolment: ReturnType<typeof readEnrolment>;
  readonly cache: FileCache;
  readonly config: string;
  readonly workspace: string;
}

/** The profile and the policies: of the company, where it has a say, and of the person within that. */
async function readEnvelope(options: RunOptions, { server, enrolment, cache, config, workspace }: Places) {
  const company = await openCompanyPolicies({
    ...{ server, enrolment, project: basename(workspace) },
    ...{ cache, now: Date.now() },
  });
  // Where a company has a say, what the person says is the innermost of its layers.
  const tightens = company.layers.length > 0;
  const own = readPolicies([...projectPolicies(config, workspace), ...options.policies]);
  const { profile, homeKey, warnings } = await loadProfile({
    nameOrFile: options.profile,
    workspace,
    configDirectory: config,
    cache,
    layers: company.profiles,
    additions: {
      allowHosts: options.allowHosts,
      publish: options.publish,
      home: options.home,
      budgets: options.budgets,
    },
  });
  return {
    profile,
    homeKey,
    warnings: [...company.warnings, ...warnings],
    policies: [
      ...STANDARD_POLICIES,
      ...company.sources,
      ...rulePolicies(profile),
      ...own.map((each) => ({ ...each, tightens })),
    ],
    policyLayers: company.layers,
  };
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
