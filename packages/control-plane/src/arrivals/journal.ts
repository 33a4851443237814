import { ServerError } from "../../contract/errors.ts";
import type { Arrival } from "../live/hub.ts";
import { readOnly } from "../store/read-only.ts";
import { forLargeValues } from "../store/large-values.ts";
import { takesNoWrites } from "../store/takes-no-writes.ts";
import type { Database } from "../store/tables.ts";
import type { Batch } from "./batch.ts";
import { GroupWriter, type Accepted } from "./group-writer.ts";
import type { JournalOptions } from "./journal-options.ts";
import type { DatedNote, Note } from "./note.ts";
import { Owed } from "./owed.ts";
import { ServerLog } from "./server-log.ts";

export type { JournalOptions } from "./journal-options.ts";

type Work =
  | { readonly batch: Batch; readonly settle: (result: Accepted | ServerError) => void }
  | { readonly note: DatedNote; readonly settle: (result: ServerError | undefined) => void };

/** Entries that go into one transaction at most; the rest is for the next. */
const MOST_ENTRIES = 10_000;
/** What may wait, in bytes, before hosts are told to come back later. */
const MOST_WAITING = 256 << 20;
/** How soon what is owed is tried again. */
const PAID_AFTER_MS = 2_000;

/**
 * All that is written into the server's own log, and with it what hosts send: one transaction at a time takes whatever has come
 * meanwhile, so that the more there is the less each costs. What a transaction says of a host's record and what the log says of it are
 * there together or not at all.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #log: ServerLog;
  #waiting: Work[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  readonly #owed = new Owed();
  #paying: NodeJS.Timeout | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#log = new ServerLog(options.holding, options.keys.signer);
  }

  /**
   * Resolves when the entries are durable, and the log says that they arrived.
   * @throws ServerError SERVER_BUSY, SERVER_LOG_GAP, SERVER_LOG_REFUSED, SERVER_MALFORMED, SERVER_UNKNOWN_CALLER, SERVER_STORE_FAILED
   */
  async append(batch: Batch): Promise<Accepted> {
    const bytes = sizeOf(batch);
    if (this.#waitingBytes + bytes > MOST_WAITING) {
      throw new ServerError("SERVER_BUSY", "the server has more to write than it can", { remedy: "try again later" });
    }
    this.#waitingBytes += bytes;
    try {
      const result = await new Promise<Accepted | ServerError>((settle) => {
        this.#add({ batch, settle });
      });
      if (result instanceof ServerError) throw result;
      return result;
    } finally {
      this.#waitingBytes -= bytes;
    }
  }

  /**
   * As {@link note}, of what only reads: where the database takes nothing this resolves all the same, and it is written once it does.
   * @throws ServerError SERVER_STORE_FAILED; SERVER_READ_ONLY when too much is waiting for that
   */
  async noteRead(note: Note): Promise<void> {
    try {
      await this.note(note);
    } catch (error) {
      if (!(error instanceof ServerError) || error.code !== "SERVER_READ_ONLY") throw error;
      this.#owed.add(this.#options.now(), note);
      this.#payLater();
    }
  }

  #payLater(): void {
    this.#paying ??= setTimeout(() => {
      this.#paying = undefined;
      this.#writing ??= this.#payAll();
    }, PAID_AFTER_MS).unref();
  }

  /** Resolves when this is durable in the log. @throws ServerError SERVER_STORE_FAILED, SERVER_READ_ONLY */
  async note(note: Note): Promise<void> {
    const dated = { at: this.#options.now(), note };
    const failure = await new Promise<ServerError | undefined>((settle) => {
      this.#add({ note: dated, settle });
    });
    if (failure !== undefined) throw failure;
  }

  /** Resolves when nothing is being written; what is owed is tried once more. */
  async idle(): Promise<void> {
    clearTimeout(this.#paying);
    if (this.#owed.notes.length > 0) this.#writing ??= this.#payAll();
    while (this.#writing !== undefined) await this.#writing;
  }

  #add(work: Work): void {
    this.#waiting.push(work);
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    // What comes within this turn of the loop goes together.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) await this.#write(this.#take());
    this.#writing = undefined;
  }

  /** Where nothing else is to be written. */
  async #payAll(): Promise<void> {
    if (this.#owed.notes.length > 0) await this.#write([]);
    if (this.#owed.notes.length > 0) this.#payLater();
    await this.#writeAll();
  }

  #take(): Work[] {
    let entries = 0;
    let count = 0;
    for (const work of this.#waiting) {
      if (count > 0 && entries >= MOST_ENTRIES) break;
      entries += "batch" in work ? work.batch.entries.length : 1;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #write(group: readonly Work[]): Promise<void> {
    const { store, feed } = this.#options;
    try {
      const { settled, arrivals, paid } = await store.db.transaction().execute((db) => this.#writeGroup(db, group));
      this.#owed.paid(paid);
      for (const settle of settled) settle();
      feed.arrived(arrivals);
    } catch (error) {
      feed.lost();
      // One that can't be written must not keep the others from it.
      if (group.length > 1 && !isLost(error) && !takesNoWrites(error)) {
        for (const work of group) await this.#write([work]);
        return;
      }
      const failure = storeFailure(error);
      for (const { settle } of group) settle(failure);
    }
  }

  async #writeGroup(db: Database, group: readonly Work[]): Promise<Written> {
    const server = await db
      .selectFrom("server")
      .selectAll()
      .select(forLargeValues)
      .forUpdate()
      .executeTakeFirstOrThrow();
    const writer = new GroupWriter(this.#options, db, server.arrived);
    // INVARIANT(owed-first): what was read before something was changed stands before it.
    const paid = Math.min(this.#owed.notes.length, MOST_ENTRIES);
    writer.notes.push(...this.#owed.notes.slice(0, paid));
    await writer.findHosts(group.flatMap((work) => ("batch" in work ? [work.batch.host] : [])));
    // All of them are waited for, so that none goes on when the transaction is over.
    const outcomes = await Promise.allSettled(group.map((work) => takeOne(writer, work)));
    const settled = outcomes.map((outcome) => {
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    });
    await writer.finish();
    const { notes, arrived, arrivals } = writer;
    if (notes.length > 0) await this.#log.extend(db, server.checkpoint ?? undefined, { notes, arrived });
    this.#options.feed.expect(arrived);
    return { settled, arrivals, paid };
  }
}

/** @returns what tells whoever waits for it, once it is durable */
async function takeOne(writer: GroupWriter, work: Work): Promise<() => void> {
  if ("note" in work) {
    writer.notes.push(work.note);
    return () => {
      work.settle(undefined);
    };
  }
  const result = await writer.take(work.batch);
  return () => {
    work.settle(result);
  };
}

interface Written {
  /** So many of what was owed. */
  readonly paid: number;
  readonly settled: readonly (() => void)[];
  readonly arrivals: readonly Arrival[];
}

function sizeOf({ entries, records }: Batch): number {
  let bytes = 0;
  for (const entry of entries) bytes += entry.length;
  for (const record of records) bytes += record?.length ?? 0;
  return bytes;
}

/** The connection, not what was written, is what failed. */
function isLost(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code === "" || /^(E[A-Z]+|08|57P)/.test(code);
}

function storeFailure(cause: unknown): ServerError {
  if (takesNoWrites(cause)) return readOnly(cause);
  return new ServerError("SERVER_STORE_FAILED", "the server's database did not take this; nothing of it was kept", {
    cause,
    remedy: "try again later",
  });
}
