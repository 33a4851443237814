import type { NewEvent, RunLog } from "@bailiwick/audit";
import { BailiwickError } from "@bailiwick/base";

/** What the recorder does to the run when the record can't be written. */
export interface RecorderHooks {
  /** Stops every process inside. */
  freeze(): void;
  thaw(): void;
  /** The record could not be written for {@link RecorderOptions.patienceMs}: the run has to end. */
  giveUp(): void;
  /** For the person: why nothing moves, and that it moves again. */
  say(text: string): void;
}

export interface RecorderOptions {
  readonly log: Pick<RunLog, "append" | "flush" | "retry" | "pending">;
  readonly hooks: RecorderHooks;
  /** Called for each event, when it is appended. */
  readonly onEvent: (event: NewEvent) => void;
  readonly now: () => number;
  readonly retryMs: number;
  readonly patienceMs: number;
}

/** More than this waits to be written: who can wait does, so that a fork bomb does not outrun the disk. */
const CROWDED = { events: 5_000, bytes: 8 << 20 };

/** Failures after which the log does not hold the event, not even for later. */
const DROPPED: ReadonlySet<string> = new Set(["AUDIT_OVERLOADED", "AUDIT_CLOSED"]);

/**
 * The run's way to the log. Modes: `writing`, `stuck`, `lost`. writing → stuck when an append fails: the sandbox is frozen, so
 * that nothing happens that is not recorded, while the log, which keeps what it could not write, is told to try again.
 * stuck → writing when all of it is written; stuck → lost after the patience, and the run ends.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  #mode: "writing" | "stuck" | "lost" = "writing";
  /** Only while stuck: resolves with whether the record could be written after all. */
  #recovery: Promise<boolean> = Promise.resolve(true);
  #pending = 0;
  #idle: (() => void)[] = [];

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  get mode(): "writing" | "stuck" | "lost" {
    return this.#mode;
  }

  /** True when an event had better be awaited before more is caused. */
  get crowded(): boolean {
    const { events, bytes } = this.#options.log.pending;
    return events > CROWDED.events || bytes > CROWDED.bytes;
  }

  /** Resolves with true once the event is durable; with false when the record is lost. Never rejects. Keeps the order of the calls. */
  async append(event: NewEvent): Promise<boolean> {
    if (this.#mode === "lost") return false;
    this.#options.onEvent(event);
    this.#pending++;
    try {
      await this.#options.log.append(event);
      return true;
    } catch (error) {
      return await this.#recover(error);
    } finally {
      this.#pending--;
      if (this.#pending === 0) for (const wake of this.#idle.splice(0)) wake();
    }
  }

  /** Like {@link append}, without the wait for a batch. */
  async appendNow(event: NewEvent): Promise<boolean> {
    const written = this.append(event);
    // Its failure is the append's own, which is awaited next.
    this.#options.log.flush().catch(() => undefined);
    return await written;
  }

  /** Like {@link append}, for what nobody waits for. */
  note(event: NewEvent): void {
    void this.append(event);
  }

  /** Resolves when nothing is on its way to the log any more. */
  async settled(): Promise<void> {
    while (this.#pending > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async #recover(cause: unknown): Promise<boolean> {
    // This one the log did not keep, so no later success can stand for it.
    const dropped = cause instanceof BailiwickError && DROPPED.has(cause.code);
    if (dropped && this.#mode !== "lost") this.#lose();
    if (this.#mode === "lost") return false;
    if (this.#mode === "writing") {
      this.#mode = "stuck";
      this.#recovery = this.#retry(describe(cause));
    }
    return await this.#recovery;
  }

  async #retry(cause: string): Promise<boolean> {
    const { log, hooks, now, retryMs, patienceMs } = this.#options;
    const seconds = String(patienceMs / 1000);
    hooks.freeze();
    hooks.say(`${cause}: the run is frozen until the record can be written, at most ${seconds} s`);
    // Kept with the rest and written in its place, as soon as anything can be written.
    log.append({ type: "run.frozen", at: now(), reason: cause }).catch(() => undefined);
    const until = now() + patienceMs;
    while (now() < until && this.mode !== "lost") {
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      try {
        await log.retry();
      } catch (error) {
        if (error instanceof Error) continue;
        throw error;
      }
      this.#mode = "writing";
      hooks.say("the record can be written again: the run goes on");
      hooks.thaw();
      return true;
    }
    this.#lose();
    return false;
  }

  #lose(): void {
    if (this.#mode === "lost") return;
    this.#mode = "lost";
    this.#options.hooks.say("the record could not be written: the run is ended");
    this.#options.hooks.giveUp();
  }
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
