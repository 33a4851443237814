import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { FileLock, isPrefix, readHead, readLog, readVerifierKey, type TreeHead } from "@bailiwick/audit";
import { CheckpointWatch } from "./checkpoint-watch.ts";
import { readCursor, writeCursor, type Cursor } from "./cursor.ts";
import { Delivery, type Rendered } from "./deliver.ts";
import { ExportsError } from "./errors.ts";
import { isWanted } from "./filter.ts";
import type { Destination } from "./load-config.ts";
import { withReceiver, type Surroundings } from "./receivers/open-receiver.ts";
import type { Receiver } from "./receivers/receiver.ts";
import { RunContexts } from "./run-contexts.ts";

/** Bytes of records that are sent together, about; more is held in memory of no destination. */
const BATCH_BYTES = 1 << 20;
/** A cursor that only passes over what is not exported is written that rarely. */
const PASSED_BY = 10_000;

export interface ExportOptions {
  /** Directory of the record. */
  readonly record: string;
  /** Directory of the cursors. */
  readonly cursors: string;
  readonly destination: Destination;
  readonly surroundings: Surroundings;
  /** Goes on until the signal, and tries until it succeeds. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Moves the cursor first: 0-based index of an entry, or where. */
  readonly from?: number | "start" | "now" | undefined;
  readonly say: (line: string) => void;
}

/** Events that were delivered now, and the index of the next. */
export interface Exported {
  readonly delivered: number;
  readonly next: number;
}

export function cursorPath(directory: string, name: string): string {
  return join(directory, `${name}.json`);
}

/**
 * Exports what the record has beyond the destination's cursor; with `follow`, what it gets too. At least once: the cursor moves when a
 * batch was taken, so whatever ends this process, the next begins with what was not. Only what a signed checkpoint covers leaves.
 * @throws ExportsError; AuditError AUDIT_LOG_DAMAGED, AUDIT_MALFORMED. With the signal it resolves.
 */
export async function exportRecord(options: ExportOptions): Promise<Exported> {
  const { cursors, destination, signal } = options;
  const lock = await lockDestination(cursors, destination.name);
  try {
    return await withReceiver(destination.config, options.surroundings, async (receiver) => {
      return await new Exporter(options, receiver).run();
    });
  } catch (error) {
    if (signal.aborted && error instanceof Error && error.name === "AbortError") {
      const cursor = await readCursor(cursorPath(cursors, destination.name));
      return { delivered: 0, next: cursor?.next ?? 0 };
    }
    throw error;
  } finally {
    lock.close();
  }
}

class Exporter<R> {
  readonly #options: ExportOptions;
  readonly #receiver: Receiver<R>;
  readonly #path: string;
  #cursor: Cursor | undefined;
  #delivered = 0;

  constructor(options: ExportOptions, receiver: Receiver<R>) {
    this.#options = options;
    this.#receiver = receiver;
    this.#path = cursorPath(options.cursors, options.destination.name);
  }

