import { watch } from "node:fs";
import { join } from "node:path";
import {
  holdLock,
  keepCosignature,
  loadHolding,
  parseWitnessKey,
  readContinuation,
  readHead,
  tilesDirectory,
  type SentContinuation,
  type VerifierKey,
} from "@bailiwick/audit";
import { Client, ServerError, signAs } from "@bailiwick/control-plane/contract";
import { readEnrolment, readHostKey } from "./enrolment.ts";
import { pause } from "./pause.ts";
import { RecordingSender } from "./recording-sender.ts";

export interface SenderOptions {
  /** `server` in the state directory. */
  readonly directory: string;
  /** Of the record. */
  readonly log: string;
  /** For the person: one line; at most once for each thing that is wrong. */
  readonly say: (text: string) => void;
}

export interface SyncResult {
  /** Entries that the server holds. */
  readonly size: number;
  /** Entries that were sent. */
  readonly sent: number;
  /** Bytes of recordings that were sent. */
  readonly recorded: number;
}

const LIMITS = { maxEntries: 2_000, maxBytes: 2 << 20 };
/** After a batch, before the next: what comes meanwhile goes together. What comes after a rest goes at once. */
const PACE_MS = 75;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
const REQUEST_MS = 20_000;
/** How long nothing is looked for where the file system tells of no changes, and how often another's sender is looked after. */
const LOOK_MS = 1_000;

