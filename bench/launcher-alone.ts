/** The launcher without `bailiwick run` around it: with bubblewrap's view for the comparison, and with a run's own LaunchSpec but no supervision. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { denyFilterFor, encodeLaunchSpec, findLauncher, loadProfile, prepareLaunch } from "@bailiwick/sandbox";
import type { LaunchSpec, Mount } from "@bailiwick/sandbox";

const FRAME_SPEC = 1;
const FRAME_START = 2;
const PATIENCE_MS = 60_000;

function frame(type: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32LE(payload.length + 1, 0);
  head.writeUInt8(type, 4);
  return Buffer.concat([head, payload]);
}

/** Builds the timer of bench/spawn-timer.c in a folder; gives its path. */
export function buildTimer(folder: string): string {
  const target = join(folder, "spawn-timer");
  execFileSync("cc", ["-O2", "-o", target, join(import.meta.dirname, "spawn-timer.c")]);
  return target;
}

/** Wall time of a process from spawn to reaping, in milliseconds; the same way for the launcher and for its peers. */
export function timeSpawn(timer: string, argv: readonly string[], payload = "-"): number {
  const result = spawnSync(timer, [payload, ...argv], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  if (result.status !== 0) throw new Error(`${argv.join(" ")} ended with ${String(result.status)}: ${result.stderr}`);
  return Number(result.stdout) / 1e6;
}

/** The frames that run `/bin/true` in the full sandbox of {@link plainSpec}, in a file. */
export function writePayload(folder: string): string {
  const file = join(folder, "payload");
  writeFileSync(
    file,
    Buffer.concat([
      frame(FRAME_SPEC, encodeLaunchSpec(plainSpec(folder), PATIENCE_MS)),
      frame(FRAME_START, new Uint8Array()),
    ]),
  );
  return file;
}

function plainSpec(workspace: string): LaunchSpec {
  const bind = (source: string, target = source, writable = false): Mount => ({
    kind: "bind",
    source,
    target,
    writable,
    owned: writable,
    optional: false,
  });
  const system = ["/usr", "/bin", "/lib", "/lib64", "/sbin", "/etc"].filter((path) => existsSync(path));
  const mounts: Mount[] = system.map((path) =>
    lstatSync(path).isSymbolicLink() ? { kind: "symlink", target: path, to: readlinkSync(path) } : bind(path),
  );
  mounts.push({ kind: "proc", target: "/proc" }, { kind: "dev", target: "/dev", shmBytes: 2 ** 26 });
  mounts.push(
    { kind: "tmpfs", target: "/tmp", sizeBytes: 2 ** 30, mode: 0o1777, writable: true },
    bind(workspace, "/workspace", true),
  );
  const readable = system.filter((path) => !lstatSync(path).isSymbolicLink());
  return {
    mounts,
    landlock: [
      ...readable.map((path) => ({ path, access: "read-execute" }) as const),
      ...["/proc", "/dev", "/tmp", "/workspace"].map((path) => ({ path, access: "write" }) as const),
    ],
    network: { tcpPorts: [], bindPorts: undefined },
    command: { argv: ["/bin/true"], environment: ["PATH=/usr/bin:/bin"], cwd: "/workspace", hostname: "bench" },
    limits: { processes: 4000, fileSizeBytes: undefined, openFiles: undefined, coreBytes: 0, memoryBytes: undefined },
    denyFilter: denyFilterFor(process.arch),
    supervise: false,
    terminal: false,
    record: false,
    mapRootTo: 1_999_000_000,
  };
}

/** A run's own sandbox without supervision; resolves with what the command printed. */
export async function launchUnsupervised(
  workspace: string,
  state: string,
  command: readonly string[],
): Promise<string> {
  const home = join(state, "bench-home");
  mkdirSync(home, { recursive: true });
  const { profile } = await loadProfile({
    nameOrFile: "standard",
    workspace,
    configDirectory: join(state, "config"),
    cache: undefined,
    layers: [],
    additions: { allowHosts: [], publish: [], home: undefined },
  });
  const prepared = prepareLaunch({
    profile,
    trust: undefined,
    knownHosts: undefined,
    workspace,
    directory: workspace,
    command,
    environment: process.env,
    agentEnvironment: {},
    extraEnvironment: {},
    installation: [],
    personHome: process.env["HOME"] ?? "/root",
    homeDirectory: home,
    stateDirectory: state,
    terminal: false,
    supervise: false,
    denyFilter: denyFilterFor(process.arch),
  });
  try {
    const child = spawn(findLauncher(), [], { stdio: ["ignore", "pipe", "inherit", "ipc", "pipe"] });
    const wire = child.stdio[4];
    if (wire !== null && wire !== undefined && "write" in wire)
      wire.write(
        Buffer.concat([
          frame(FRAME_SPEC, encodeLaunchSpec(prepared.spec, PATIENCE_MS)),
          frame(FRAME_START, new Uint8Array()),
        ]),
      );
    wire?.on("data", () => undefined);
    child.on("message", (_message, handle) => {
      if (handle !== undefined && "unref" in handle) handle.unref();
    });
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
    await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    return output;
  } finally {
    prepared.release();
  }
}
