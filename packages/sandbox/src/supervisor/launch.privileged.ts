import { spawn, type ChildProcess } from "node:child_process";
import { Socket as UdpSocket } from "node:dgram";
import { accessSync, constants, existsSync } from "node:fs";
import { Server, Socket } from "node:net";
import { dirname, join } from "node:path";
import { encodeLaunchSpec } from "../launch-spec/encode.ts";
import { SandboxError } from "../errors.ts";
import type { Launch, LaunchOptions, Sandbox } from "../sandbox.ts";
import type { MainExit } from "../supervision.ts";
import { frame } from "./frames.ts";
import * as messages from "./messages.ts";
import { Session } from "./session.ts";

// SAFETY: the only process that is started here is the launcher, by its absolute path, without arguments and with an empty
// environment; what it runs is in the LaunchSpec.

const SPEC = 1;
const CONTROL_FD = 4;
const TERMINATE_GRACE_MS = 5000;

/**
 * The launcher of this machine: in `build/` of this package, or beside the bundle that holds this code.
 * @throws SandboxError SANDBOX_LAUNCHER_MISSING
 */
export function findLauncher(): string {
  const name = `bailiwick-launch-${process.arch}`;
  const tried: string[] = [];
  let directory = import.meta.dirname;
  for (let levels = 0; levels < 6; levels++) {
    for (const path of [
      join(directory, name),
      join(directory, "build", name),
      join(directory, "packages/sandbox/build", name),
    ]) {
      if (existsSync(path)) {
        accessSync(path, constants.X_OK);
        return path;
      }
      tried.push(path);
    }
    directory = dirname(directory);
  }
  throw new SandboxError(
    "SANDBOX_LAUNCHER_MISSING",
    `no launcher for ${process.platform} on ${process.arch} (looked for \`${tried[1] ?? name}\`); run \`npm run build:native\``,
    { remedy: "run `npm run build:native`" },
  );
}

/** @throws SandboxError when any layer cannot be applied: nothing has run then. */
export const launch: Launch = (options) => launchWith(findLauncher(), options);

/** As {@link launch}, with a launcher of the caller's choosing: for tests of the launcher itself. */
export async function launchWith(
  launcher: string,
  options: LaunchOptions,
  spec: Uint8Array = encodeLaunchSpec(options.spec, options.answerTimeoutMs),
): Promise<Sandbox> {
  const [stdin, stdout, stderr] = options.stdio;
  const child = spawn(launcher, [], {
    stdio: [stdin, stdout, stderr, "ipc", "pipe"],
    env: {},
    cwd: "/",
    serialization: "json",
  });
  const control = child.stdio[CONTROL_FD];
  if (!(control instanceof Socket) || child.pid === undefined) throw await spawnFailure(child, launcher);
  const channel = {
    write: (bytes: Buffer): void => {
      if (!control.destroyed) control.write(bytes);
    },
    destroy: (): void => {
      child.kill("SIGKILL");
    },
  };
  const session = new Session(channel, options.handlers, child.pid);
  const handles = new Handles(child, options.spec.network.tcpPorts);
  const exited = watchExit(child, control, session);
  control.on("data", (chunk: Buffer) => {
    session.receive(chunk);
  });
  control.write(frame(SPEC, spec));
  try {
    const enforcement = await session.ready;
    await Promise.race([handles.complete, exited]);
    return compose({ child, session, handles, exited, enforcement });
  } catch (error) {
    handles.abandon();
    throw error;
  }
}

async function spawnFailure(child: ChildProcess, launcher: string): Promise<SandboxError> {
  const cause = await new Promise<unknown>((resolve) => child.once("error", resolve));
  return new SandboxError("SANDBOX_LAUNCH_FAILED", `cannot start \`${launcher}\``, { cause });
}

/** The launcher's last words are read before its exit counts. */
function watchExit(child: ChildProcess, control: Socket, session: Session): Promise<MainExit> {
  const exited = new Promise<MainExit>((resolve, reject) => {
    let code: number | null | undefined;
    let drained = false;
    const settle = (): void => {
      if (code === undefined || !drained) return;
      const result = session.close(code);
      if (result instanceof SandboxError) reject(result);
      else resolve(result);
    };
    control.once("close", () => {
      drained = true;
      settle();
      // A launcher that closed its side and stays has no business any more.
      if (code === undefined) setTimeout(() => child.kill("SIGKILL"), TERMINATE_GRACE_MS).unref();
    });
    // Without its reader the launcher ends the run by itself.
    control.on("error", () => control.destroy());
    child.once("exit", (status) => {
      code = status;
      settle();
    });
  });
  exited.catch(() => undefined); // whoever asks for it is told
  return exited;
}

