/**
 * A command under the real launcher with a small sandbox of its own: the host's system directories read-only, a workspace that is
 * writable. Decisions are the test's. What happened is collected and judged from outside.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assembleDenyFilter } from "../../packages/sandbox/src/seccomp/assemble.ts";
import { encodeLaunchSpec } from "../../packages/sandbox/src/launch-spec/encode.ts";
import type { LaunchSpec, Mount } from "../../packages/sandbox/src/launch-spec.ts";
import type { Sandbox } from "../../packages/sandbox/src/sandbox.ts";
import type { ExecEnd, ExecNotice, MainExit, Verdict } from "../../packages/sandbox/src/supervision.ts";
import { findLauncher, launchWith } from "../../packages/sandbox/src/supervisor/launch.privileged.ts";

export const NOBODY = 65534;
const SYSTEM = ["/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/lib32"];

export interface Workspace {
  readonly path: string;
  file(name: string, content: string | Buffer, mode?: number): string;
  /** Compiles C and gives the program's path inside. */
  compile(name: string, source: string, ...flags: readonly string[]): string;
  remove(): void;
}

export function makeWorkspace(): Workspace {
  const path = mkdtempSync(join(tmpdir(), "bailiwick-exec-"));
  chmodSync(path, 0o755);
  const root = process.geteuid?.() === 0;
  const own = (file: string): void => {
    if (root) chownSync(file, 0, 0);
  };
  const workspace: Workspace = {
    path,
    file: (name, content, mode = 0o644) => {
      const file = join(path, name);
      writeFileSync(file, content);
      chmodSync(file, mode);
      own(file);
      return `/work/${name}`;
    },
    compile: (name, source, ...flags) => {
      const file = join(path, name);
      execFileSync("cc", ["-O1", "-pthread", "-Wall", "-Wno-unused-result", "-x", "c", "-o", file, "-", ...flags], {
        input: source,
      });
      own(file);
      return `/work/${name}`;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
  return workspace;
}

export interface Options {
  readonly decide?: (notice: ExecNotice) => Verdict | Promise<Verdict>;
  readonly supervise?: boolean;
  readonly terminal?: boolean;
  readonly record?: boolean;
  readonly onOutput?: (at: number, bytes: Uint8Array, lost: number) => void;
  readonly answerTimeoutMs?: number;
  readonly launcher?: string;
  readonly environment?: readonly string[];
  readonly tcpPorts?: readonly number[];
  readonly stdio?: readonly [number, number, number];
  /** Called once the command was started. */
  readonly whileRunning?: (sandbox: Sandbox) => void | Promise<void>;
}

export interface Outcome {
  readonly execs: readonly ExecNotice[];
  readonly ends: ReadonlyMap<number, ExecEnd>;
  readonly tampered: readonly { readonly id: number; readonly pid: number; readonly detail: string }[];
  readonly exit: MainExit | Error;
  readonly stdout: string;
  readonly stderr: string;
  readonly launcherPid: number;
  /** Paths of the programs that were asked for, in order. */
  readonly programs: readonly string[];
}

export function specFor(workspace: string, argv: readonly string[], options: Options = {}): LaunchSpec {
  const system = SYSTEM.map((path): Mount => {
    const link = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    if (link) return { kind: "symlink", target: path, to: readlinkSync(path) };
    return { kind: "bind", source: path, target: path, writable: false, owned: false, optional: true };
  });
  const places = system
    .filter((mount) => mount.kind === "bind" && existsSync(mount.source))
    .map((mount) => mount.target);
  return {
    mounts: [
      ...system,
      { kind: "proc", target: "/proc" },
      { kind: "dev", target: "/dev", shmBytes: 16 << 20 },
      { kind: "tmpfs", target: "/tmp", sizeBytes: 64 << 20, mode: 0o1777, writable: true },
      { kind: "bind", source: workspace, target: "/work", writable: true, owned: true, optional: false },
    ],
    landlock: [
      { path: "/", access: "list" },
      ...places.map((path) => ({ path, access: "read-execute" }) as const),
      { path: "/proc", access: "read" },
      { path: "/dev", access: "write" },
      { path: "/tmp", access: "write" },
      { path: "/work", access: "write" },
    ],
    network: { tcpPorts: options.tcpPorts ?? [], bindPorts: undefined },
    command: {
      argv,
      environment: options.environment ?? [
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "HOME=/tmp",
        "LANG=C.UTF-8",
        "TERM=xterm",
      ],
      cwd: "/work",
      hostname: "test",
    },
    limits: {
      processes: undefined,
      fileSizeBytes: undefined,
      openFiles: undefined,
      coreBytes: 0,
      memoryBytes: undefined,
    },
    denyFilter: assembleDenyFilter(process.arch),
    supervise: options.supervise ?? true,
    terminal: options.terminal ?? false,
    record: options.record ?? false,
    mapRootTo: NOBODY,
  };
}

export const allow = (): Verdict => ({ allow: true, reuse: "never" });

export async function supervise(workspace: string, argv: readonly string[], options: Options = {}): Promise<Outcome> {
  const execs: ExecNotice[] = [];
  const ends = new Map<number, ExecEnd>();
  const tampered: { id: number; pid: number; detail: string }[] = [];
  const scratch = mkdtempSync(join(tmpdir(), "bailiwick-out-"));
  const output = { stdout: join(scratch, "stdout"), stderr: join(scratch, "stderr") };
  const opened =
    options.stdio === undefined
      ? [openSync("/dev/null", "r"), openSync(output.stdout, "a"), openSync(output.stderr, "a")]
      : [];
  const [stdin = 0, stdout = 1, stderr = 2] = options.stdio ?? opened;
  const answerTimeoutMs = options.answerTimeoutMs ?? 10_000;
  const spec = specFor(workspace, argv, options);
  try {
    const sandbox = await launchWith(
      options.launcher ?? findLauncher(),
      {
        spec,
        answerTimeoutMs,
        stdio: [stdin, stdout, stderr],
        handlers: {
          onExec: (notice) => {
            execs.push(notice);
            return (options.decide ?? allow)(notice);
          },
          onEnd: (end) => ends.set(end.id, end),
          onTampered: (id, pid, detail) => tampered.push({ id, pid, detail }),
          onRenewed: () => undefined,
          onOutput: options.onOutput ?? (() => undefined),
          onSize: () => undefined,
        },
      },
      encodeLaunchSpec(spec, answerTimeoutMs),
    );
    sandbox.start();
    const exited = sandbox.exited.catch((error: unknown) =>
      error instanceof Error ? error : new Error(String(error)),
    );
    try {
      await options.whileRunning?.(sandbox);
    } catch (error) {
      sandbox.kill(); // else what failed here would wait for a command that waits for it
      throw error;
    } finally {
      await exited;
      sandbox.dns.close();
      for (const listener of sandbox.listeners.values()) listener.close();
    }
    const exit = await exited;
    const read = (path: string): string => (options.stdio === undefined ? readFileSync(path, "utf8") : "");
    return {
      execs,
      ends,
      tampered,
      exit,
      stdout: read(output.stdout),
      stderr: read(output.stderr),
      launcherPid: sandbox.launcherPid,
      programs: execs.map((notice) => notice.files[0].path),
    };
  } finally {
    for (const fd of opened) closeSync(fd);
    rmSync(scratch, { recursive: true, force: true });
  }
}