  async run(): Promise<Exported> {
    const { record, signal, follow } = this.#options;
    const changes = new CheckpointWatch(record);
    let work: { readonly contexts: RunContexts; readonly delivery: Delivery<R> } | undefined;
    while (!signal.aborted) {
      const head = await headOf(record);
      if (head === undefined) this.#mustBeNew();
      else {
        const log = await originOf(record);
        const cursor = await this.#begin(log, head);
        work ??= { contexts: new RunContexts(record, log), delivery: this.#delivery(log) };
        await this.#pass(cursor, head, work);
      }
      if (!follow) break;
      await changes.next(signal);
    }
    return { delivered: this.#delivered, next: this.#cursor?.next ?? 0 };
  }

  /** The cursor, checked against the log as it is now. @throws ExportsError EXPORTS_RECORD_CHANGED */
  async #begin(log: string, head: TreeHead): Promise<Cursor> {
    const { record, destination, from } = this.#options;
    if (this.#cursor === undefined && from !== undefined) {
      const next = from === "start" ? 0 : from === "now" ? head.size : Math.min(from, head.size);
      await this.#save({ v: 1, log, next, head, delivered: 0 });
    }
    const cursor = (this.#cursor ??= await readCursor(this.#path));
    if (cursor === undefined) {
      const next = destination.config.from === "now" ? head.size : 0;
      return await this.#save({ v: 1, log, next, head, delivered: 0 });
    }
    if (cursor.log === log && (await isPrefix(record, cursor.head))) return cursor;
    // Replaced since the head was read, perhaps: told is what is there now.
    throw changed(destination.name, cursor, cursor.log === log ? await headOf(record) : undefined);
  }

  /** There is no log; there may never have been one. */
  #mustBeNew(): void {
    if (this.#cursor !== undefined) throw changed(this.#options.destination.name, this.#cursor, undefined);
  }

  /** Delivers everything from the cursor to the head. */
  async #pass(
    cursor: Cursor,
    head: TreeHead,
    { contexts, delivery }: { readonly contexts: RunContexts; readonly delivery: Delivery<R> },
  ): Promise<void> {
    const { record, signal, destination } = this.#options;
    if (head.size === cursor.next) return;
    const most = destination.config.batch;
    let batch: Rendered<R>[] = [];
    let bytes = 0;
    let saved = cursor.next;
    const flush = async (next: number): Promise<void> => {
      await delivery.deliver(batch);
      this.#delivered += batch.length;
      await this.#saveProgress(next, head, batch.length);
      batch = [];
      bytes = 0;
      saved = next;
    };
    for await (const logged of readLog(record, cursor.next)) {
      if (logged.index >= head.size) break;
      signal.throwIfAborted();
      const wanted = isWanted(logged.event.type, destination.config);
      const records = await contexts.with(logged, (source) => (wanted ? this.#receiver.render(source) : []));
      if (wanted) batch.push({ index: logged.index, records });
      for (const each of records) bytes += this.#receiver.sizeOf(each);
      const full = batch.length >= most || bytes >= BATCH_BYTES;
      if (full || (batch.length === 0 && logged.index - saved >= PASSED_BY)) await flush(logged.index + 1);
    }
    await flush(head.size);
  }

  async #saveProgress(next: number, head: TreeHead, delivered: number): Promise<void> {
    const before = this.#cursor;
    if (before === undefined) return;
    const { v, log, deliveredAt } = before;
    const at = delivered > 0 ? Date.now() : deliveredAt;
    // Without `failing`: it came this far.
    await this.#save({ v, log, next, head, delivered: before.delivered + delivered, deliveredAt: at });
  }

  async #save(cursor: Cursor): Promise<Cursor> {
    await writeCursor(this.#path, cursor);
    this.#cursor = cursor;
    return cursor;
  }

  #delivery(log: string): Delivery<R> {
    const { destination, follow, signal, say } = this.#options;
    const { name } = destination;
    return new Delivery(this.#receiver, {
      log,
      signal,
      tries: follow ? Infinity : 4,
      observer: {
        failing: async (reason, since) => {
          if (this.#cursor !== undefined) await this.#save({ ...this.#cursor, failing: { since, reason } });
          if (follow) say(`${name}: ${reason}; trying again, nothing is lost`);
        },
        recovered: (sinceMs) => {
          say(`${name}: delivered again, after ${String(Math.max(1, Math.round(sinceMs / 1000)))} s`);
        },
        noted: (note) => {
          say(`${name}: ${note}`);
        },
      },
    });
  }
}

/** The log's name, from its verifier key. */
async function originOf(record: string): Promise<string> {
  const [origin = ""] = (await readVerifierKey(record)).split("+");
  return origin;
}

async function headOf(record: string): Promise<TreeHead | undefined> {
  try {
    return await readHead(record);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "AUDIT_NO_LOG") return undefined;
    throw error;
  }
}

/** @throws ExportsError EXPORTS_BUSY */
async function lockDestination(cursors: string, name: string): Promise<{ close(): void }> {
  await mkdir(cursors, { recursive: true, mode: 0o700 });
  const lock = new FileLock(join(cursors, `${name}.lock`));
  try {
    await lock.acquire(0);
    return lock;
  } catch (error) {
    lock.close();
    if (!(error instanceof Error && "code" in error && error.code === "AUDIT_LOCKED")) throw error;
    throw new ExportsError("EXPORTS_BUSY", `another process exports to \`${name}\` already`, { cause: error });
  }
}

function changed(name: string, cursor: Cursor, head: TreeHead | undefined): ExportsError {
  const what =
    head === undefined
      ? `is not \`${cursor.log}\`, which was exported from`
      : head.size < cursor.head.size
        ? `had ${String(cursor.head.size)} entries and now has ${String(head.size)}: it was cut, or an older state was put back`
        : `does not begin any more as it did with ${String(cursor.head.size)} entries: another history was put in its place`;
  return new ExportsError("EXPORTS_RECORD_CHANGED", `the record ${what}`, {
    remedy: `find out why (\`bailiwick audit verify\`); when it is right so, say where to go on: \`bailiwick export run ${name} --from start\``,
  });
}