/** The sockets of the sandbox, as they come over Node's own channel. */
class Handles {
  readonly listeners = new Map<number, Server>();
  dns: UdpSocket | undefined;
  readonly complete: Promise<void>;
  #abandoned = false;
  readonly #sockets = new Map<number, Socket>();
  readonly #waiting = new Map<number, (socket: Socket) => void>();

  constructor(child: ChildProcess, ports: readonly number[]) {
    this.complete = new Promise((resolve) => {
      child.on("message", (message: unknown, handle: unknown) => {
        this.#take(message, handle);
        if (this.dns !== undefined && ports.every((port) => this.listeners.has(port))) resolve();
      });
    });
  }

  /** Nobody will use them: those that are here, and those still on their way, would keep this process alive. */
  abandon(): void {
    this.#abandoned = true;
    this.dns?.close();
    for (const listener of this.listeners.values()) listener.close();
  }

  #take(message: unknown, handle: unknown): void {
    if (this.#abandoned) {
      if (handle instanceof UdpSocket || handle instanceof Server) handle.close();
      return;
    }
    if (typeof message !== "object" || message === null) return;
    if ("kind" in message && message.kind === "dns" && handle instanceof UdpSocket) {
      this.dns = handle;
    } else if ("kind" in message && message.kind === "listener" && "port" in message && handle instanceof Server) {
      if (typeof message.port === "number") this.listeners.set(message.port, handle);
    } else if ("query" in message && typeof message.query === "number" && handle instanceof Socket) {
      const waiting = this.#waiting.get(message.query);
      if (waiting === undefined) this.#sockets.set(message.query, handle);
      else waiting(handle);
      this.#waiting.delete(message.query);
    }
  }

  /** The socket of a connection that the launcher said it has sent. */
  socket(query: number): Promise<Socket> {
    const here = this.#sockets.get(query);
    this.#sockets.delete(query);
    return here !== undefined ? Promise.resolve(here) : new Promise((resolve) => this.#waiting.set(query, resolve));
  }
}

interface Parts {
  readonly child: ChildProcess;
  readonly session: Session;
  readonly handles: Handles;
  readonly exited: Promise<MainExit>;
  readonly enforcement: Sandbox["enforcement"];
}

function compose({ child, session, handles, exited, enforcement }: Parts): Sandbox {
  if (handles.dns === undefined || child.pid === undefined) {
    throw new SandboxError("SANDBOX_LAUNCH_FAILED", "the launcher did not hand its sockets over");
  }
  return {
    enforcement,
    dns: handles.dns,
    listeners: handles.listeners,
    launcherPid: child.pid,
    exited,
    start: () => {
      session.start();
    },
    findOwner: (ends) => session.findOwner(ends),
    connectInside: (port) => connectInside(port, session, handles, exited),
    pauseTerminal: () => session.pauseTerminal(),
    resumeTerminal: () => {
      session.send(messages.resumeTerminalFrame);
    },
    takeOutput: (bytes) => {
      session.send(messages.takenFrame(bytes));
    },
    signal: (name) => {
      session.send(messages.signalFrame(name));
    },
    freeze: () => {
      session.send(messages.freezeFrame);
    },
    thaw: () => {
      session.send(messages.thawFrame);
    },
    kill: () => {
      session.send(messages.killFrame);
    },
  };
}

async function connectInside(
  port: number,
  session: Session,
  handles: Handles,
  exited: Promise<MainExit>,
): Promise<Socket> {
  const { query, errno } = await session.connect(port);
  if (errno === undefined) throw new SandboxError("SANDBOX_ENDED", "the run has ended");
  if (errno !== 0) {
    throw new SandboxError(
      "SANDBOX_CONNECT_FAILED",
      `cannot connect to port ${String(port)} inside: ${messages.errnoName(errno)}; is a server listening on 127.0.0.1 there?`,
    );
  }
  const socket = await Promise.race([handles.socket(query), exited]);
  if (!(socket instanceof Socket)) throw new SandboxError("SANDBOX_ENDED", "the run has ended");
  return socket;
}
