import { SandboxError } from "../errors.ts";
import type { LandlockRule, LaunchSpec, Mount, NetworkSpec } from "../launch-spec.ts";
import type { Profile } from "../profile-types.ts";
import { buildEnvironment } from "./environment.ts";
import { isInside, realPathOf } from "./host-files.ts";
import { idForRoot, limitsFor } from "./host-limits.ts";
import type { LaunchRequest, Prepared } from "./launch-request.ts";
import { takePlaceholders } from "./placeholders.ts";
import { viewPrograms, type ProgramView } from "./programs.ts";
import { findRoots, type Root } from "./roots.ts";
import { HOSTNAME, viewSystem } from "./system-view.ts";
import { planTrees } from "./trees.ts";
import { knownHostsMounts, sshEnvironment, trustEnvironment, trustMounts } from "./trust.ts";
import { resolveWorkspace } from "./workspace.ts";

/** More listeners than this no launcher takes. */
const MAX_PORTS = 256;

/** Where the home is inside when the person's is `/`, as in some containers: all would be in it. */
const HOME_OF_NOBODY = "/home/agent";

/**
 * Compiles profile and host into a LaunchSpec and takes the names in the workspace that must not appear during the run.
 * @throws SandboxError SANDBOX_WORKSPACE_REFUSED, SANDBOX_VIEW_REFUSED; nothing is left behind then
 */
export function prepareLaunch(request: LaunchRequest): Prepared {
  const { profile, personHome, stateDirectory } = request;
  const workspace = resolveWorkspace(request.workspace, { personHome, stateDirectory });
  const home = personHome === "/" ? HOME_OF_NOBODY : personHome;
  const roots = findRoots(profile.filesystem, { workspace, home }, { personHome, stateDirectory });
  const cwd = startDirectory(request.directory, workspace);
  const system = viewSystem(profile.limits.tmpBytes);
  const programs = findPrograms(request, cwd, [...system.visible, ...roots.map(({ target }) => target)]);
  const network = networkOf(profile);
  const { planned, release } = takePlaceholders(stateDirectory, (held) =>
    planTrees(roots, profile, { workspace, personHome }, held),
  );
  const environment = buildEnvironment({
    profile,
    person: request.environment,
    agent: { ...trustEnvironment(request.trust), ...sshEnvironment(request.knownHosts), ...request.agentEnvironment },
    extra: request.extraEnvironment,
    path: programs.path,
    cwd,
    roots: { workspace, home },
  });
  const trust = trustMounts(request.trust, system.visible);
  const spec: LaunchSpec = {
    mounts: [
      ...system.mounts,
      ...trust,
      ...knownHostsMounts(request.knownHosts),
      ...hostMounts(request.homeDirectory, home, roots, programs),
      ...planned.mounts,
    ],
    landlock: landlockFor(home, roots),
    network,
    command: { argv: request.command, environment, cwd, hostname: HOSTNAME },
    limits: limitsFor(profile.limits),
    denyFilter: request.denyFilter,
    supervise: request.supervise,
    terminal: request.terminal,
    record: request.terminal && profile.recording.terminal,
    mapRootTo: idForRoot(),
  };
  return {
    spec,
    workspace,
    program: programs.program,
    covered: [...system.covered, ...planned.covered],
    protected: planned.protected,
    warnings: planned.warnings,
    release,
  };
}

/** The directory that the person is in, when the run can see it. */
function startDirectory(directory: string, workspace: string): string {
  const real = realPathOf(directory);
  return real !== undefined && isInside(workspace, real) ? real : workspace;
}

function findPrograms(request: LaunchRequest, directory: string, visible: readonly string[]): ProgramView {
  const { profile, environment, extraEnvironment, command, personHome, stateDirectory, installation } = request;
  const path = extraEnvironment["PATH"] ?? profile.environment.set["PATH"] ?? environment["PATH"] ?? "";
  return viewPrograms({ path, command, directory, personHome, stateDirectory, visible, installation });
}

/** A listener for each port that any host may be reached at. Binding is not limited: the network inside is the run's own. */
function networkOf({ network }: Profile): NetworkSpec {
  const ports = new Set(network.allow.map((host) => Number(host.slice(host.lastIndexOf(":") + 1))));
  if (ports.size > MAX_PORTS) {
    throw new SandboxError(
      "SANDBOX_VIEW_REFUSED",
      `the profile allows hosts on ${String(ports.size)} ports, and at most ${String(MAX_PORTS)} can be listened on`,
      { remedy: "allow fewer ports in `[network]`" },
    );
  }
  return { tcpPorts: [...ports].sort((a, b) => a - b), bindPorts: undefined };
}

/** The private home, programs and roots; outer ones before what lies in them. */
function hostMounts(
  homeDirectory: string,
  home: string,
  roots: readonly Root[],
  programs: ProgramView,
): readonly Mount[] {
  const own: Extract<Mount, { kind: "bind" }> = {
    kind: "bind",
    source: homeDirectory,
    target: home,
    writable: true,
    owned: true,
    optional: false,
  };
  const given = roots.map(({ target, source, writable }): Extract<Mount, { kind: "bind" }> => ({
    kind: "bind",
    source,
    target,
    writable,
    owned: true,
    optional: false,
  }));
  return [own, ...programs.mounts, ...given].sort((a, b) => (a.target < b.target ? -1 : a.target > b.target ? 1 : 0));
}

/**
 * The second lock: what the mounts give and nothing more. `/` is the root that was built, so that reading it all is what was meant;
 * something of the host that came to be reachable in another way would not be below it. Nothing below /proc can be written: that
 * is where a process could change another before it is checked.
 */
function landlockFor(home: string, roots: readonly Root[]): readonly LandlockRule[] {
  const writable = roots.filter((root) => root.writable).map(({ target }) => target);
  return [
    { path: "/", access: "read-execute" },
    ...[...new Set(["/dev", "/tmp", home, ...writable])].sort().map((path) => ({ path, access: "write" }) as const),
  ];
}
