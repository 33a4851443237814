import type { Event } from "./events.ts";

/** An event without what the log itself fills in. */
export type NewEvent = Event extends infer E ? (E extends Event ? Omit<E, "v" | "run"> : never) : never;

/** A signed tree head, as far as readers need it. */
export interface TreeHead {
  readonly size: number;
  /** Base 64 of the 32-byte root hash, as in the checkpoint. */
  readonly root: string;
}

/** The run's pen. Entries keep the order of the calls; a batch is fsynced and signed about every 15 ms. */
export interface RunLog {
  /** The last tree head seen before this run's first entry. */
  readonly follows: TreeHead;
  /** Resolves with the entry's 0-based index once it is durable under a signed checkpoint; rejects with AuditError when it can't be. */
  append(event: NewEvent): Promise<number>;
  /** Writes out what is pending, and resolves with the tree head that covers the run's last entry. */
  close(): Promise<TreeHead>;
}
