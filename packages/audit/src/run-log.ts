import type { RunId } from "@bailiwick/base";
import type { Appender } from "./append.ts";
import { AuditError } from "./errors.ts";
import type { Files } from "./files.ts";
import { encodeEvent } from "./fit.ts";
import type { LogLock } from "./lock.ts";
import type { NewEntry, NewEvent, RunLog, TreeHead } from "./log-types.ts";
import { openAppender } from "./open-log.ts";

export interface RunLogOptions {
  /** The directory of the record; made with mode 0700, and a key in it, at the first use. */
  readonly directory: string;
  readonly run: RunId;
  /** Milliseconds between the beginnings of two batches; the first event after a rest waits no longer than {@link LEAD_MS}. Default 15. */
  readonly batchMs?: number;
  /** Milliseconds to wait for other runs of this host. Default 10,000. */
  readonly lockTimeoutMs?: number;
  /** Defaults 100,000 events and 64 MiB. */
  readonly maxPending?: { readonly events: number; readonly bytes: number };
  /** For tests: the file system and the lock. */
  readonly files?: Files;
  readonly lock?: LogLock;
}

/** What belongs to one command is there by then: its start, and its end when it is short. Who watches has not to wait for a whole batch's time. */
const LEAD_MS = 15;
/** Waited for a batch that had no room. */
const LEFT_OVER = -Infinity;
const DEFAULT_MAX_PENDING = { events: 100_000, bytes: 64 << 20 };
/** One commit: bounds the descriptors open at a time and the work that a crash undoes. */
const MAX_BATCH = { events: 8_192, bytes: 16 << 20 };

/**
 * Opens the log of a host for one run. Several processes may have it open; each appends under a lock.
 * @throws AuditError AUDIT_KEY_UNUSABLE, AUDIT_LOG_DAMAGED, AUDIT_WRITE_FAILED, AUDIT_LOCKED, AUDIT_LOCK_FAILED
 */
export async function openRunLog(options: RunLogOptions): Promise<RunLog> {
  const { appender, lock, head } = await openAppender(options);
  return new BatchingRunLog(options, appender, lock, head);
}

interface Waiting {
  readonly entry: NewEntry;
  /** Absent once its promise was settled: then the entry is only kept for `retry`. */
  resolve?: ((index: number) => void) | undefined;
  reject?: ((error: unknown) => void) | undefined;
}

/**
 * Modes: idle (nothing pending), waiting (a timer runs until the batch is due), writing (one commit at a time; new
 * events queue behind it), failed (pending is kept, nothing is written until `retry`), closed.
 * INVARIANT(order): `#pending` holds, in the order of the calls, exactly the events that are not known to be durable.
 */
class BatchingRunLog implements RunLog {
  readonly follows: TreeHead;
  readonly #run: RunId;
  readonly #appender: Appender;
  readonly #lock: LogLock;
  readonly #batchMs: number;
  readonly #maxPending: { readonly events: number; readonly bytes: number };
  #pending: Waiting[] = [];
  #pendingBytes = 0;
  /** Since when the oldest event that is in no batch yet has waited; on the clock of performance.now(). */
  #queuedAt: number | undefined;
  /** When the newest batch began to be written, on the same clock. */
  #begunAt = -Infinity;
  #appended = 0;
  #durable = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #closed = false;
  #head: TreeHead;
  #range: RunLog["range"];

  constructor(options: RunLogOptions, appender: Appender, lock: LogLock, follows: TreeHead) {
    this.follows = follows;
    this.#head = follows;
    this.#run = options.run;
    this.#appender = appender;
    this.#lock = lock;
    this.#batchMs = options.batchMs ?? LEAD_MS;
    this.#maxPending = options.maxPending ?? DEFAULT_MAX_PENDING;
  }

  get range(): RunLog["range"] {
    return this.#range;
  }

  get pending(): { readonly events: number; readonly bytes: number } {
    return { events: this.#pending.length, bytes: this.#pendingBytes };
  }

  // Not async, and one promise an event: 100,000 of them may be waiting.
  append(event: NewEvent): Promise<number> {
    if (this.#closed) {
      return Promise.reject(new AuditError("AUDIT_CLOSED", "the run's record is closed; append before `close`"));
    }
    const entry = encodeEvent(this.#run, event);
    const { events, bytes } = this.#maxPending;
    if (this.#pending.length >= events || this.#pendingBytes + sizeOf(entry) > bytes) {
      return Promise.reject(
        new AuditError("AUDIT_OVERLOADED", "too much waits to be recorded; wait for earlier events to be durable"),
      );
    }
    this.#appended += 1;
    this.#pendingBytes += sizeOf(entry);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    if (this.#failure === undefined) {
      this.#pending.push({ entry, resolve, reject });
      this.#queuedAt ??= performance.now();
      this.#schedule();
    } else {
      this.#pending.push({ entry });
      reject(this.#failure.error);
    }
    return promise;
  }

  async flush(): Promise<void> {
    // What was appended before this call may be beyond the batch that is being written.
    for (const wanted = this.#appended; this.#durable < wanted;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      await this.#write();
    }
  }

  async retry(): Promise<void> {
    this.#failure = undefined;
    await this.flush();
  }

  async close(): Promise<TreeHead> {
    this.#closed = true;
    if (this.#failure === undefined) await this.flush();
    else await this.retry();
    this.#lock.close();
    return this.#head;
  }

  #schedule(): void {
    if (this.#writing !== undefined || this.#failure !== undefined || this.#queuedAt === undefined) return;
    // A batch costs the same whatever is in it: not more often than one in `batchMs`, and no later than that after its first event.
    const isLate = this.#queuedAt === LEFT_OVER;
    const dueAt = isLate
      ? 0
      : Math.max(this.#queuedAt + Math.min(LEAD_MS, this.#batchMs), this.#begunAt + this.#batchMs);
    this.#timer ??= setTimeout(() => void this.#write(), Math.max(0, dueAt - performance.now()));
  }

  /** Writes one batch, or waits for the one that is being written. Failures are in `#failure`, never thrown. */
  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#writeBatch().finally(() => {
      this.#writing = undefined;
      this.#schedule();
    });
    return this.#writing;
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#takeBatch();
    if (batch.length === 0) return;
    this.#begunAt = performance.now();
    try {
      const { first, count, head } = await this.#appender.commit(batch.map(({ entry }) => entry));
      this.#head = head;
      this.#range = { first: this.#range?.first ?? first, last: first + count - 1 };
      this.#durable += count;
      this.#pending.splice(0, count);
      for (const [offset, { entry, resolve }] of batch.slice(0, count).entries()) {
        this.#pendingBytes -= sizeOf(entry);
        resolve?.(first + offset);
      }
    } catch (error) {
      this.#failure = { error };
      for (const waiting of this.#pending) {
        waiting.reject?.(error);
        waiting.reject = waiting.resolve = undefined;
      }
    }
  }

  /** The first events that fit into one commit; they stay in `#pending` until they are durable. */
  #takeBatch(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { entry } of this.#pending) {
      bytes += sizeOf(entry);
      if (count === MAX_BATCH.events || (count > 0 && bytes > MAX_BATCH.bytes)) break;
      count += 1;
    }
    // What is left over has waited long enough already.
    this.#queuedAt = count === this.#pending.length ? undefined : LEFT_OVER;
    return this.#pending.slice(0, count);
  }
}

function sizeOf({ data, record, whole }: NewEntry): number {
  return whole.reduce((sum, { bytes }) => sum + bytes.length, data.length + (record?.length ?? 0));
}
