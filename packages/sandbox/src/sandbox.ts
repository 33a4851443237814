import type { Server } from "node:net";
import type { Socket as UdpSocket } from "node:dgram";
import type { Socket } from "node:net";
import type { LaunchSpec } from "./launch-spec.ts";
import type { Enforcement, MainExit, SupervisionHandlers } from "./supervision.ts";

/** A socket of the sandbox as seen from inside, to find the process that owns it. */
export interface SocketEnds {
  readonly protocol: "tcp" | "udp";
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** A complete sandbox: every layer is applied and reported. The command starts with {@link Sandbox.start}. */
export interface Sandbox {
  /** What the launcher applied and probed, at this launch, on this host. */
  readonly enforcement: readonly Enforcement[];
  /** 198.18.0.1:53 inside. */
  readonly dns: UdpSocket;
  /** By port; a connection's `localAddress` is the address of 198.18.0.0/15 that was meant. */
  readonly listeners: ReadonlyMap<number, Server>;
  readonly launcherPid: number;
  /** Runs the command. Its first exec comes to the handlers like any other. */
  start(): void;
  /** Resolves when everything inside has ended; rejects with SandboxError when the launcher failed. */
  readonly exited: Promise<MainExit>;
  /** The exec id that owns a socket inside, as far as it can be found. */
  findOwner(ends: SocketEnds): Promise<number | undefined>;
  /** A connection to 127.0.0.1:port inside (for `--publish`). Rejects when nothing listens there. */
  connectInside(port: number): Promise<Socket>;
  /** Hands the person's terminal back in its own mode, until {@link resumeTerminal}: for a question. Resolves when it is. */
  pauseTerminal(): Promise<void>;
  resumeTerminal(): void;
  /** So many bytes of what `onOutput` gave are out of the way: the launcher tells of no more than 4 MiB beyond that. */
  takeOutput(bytes: number): void;
  /** To the command, as `kill` would. */
  signal(name: NodeJS.Signals): void;
  /** Stops every process inside, and lets them go on. */
  freeze(): void;
  thaw(): void;
  /** Ends everything inside at once. */
  kill(): void;
}

export interface LaunchOptions {
  readonly spec: LaunchSpec;
  readonly handlers: SupervisionHandlers;
  /** Milliseconds without an answer of this process after which the launcher ends the run. */
  readonly answerTimeoutMs: number;
  /** Inherited by the command where no terminal is allocated. */
  readonly stdio: readonly [stdin: number, stdout: number, stderr: number];
}

/**
 * Starts the launcher and resolves when the sandbox is complete. @throws SandboxError when any layer cannot be applied: nothing has run then.
 */
export type Launch = (options: LaunchOptions) => Promise<Sandbox>;
