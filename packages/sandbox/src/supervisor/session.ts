import { SandboxError } from "../errors.ts";
import { admit, type Phase, type RequestKind } from "../requests.ts";
import type { SocketEnds } from "../sandbox.ts";
import type { Enforcement, ExecNotice, MainExit, SupervisionHandlers, Verdict } from "../supervision.ts";
import { FrameError, FrameReader } from "./frames.ts";
import * as messages from "./messages.ts";

/** What carries the frames. */
export interface Channel {
  write(bytes: Buffer): void;
  /** Ends the launcher, and with it everything inside, whatever the protocol's state. */
  destroy(): void;
}

/**
 * One run, as the launcher tells it. Phases are those of docs/protocol/launcher.md and have one setter, {@link Session.#enter}:
 * `spec` until READY, `ready` until {@link Session.start}, `running` until MAIN_EXIT, then `draining`.
 * Empty when the session is over: waiting owners, connections and terminal pauses; each was answered.
 */
export class Session {
  readonly #channel: Channel;
  readonly #handlers: SupervisionHandlers;
  readonly #launcherPid: number;
  readonly #frames = new FrameReader();
  readonly #said = new Set<RequestKind>();
  #phase: Phase = "spec";
  #lastExec = 0;
  #over = false;
  /** Why the run is broken, once it is. The first reason counts. */
  #failure: SandboxError | undefined;
  #mainExit: MainExit | undefined;
  #replies: Buffer[] = [];
  #flushPlanned = false;
  #nextQuery = 1;
  readonly #owners = new Map<number, (id: number | undefined) => void>();
  readonly #connections = new Map<number, (errno: number | undefined) => void>();
  #pauses: (() => void)[] = [];
  readonly ready: Promise<readonly Enforcement[]>;
  #resolveReady: (layers: readonly Enforcement[]) => void = () => undefined;
  #rejectReady: (error: SandboxError) => void = () => undefined;

  constructor(channel: Channel, handlers: SupervisionHandlers, launcherPid: number) {
    this.#channel = channel;
    this.#handlers = handlers;
    this.#launcherPid = launcherPid;
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    // A launch that fails is reported by whoever awaits it; one that is broken off earlier must not count as unhandled.
    this.ready.catch(() => undefined);
  }

