import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { isErrno } from "@bailiwick/base";
import { prepareLaunch } from "../compile/prepare-launch.ts";
import { SandboxError } from "../errors.ts";
import { loadProfile } from "../profile/load-profile.ts";
import type { Sandbox } from "../sandbox.ts";
import { denyFilterFor } from "../seccomp/deny-filter.ts";
import { findLauncher, launch } from "../supervisor/launch.privileged.ts";

/** One thing that a run needs or can use, and how it stands on this host. */
export interface HostFinding {
  readonly what: string;
  /** `missing` keeps runs from starting; `absent` is a layer beside others that this host does not have. */
  readonly state: "present" | "absent" | "missing";
  readonly detail: string;
  readonly remedy: string | undefined;
}

/** User notification that a signal can't cancel (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV). */
const OLDEST_KERNEL = [5, 19] as const;
const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Tries on this host what a run does, and says how each layer stands: a real sandbox is built, with every probe of a launch, around `true`.
 * Leaves nothing behind.
 */
export async function inspectHost(): Promise<readonly HostFinding[]> {
  const findings = [inspectKernel(), inspectLauncher()];
  const layers = await tryLaunch();
  return [...findings, ...layers];
}

function inspectKernel(): HostFinding {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  const [wantedMajor, wantedMinor] = OLDEST_KERNEL;
  const enough = major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  return {
    what: "kernel",
    state: enough ? "present" : "missing",
    detail: release(),
    remedy: enough ? undefined : `Linux ${OLDEST_KERNEL.join(".")} or newer`,
  };
}

function inspectLauncher(): HostFinding {
  try {
    return { what: "launcher", state: "present", detail: findLauncher(), remedy: undefined };
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    return { what: "launcher", state: "missing", detail: error.message, remedy: error.remedy };
  }
}

async function tryLaunch(): Promise<readonly HostFinding[]> {
  const root = mkdtempSync(join(tmpdir(), "bailiwick-doctor-"));
  try {
    const sandbox = await launchIn(root);
    sandbox.dns.close();
    for (const listener of sandbox.listeners.values()) listener.close();
    sandbox.kill();
    await sandbox.exited.catch(() => undefined); // it was built to be ended before anything ran
    return sandbox.enforcement.map(({ layer, state, detail }) => ({
      what: layer,
      state: state === "enforced" ? "present" : "absent",
      detail,
      remedy: layer === "limit:memory" && state !== "enforced" ? DELEGATION : undefined,
    }));
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    return [{ what: "sandbox", state: "missing", detail: error.message, remedy: remedyOf(error) }];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function launchIn(root: string): Promise<Sandbox> {
  const [workspace, home, state] = ["home/project", "private-home", "state"].map((name) => join(root, name));
  if (workspace === undefined || home === undefined || state === undefined) throw new RangeError("three directories");
  for (const path of [workspace, home, state]) mkdirSync(path, { recursive: true });
  const additions = { allowHosts: [], publish: [], home: undefined };
  const { profile } = await loadProfile({
    nameOrFile: "standard",
    workspace,
    configDirectory: root,
    cache: undefined,
    layers: [],
    additions,
  });
  const prepared = prepareLaunch({
    profile: { ...profile, limits: { ...profile.limits, memoryBytes: 2 ** 31 } },
    workspace,
    directory: workspace,
    command: ["true"],
    environment: { PATH: "/usr/bin:/bin" },
    agentEnvironment: {},
    extraEnvironment: {},
    installation: [],
    personHome: join(root, "home"),
    homeDirectory: home,
    stateDirectory: state,
    trust: undefined,
    knownHosts: undefined,
    terminal: false,
    supervise: true,
    denyFilter: denyFilterFor(process.arch),
  });
  try {
    const handlers = {
      onExec: () => ({ allow: false, message: "" }) as const,
      onEnd: () => undefined,
      onTampered: () => undefined,
      onRenewed: () => undefined,
      onOutput: () => undefined,
      onSize: () => undefined,
    };
    return await launch({ spec: prepared.spec, handlers, answerTimeoutMs: ANSWER_TIMEOUT_MS, stdio: [0, 1, 2] });
  } finally {
    prepared.release();
  }
}

const DELEGATION = "start Bailiwick in a delegated group: `systemd-run --user --scope -p Delegate=yes bailiwick run …`";

/** By what this host says of itself: the settings that keep user namespaces from ordinary programs. */
function remedyOf(error: SandboxError): string | undefined {
  if (readNumber("/proc/sys/kernel/unprivileged_userns_clone") === 0)
    return "`sysctl kernel.unprivileged_userns_clone=1`";
  if (readNumber("/proc/sys/user/max_user_namespaces") === 0) return "`sysctl user.max_user_namespaces=15000`";
  if ((readNumber("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") ?? 0) > 0) {
    return `permit the launcher, and only it, to make user namespaces: write this to /etc/apparmor.d/bailiwick and run \`apparmor_parser -r /etc/apparmor.d/bailiwick\`\n\n${appArmorProfile()}`;
  }
  return error.remedy;
}

function appArmorProfile(): string {
  return `abi <abi/4.0>,\ninclude <tunables/global>\n\nprofile bailiwick ${findLauncher()} flags=(unconfined) {\n  userns,\n}\n`;
}

function readNumber(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch (error) {
    if (isErrno(error, "ENOENT", "EACCES", "EPERM")) return undefined;
    throw error;
  }
}
