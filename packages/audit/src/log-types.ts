import type { Event } from "./events.ts";

/** An event without what the log itself fills in. */
export type NewEvent = Event extends infer E ? (E extends Event ? Omit<E, "v" | "run" | "whole"> : never) : never;

/** One entry on its way to the log, with what lies beside the log for it. */
export interface NewEntry {
  readonly run: string;
  readonly data: Uint8Array;
  /** Salt and personal members that `data` commits to. @see file private-records.ts */
  readonly record: Uint8Array | undefined;
  /** What was too long for the event, by SHA-256. */
  readonly whole: readonly { readonly digest: string; readonly bytes: Uint8Array }[];
}

/** A signed tree head, as far as readers need it. */
export interface TreeHead {
  readonly size: number;
  /** Base 64 of the 32-byte root hash, as in the checkpoint. */
  readonly root: string;
}

/**
 * The run's pen. Entries keep the order of the calls; a batch is fsynced and signed about every 15 ms.
 *
 * Back-pressure: an event that nobody waits for still takes memory until it is durable. Callers that can wait should
 * await `append`; `pending` says how much is under way. Beyond the limits of {@link openRunLog} (100,000 events,
 * 64 MiB) an event is refused with AUDIT_OVERLOADED: it is not recorded, so the run must not go on as if it were.
 *
 * Failure: when a batch cannot be written, every append under way rejects with the AuditError that says why, and so
 * does every later one, at once; but all of them are kept, in order, and `retry` writes them.
 */
export interface RunLog {
  /** The last tree head seen before this run's first entry. */
  readonly follows: TreeHead;
  /** Indexes of the run's first and last entry so far; undefined before the first is durable. */
  readonly range: { readonly first: number; readonly last: number } | undefined;
  /** What is not yet durable. */
  readonly pending: { readonly events: number; readonly bytes: number };
  /** Resolves with the entry's 0-based index once it is durable under a signed checkpoint; rejects with AuditError when it can't be. */
  append(event: NewEvent): Promise<number>;
  /** Writes at once what is pending, and resolves when it is durable. */
  flush(): Promise<void>;
  /** After a failure: tries again to write all that was kept. Resolves when it is durable, rejects as `append` does. Writing goes on as usual then. */
  retry(): Promise<void>;
  /** Writes out what is pending, and resolves with the tree head that covers the run's last entry. After a failure it may be called again. */
  close(): Promise<TreeHead>;
}
