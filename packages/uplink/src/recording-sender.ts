import { open } from "node:fs/promises";
import { join } from "node:path";
import { recordingPath } from "@bailiwick/audit";
import { isErrno } from "@bailiwick/base";
import { MOST_PIECE_BYTES, ServerError, type Client } from "@bailiwick/control-plane/contract";
import { pause } from "./pause.ts";

export interface RecordingSenderOptions {
  readonly client: Client;
  /** This host, by its name at the server. */
  readonly host: string;
  /** Of the record, beside which the recordings are. */
  readonly log: string;
  readonly signal: AbortSignal;
}

/** Between two looks at recordings that grow: what is written meanwhile goes together. */
const PACE_MS = 100;
/** So often the server is asked what it wants, should nothing else say that this has changed. */
const ASK_MS = 30_000;
const REQUEST_MS = 20_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Sends recordings of terminals to a host's server. The server says of which it wants more, by what the record says may be sent, and from where on;
 * the files are what waits. So nothing is kept of what was sent, and what is erased here is not sent any more. Nobody waits for it: it reads what the
 * recorder has written.
 */
export class RecordingSender {
  readonly #options: RecordingSenderOptions;
  /** Bytes that the server has of each recording of which it wants more. */
  readonly #wanted = new Map<string, number>();
  #look = Promise.withResolvers<void>();
  #isStale = true;
  #settled: PromiseWithResolvers<void> | undefined;

  constructor(options: RecordingSenderOptions) {
    this.#options = options;
  }

  /** The record that was sent says something about recordings: what the server wants may be something else. */
  look(): void {
    this.#isStale = true;
    this.#look.resolve();
  }

  /** Resolves when all that was written by now has been sent, while it is being followed. */
  async settled(): Promise<void> {
    this.#settled ??= Promise.withResolvers();
    const { promise } = this.#settled;
    this.look();
    await promise;
  }

  /** Sends what there is and what comes, until the signal aborts or the server will never take anything. */
  async follow(): Promise<void> {
    const { signal } = this.#options;
    for (let waitMs = FIRST_PAUSE_MS; !signal.aborted;) {
      try {
        await this.#followWanted();
        waitMs = FIRST_PAUSE_MS;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ServerError)) throw error;
        // Whoever sends the record is refused as well, and says so.
        if (error.code === "SERVER_UNKNOWN_CALLER" || error.code === "SERVER_FORBIDDEN") return;
        this.#isStale = true;
        await pause(waitMs * (0.5 + Math.random() / 2), signal);
        waitMs = Math.min(waitMs * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  /** Sends all there is, now. @returns the bytes that were sent @throws ServerError */
  async sync(): Promise<number> {
    let sent = 0;
    try {
      for (let before = -1; before !== sent;) {
        before = sent;
        await this.#ask();
        for (let some = await this.#sendSome(); some > 0; some = await this.#sendSome()) sent += some;
      }
    } catch (error) {
      // A server of an older version has no place for recordings.
      if (!(error instanceof ServerError) || error.code !== "SERVER_NOT_FOUND") throw error;
    }
    return sent;
  }

  async #followWanted(): Promise<void> {
    const { signal } = this.#options;
    const settling = this.#settled;
    if (this.#isStale) await this.#ask();
    for (let askAt = performance.now() + ASK_MS; !this.#isStale && performance.now() < askAt && !signal.aborted;) {
      const sent = await this.#sendSome();
      if (sent > 0) continue;
      if (settling !== undefined && settling === this.#settled && !this.#isStale) {
        this.#settled = undefined;
        settling.resolve();
      }
      await Promise.race([this.#look.promise, pause(this.#wanted.size > 0 ? PACE_MS : ASK_MS, signal)]);
    }
    this.#isStale = true;
  }

  async #ask(): Promise<void> {
    this.#isStale = false;
    this.#look = Promise.withResolvers();
    const { client, host } = this.#options;
    const { items } = await client.call("wantedRecordings", { params: { host } }, this.#limits());
    this.#wanted.clear();
    for (const { run, bytes } of items) this.#wanted.set(run, bytes);
  }

  /** A piece of each recording that has more than the server. @returns the bytes that were sent */
  async #sendSome(): Promise<number> {
    let sent = 0;
    for (const [run, from] of [...this.#wanted]) {
      const piece = await this.#read(run, from);
      if (piece === undefined) this.#wanted.delete(run);
      else if (piece.length > 0) sent += await this.#send(run, from, piece);
    }
    return sent;
  }

  async #send(run: string, from: number, piece: Buffer): Promise<number> {
    const { client, host } = this.#options;
    const { bytes, wanted } = await client.call(
      "appendRecording",
      { params: { host, run }, body: { from, bytes: piece.toString("base64") } },
      this.#limits(),
    );
    if (wanted) this.#wanted.set(run, bytes);
    else this.#wanted.delete(run);
    return Math.max(0, bytes - from);
  }

  /** What follows a place, as much as goes at once. Undefined: it is not there, or not any more. */
  async #read(run: string, from: number): Promise<Buffer | undefined> {
    try {
      const handle = await open(join(this.#options.log, recordingPath(run)));
      try {
        const bytes = Buffer.allocUnsafe(MOST_PIECE_BYTES);
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
        return bytes.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
      throw error;
    }
  }

  #limits(): { readonly signal: AbortSignal } {
    return { signal: AbortSignal.any([this.#options.signal, AbortSignal.timeout(REQUEST_MS)]) };
  }
}