/**
 * Sends a host's record to its server. The record itself is what waits: nothing else is kept of what was not sent yet, so that nothing
 * can be lost between the two, and where to go on is what the server says it holds.
 *
 * Modes: idle (another process of this host sends), sending, away (the server does not take anything; tried again ever more slowly),
 * ended (stopped, or the server will never take anything more of this host). Only one process of a host sends. Recordings go beside the record, by
 * {@link RecordingSender}, and are never waited for by it.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #client: Client;
  readonly #recordings: RecordingSender;
  readonly #host: string;
  readonly #witnessKey: string;
  readonly #stopping = new AbortController();
  readonly #said = new Set<string>();
  #running: Promise<void> | undefined;
  #caughtUp = Promise.withResolvers<void>();
  #away = false;

  /** @throws ServerError SERVER_NOT_FOUND when this host is enrolled nowhere, SERVER_MALFORMED when its enrolment can't be used */
  constructor(options: SenderOptions) {
    const enrolment = readEnrolment(options.directory);
    if (enrolment === undefined) {
      throw new ServerError("SERVER_NOT_FOUND", "this host is enrolled at no server", {
        remedy: "enrol it: `bailiwick enroll URL TOKEN`",
      });
    }
    const { url, host, witnessKey } = enrolment;
    this.#options = options;
    this.#host = host;
    this.#witnessKey = witnessKey;
    this.#client = new Client({ url, by: signAs(host, readHostKey(options.directory)) });
    const { signal } = this.#stopping;
    this.#recordings = new RecordingSender({ client: this.#client, host, log: options.log, signal });
  }

  /** Sends what there is and what comes, until {@link stop}. */
  start(): void {
    this.#running ??= this.#run().catch((error: unknown) => {
      this.#say(error instanceof Error ? error.message : String(error));
    });
  }

  /** Gives what has been recorded so far `patienceMs` to arrive, unless the server is known to be away; the rest is sent another time. */
  async stop(patienceMs: number): Promise<void> {
    if (!this.#away && this.#running !== undefined) {
      this.#caughtUp = Promise.withResolvers();
      // What the record says of recordings is what they are sent by.
      const sent = this.#caughtUp.promise.then(() => this.#recordings.settled());
      await Promise.race([sent, this.#running, pause(patienceMs)]);
    }
    this.#stopping.abort();
    await this.#running;
  }

  /** Sends all there is, now. @throws ServerError; AuditError of the record */
  async sync(): Promise<SyncResult> {
    const lock = await this.#lock();
    try {
      const witness = await parseWitnessKey(this.#witnessKey);
      const from = await this.#heldByServer();
      for (let size = from; ;) {
        const next = await readContinuation(this.#options.log, size, LIMITS);
        if (next === undefined) return { size, sent: size - from, recorded: await this.#recordings.sync() };
        size = await this.#send(next, witness);
      }
    } finally {
      lock.release();
    }
  }

  async #lock(): Promise<{ release(): void }> {
    const signal = this.#stopping.signal;
    while (!signal.aborted) {
      const lock = await holdLock(join(this.#options.directory, "sender.lock"));
      if (lock !== undefined) return lock;
      // It sends for all runs of this host, this one's too.
      await pause(LOOK_MS, signal);
    }
    return { release: () => undefined };
  }

  async #run(): Promise<void> {
    const lock = await this.#lock();
    const changes = watchLog(this.#options.log);
    try {
      await Promise.all([this.#follow(changes), this.#recordings.follow()]);
    } finally {
      changes.close();
      lock.release();
    }
  }

  async #follow(changes: Changes): Promise<void> {
    const { signal } = this.#stopping;
    const witness = await parseWitnessKey(this.#witnessKey);
    let size: number | undefined;
    let sentAt = -Infinity;
    for (let waitMs = FIRST_PAUSE_MS; !signal.aborted;) {
      try {
        size ??= await this.#heldByServer();
        const next = await readContinuation(this.#options.log, size, LIMITS);
        if (next !== undefined) {
          size = await this.#send(next, witness);
          sentAt = performance.now();
        }
        this.#away = false;
        waitMs = FIRST_PAUSE_MS;
        if (next === undefined) {
          this.#caughtUp.resolve();
          await changes.next(signal);
        }
        await pause(Math.max(0, sentAt + PACE_MS - performance.now()), signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ServerError)) throw error;
        if (isFinal(error)) {
          this.#say(`the server takes nothing more of this host: ${error.message}`);
          return;
        }
        // It holds something else than was thought, or is away: it is asked again.
        size = undefined;
        this.#away = error.code !== "SERVER_LOG_GAP";
        await pause(waitMs * (0.5 + Math.random() / 2), signal);
        waitMs = Math.min(waitMs * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  /** @throws ServerError SERVER_LOG_REFUSED when the server holds more of the record than there is */
  async #heldByServer(): Promise<number> {
    const { size } = await this.#client.call("logState", { params: { host: this.#host } }, this.#limits());
    // Read after the answer: what the server holds has been in the record before.
    const own = await readHead(this.#options.log);
    if (size <= own.size) return size;
    throw new ServerError(
      "SERVER_LOG_REFUSED",
      `it holds ${String(size)} entries of the record and here are ${String(own.size)}: an older state of it was put back`,
      { remedy: "keep the state directory as evidence, and tell your security team" },
    );
  }

  async #send(next: SentContinuation, witness: VerifierKey | undefined): Promise<number> {
    const { packEntries, packRecords } = await loadHolding();
    const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
    const { size, cosignature } = await this.#client.call(
      "appendLog",
      {
        params: { host: this.#host },
        body: {
          from: next.from,
          count: next.entries.length,
          entries: base64(packEntries(next.entries)),
          records: base64(packRecords(next.records)),
          checkpoint: base64(next.checkpoint),
          proof: next.proof.map(base64),
        },
      },
      this.#limits(),
    );
    if (cosignature !== undefined && witness !== undefined) {
      await keepCosignature(this.#options.log, { key: witness }, { checkpoint: next.checkpoint, line: cosignature });
    }
    if (next.entries.some(isOfRecording)) this.#recordings.look();
    return size;
  }

  #limits(): { readonly signal: AbortSignal } {
    return { signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(REQUEST_MS)]) };
  }

  #say(text: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.#options.say(text);
  }
}

/** Nothing that is tried again would change it. */
function isFinal({ code }: ServerError): boolean {
  return code === "SERVER_UNKNOWN_CALLER" || code === "SERVER_LOG_REFUSED" || code === "SERVER_FORBIDDEN";
}

/** Entries are JSON, whose type nothing personal stands in; one that only looks like it costs a question. */
function isOfRecording(entry: Uint8Array): boolean {
  return Buffer.from(entry.buffer, entry.byteOffset, entry.length).includes('"recording.');
}

interface Changes {
  /** Resolves when the record may have grown since the last call, and after a while in any case. */
  next(signal: AbortSignal): Promise<void>;
  close(): void;
}

function watchLog(log: string): Changes {
  let changed = false;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    changed = true;
    wake?.();
  };
  // The files beside it are written before it: there is nothing to be read until it is there.
  const watcher = watch(tilesDirectory(log), { persistent: false }, (_, name) => {
    if (name === null || name === "checkpoint") notify();
  });
  watcher.on("error", notify);
  return {
    async next(signal) {
      if (!changed) {
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([woken, pause(LOOK_MS, signal)]);
      }
      wake = undefined;
      changed = false;
    },
    close: () => {
      watcher.close();
    },
  };
}
