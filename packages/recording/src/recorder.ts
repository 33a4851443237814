import { escapeControls, isErrno } from "@bailiwick/base";
import { CastWriter, type CastWriterOptions, type TerminalSize } from "./cast-writer.ts";
import type { Prefix } from "./recording-file.ts";

export interface RecorderOptions extends CastWriterOptions {
  /** Called when so many bytes of output are out of the way; never again once the recording has stopped. */
  readonly onTaken: (bytes: number) => void;
  /** Asked after each piece of work how many milliseconds to rest; not while it is being closed. */
  readonly restMs: () => number;
  /** Called each time more of the file is on the disk, in order. */
  readonly onProven: (prefix: Prefix) => void;
  /** For the person, one line. */
  readonly say: (text: string) => void;
}

export interface RecordingEnd {
  /** Of the whole file; undefined when there is none, or what is in it is not known to be on the disk. */
  readonly whole: Prefix | undefined;
  /** Events in the file. */
  readonly frames: number;
  /** Bytes of output that are not in it. */
  readonly dropped: number;
  readonly redactions: number;
  /** `limit`: it reached its longest. `failed`: it could not be written. Either may be before the run ended. */
  readonly reason: "ended" | "limit" | "failed";
}

type Item =
  | { readonly kind: "output"; readonly at: number; readonly bytes: Uint8Array; readonly lost: number }
  | { readonly kind: "size"; readonly at: number; readonly size: TerminalSize };

/** A crash leaves no more than this, or what came in so much time, without a proof. */
const PROVE_BYTES = 8 << 20;
const PROVE_MS = 10_000;
/** A full disk: as long as that the run may be frozen for the record, and go on. */
const RETRY_MS = 1_000;
const MOST_TRIES = 60;

/**
 * Writes a terminal's output in its order. Once it has `stopped`, for the longest file or for a failure, output is only counted; so is all that was lost
 * before it came here, and a mark in the recording says how much that was. Whoever gives it output bounds what waits here, by {@link RecorderOptions.onTaken}.
 */
export class TerminalRecorder {
  readonly #options: RecorderOptions;
  readonly #items: Item[] = [];
  #pump: Promise<void> | undefined;
  #writer: CastWriter | undefined;
  #stopped: "limit" | "failed" | undefined;
  #isClosing = false;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Output of the terminal, which is this recorder's from now on. @param lost bytes before these that never came here */
  output(at: number, bytes: Uint8Array, lost: number): void {
    this.#enqueue({ kind: "output", at, bytes, lost });
  }

  resize(at: number, size: TerminalSize): void {
    this.#enqueue({ kind: "size", at, size });
  }

  /** Ends the recording. Never rejects. @param status of the command @param lost bytes behind the last that came here */
  async close(at: number, status: number | undefined, lost: number): Promise<RecordingEnd> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    if (lost > 0) this.output(at, new Uint8Array(0), lost);
    await this.#pump;
    let whole: Prefix | undefined;
    await this.#guard(async () => {
      const writer = await this.#open();
      if (this.#stopped !== "failed") await writer.end(at, status);
      whole = await writer.prove();
    });
    await this.#writer?.close().catch(() => undefined);
    const { frames = 0, redactions = 0, left = 0 } = this.#writer ?? {};
    return { whole, frames, redactions, dropped: this.#dropped + left, reason: this.#stopped ?? "ended" };
  }

  #enqueue(item: Item): void {
    this.#items.push(item);
    this.#pump ??= this.#run();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) {
      const next = item;
      if (next.kind === "output") this.#dropped += next.lost;
      const before = this.#stopped;
      if (before === undefined) await this.#guard(() => this.#take(next));
      if (next.kind !== "output") continue;
      if (before !== undefined || this.#stopped === "failed") this.#dropped += next.bytes.length;
      // Once it has stopped nobody needs to send any more: what is never taken ends the sending.
      if (this.#stopped === undefined) this.#options.onTaken(next.bytes.length);
      await this.#rest();
    }
    this.#pump = undefined;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#stopped === undefined) this.#pump ??= this.#guard(() => this.#prove()).then(() => this.#run());
    }, PROVE_MS).unref();
  }

  async #rest(): Promise<void> {
    const milliseconds = this.#isClosing ? 0 : this.#options.restMs();
    if (milliseconds >= 1) await new Promise((resolve) => setTimeout(resolve, milliseconds));
  }

  async #take(item: Item): Promise<void> {
    const writer = await this.#open();
    if (item.kind === "size") await writer.resize(item.at, item.size);
    else await writer.output(item.at, item.bytes, item.lost);
    if (writer.isFull) {
      this.#stopped = "limit";
      await writer.mark(item.at, "the recording has reached its longest, and ends here");
      const { maxBytes } = this.#options;
      this.#options.say(`the terminal is not recorded any more: the recording has reached ${String(maxBytes)} bytes`);
    }
    if (writer.unproven >= PROVE_BYTES || writer.isFull) await this.#prove();
  }

  async #prove(): Promise<void> {
    const writer = this.#writer;
    if (writer !== undefined && writer.unproven > 0) this.#options.onProven(await writer.prove());
  }

  async #open(): Promise<CastWriter> {
    this.#writer ??= await CastWriter.open(this.#options, (write) => this.#patiently(write));
    return this.#writer;
  }

  /** A disk that is full is tried again: what comes meanwhile waits, or is left out where too much does. */
  async #patiently(write: () => Promise<void>): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await write();
        return;
      } catch (error) {
        const isPassing = isErrno(error, "ENOSPC", "EDQUOT", "EIO");
        if (!isPassing || this.#isClosing || tries >= MOST_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (this.#stopped !== "failed") {
        this.#options.say(`the terminal is not recorded any more: ${escapeControls(error.message)}`);
      }
      this.#stopped = "failed";
    }
  }
}