  /** One chunk of what the launcher wrote. All replies that are known when it is read leave in one write. */
  receive(chunk: Buffer): void {
    if (this.#over || this.#failure?.code === "SANDBOX_LAUNCHER_PROTOCOL") return;
    try {
      this.#frames.push(chunk, (type, payload) => {
        this.#take(type, payload);
      });
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#breakOff(
        new SandboxError("SANDBOX_LAUNCHER_PROTOCOL", `the launcher broke the protocol: ${error.message}`),
      );
      this.#flush();
      // Nothing that it says or does counts any more; everything inside ends with it.
      this.#channel.destroy();
    }
    this.#flush();
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
  }

  #take(type: number, payload: Buffer): void {
    if (this.#over) return;
    const admitted = admit(type, payload.length, this.#phase, this.#said);
    if ("refused" in admitted) throw new FrameError(admitted.refused);
    switch (admitted.kind) {
      case "error":
        this.#fail(messages.parseError(payload));
        return;
      case "ready":
        this.#enter("ready");
        this.#resolveReady(messages.parseReady(payload));
        return;
      case "exec":
        this.#takeExec(messages.parseExec(payload, this.#launcherPid));
        return;
      case "end": {
        const end = messages.parseEnd(payload);
        this.#tell(() => {
          this.#handlers.onEnd(end);
        });
        return;
      }
      case "tampered": {
        const { id, pid, detail } = messages.parseTampered(payload);
        this.#tell(() => {
          this.#handlers.onTampered(id, pid, detail);
        });
        return;
      }
      case "renewed": {
        const { path, made } = messages.parseRenewed(payload);
        this.#tell(() => {
          this.#handlers.onRenewed(path, made);
        });
        return;
      }
      case "output": {
        const { at, bytes, lost } = messages.parseOutput(payload);
        this.#tell(() => {
          this.#handlers.onOutput(at, bytes, lost);
        });
        return;
      }
      case "size": {
        const { at, columns, rows } = messages.parseSize(payload);
        this.#tell(() => {
          this.#handlers.onSize(at, columns, rows);
        });
        return;
      }
      case "ping":
        this.#reply(messages.pongFrame);
        return;
      case "owned": {
        const { query, id } = messages.parseOwned(payload);
        this.#answer(this.#owners, query, id === 0 ? undefined : id);
        return;
      }
      case "connected": {
        const { query, errno } = messages.parseConnected(payload);
        this.#answer(this.#connections, query, errno);
        return;
      }
      case "terminalFree":
        this.#takeTerminalFree();
        return;
      case "mainExit":
        this.#mainExit = messages.parseMainExit(payload);
        this.#enter("draining");
        return;
    }
  }

  #takeExec(notice: ExecNotice): void {
    // Ids count up by one: a frame that was lost, invented or repeated would show.
    if (notice.id !== this.#lastExec + 1 || notice.parent >= notice.id) throw new FrameError("exec out of order");
    this.#lastExec = notice.id;
    let verdict: Verdict | Promise<Verdict>;
    try {
      verdict = this.#handlers.onExec(notice);
    } catch (error) {
      this.#refuseForFailure(notice, error);
      return;
    }
    if (!(verdict instanceof Promise)) {
      if (!notice.decided) this.#reply(messages.verdictFrame(notice.id, verdict));
      return;
    }
    verdict.then(
      (settled) => {
        if (!notice.decided) this.#reply(messages.verdictFrame(notice.id, settled));
      },
      (error: unknown) => {
        this.#refuseForFailure(notice, error);
      },
    );
  }

  #refuseForFailure(notice: ExecNotice, error: unknown): void {
    const message = "bailiwick: refused: the decision failed, and the run is being ended";
    if (!notice.decided) this.#reply(messages.verdictFrame(notice.id, { allow: false, message }));
    this.#breakOff(
      new SandboxError("SANDBOX_HANDLER_FAILED", "a decision or its record failed; the run was ended", {
        cause: error,
      }),
    );
  }

  #tell(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.#breakOff(
        new SandboxError("SANDBOX_HANDLER_FAILED", "an event could not be taken; the run was ended", { cause: error }),
      );
    }
  }

  #answer<T>(waiting: Map<number, (value: T) => void>, query: number, value: T): void {
    const resolve = waiting.get(query);
    if (resolve === undefined) throw new FrameError("answer to a question that was not asked");
    waiting.delete(query);
    resolve(value);
  }

  #takeTerminalFree(): void {
    const resolve = this.#pauses.shift();
    if (resolve === undefined) throw new FrameError("terminal handed over unasked");
    resolve();
  }

  /** What the launcher reports of itself. */
  #fail(what: string): void {
    const before = this.#phase === "spec" || this.#phase === "ready";
    this.#failure ??= new SandboxError(
      before ? "SANDBOX_LAUNCH_FAILED" : "SANDBOX_LAUNCHER_LOST",
      before ? `cannot build the sandbox: ${what}; run \`bailiwick doctor\`` : `the launcher ended the run: ${what}`,
    );
  }

  #breakOff(error: SandboxError): void {
    this.#failure ??= error;
    this.#reply(messages.killFrame);
  }

  #reply(bytes: Buffer): void {
    if (this.#over) return;
    this.#replies.push(bytes);
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    queueMicrotask(() => {
      this.#flush();
    });
  }

  #flush(): void {
    this.#flushPlanned = false;
    const replies = this.#replies;
    const [first] = replies;
    if (first === undefined || this.#over) return;
    this.#replies = [];
    this.#channel.write(replies.length === 1 ? first : Buffer.concat(replies));
  }

  start(): void {
    if (this.#phase !== "ready") throw new SandboxError("SANDBOX_ENDED", "the command can be started once");
    this.#enter("running");
    this.#reply(messages.startFrame);
  }

  /** Sends something that needs no answer; nothing when the run is over. */
  send(bytes: Buffer): void {
    this.#reply(bytes);
  }

  findOwner(ends: SocketEnds): Promise<number | undefined> {
    const query = this.#query();
    const bytes = messages.ownerFrame(query, ends);
    if (bytes === undefined || !this.#isAlive()) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#owners.set(query, resolve);
      this.#reply(bytes);
    });
  }

  /** Resolves with the query, under which the socket comes, and an errno: 0 when it does come; undefined when the run ended. */
  async connect(port: number): Promise<{ readonly query: number; readonly errno: number | undefined }> {
    const query = this.#query();
    if (!this.#isAlive()) return { query, errno: undefined };
    const errno = await new Promise<number | undefined>((resolve) => {
      this.#connections.set(query, resolve);
      this.#reply(messages.connectFrame(query, port));
    });
    return { query, errno };
  }

  pauseTerminal(): Promise<void> {
    if (!this.#isAlive()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#pauses.push(resolve);
      this.#reply(messages.pauseTerminalFrame);
    });
  }

  #isAlive(): boolean {
    return !this.#over && (this.#phase === "running" || this.#phase === "draining");
  }

  #query(): number {
    const query = this.#nextQuery;
    this.#nextQuery = query === 0xffff_ffff ? 1 : query + 1;
    return query;
  }

  /** The launcher is gone. How the command ended, or why that is not known. */
  close(exitCode: number | null): MainExit | SandboxError {
    this.#over = true;
    for (const resolve of this.#owners.values()) resolve(undefined);
    for (const resolve of this.#connections.values()) resolve(undefined);
    for (const resolve of this.#pauses) resolve();
    this.#owners.clear();
    this.#connections.clear();
    this.#pauses = [];
    if (this.#failure === undefined && exitCode === 0 && this.#mainExit !== undefined) return this.#mainExit;
    this.#failure ??= new SandboxError(
      "SANDBOX_LAUNCHER_LOST",
      `the launcher ended ${exitCode === null ? "by a signal" : `with status ${String(exitCode)}`}; everything inside has ended`,
    );
    this.#rejectReady(this.#failure);
    return this.#failure;
  }
}
