import { join } from "node:path";
import { DurableWriter, listForTidying, readIfThere, tidyAway, type Files } from "./files.ts";
import { loadVerifierKey, sha256, type Signer } from "./key.ts";
import type { Layout } from "./layout.ts";
import type { LogLock } from "./lock.ts";
import type { NewEntry, TreeHead } from "./log-types.ts";
import { createTreeHasher, equalBytes } from "./merkle.ts";
import { isSameKey, type VerifierKey } from "./note.ts";
import { isConsistent, proveConsistency } from "./proof.ts";
import { PrivateWriter, type PrivateWrites } from "./private-writer.ts";
import { damaged, headOf, openCheckpoint, signCheckpoint, writeFailure, type Head } from "./signed-head.ts";
import { loadSigner } from "./signer/load-signer.ts";
import {
  countRotations,
  finishRotation,
  settleRotation,
  stageKey,
  type NewSigner,
  type StagedKey,
} from "./signer/rotation.ts";
import { storedTree } from "./stored.ts";
import { emptyTail, extendTail, readTail, supersededBy, type Tail } from "./tail.ts";
import { fullTilePath, partialTiles, tilePath, type TileName } from "./tiles.ts";
import { rotationPath } from "./verify/rotation-path.ts";

export interface Committed {
  /** Index of the first of them. */
  readonly first: number;
  /** How many of the entries, from the first on, are now durable; at least one. */
  readonly count: number;
  readonly head: TreeHead;
}

interface Seen {
  readonly checkpoint: Uint8Array;
  readonly head: Head;
}

/** What this process last knew the log to be. */
interface Current extends Seen {
  readonly tail: Tail;
}

export interface AppenderOptions {
  readonly files: Files;
  readonly layout: Layout;
  readonly lock: LogLock;
  /** Who signs until another process, or {@link Appender.rotate}, changes the key. */
  readonly signer: Signer;
  readonly lockTimeoutMs: number;
}

/** What one batch is made of beside its entries. */
interface Batch {
  readonly entries: readonly NewEntry[];
  /** While the key is rotated: the key that signs from now on, beside the one that did so far. */
  readonly next?: StagedKey;
}

const tree = createTreeHasher(sha256);

/**
 * Appends batches to the log that all runs of a host share.
 *
 * Order within a batch: lock; take over what other processes appended; personal members, bundles, tiles and the new
 * checkpoint under another name, all synced; rename; sync of the directory; unlock. Until the rename nothing that a
 * checkpoint covers has changed (INVARIANT(covered-files)), so a crash leaves the log as it was, and some files and ends of
 * files that nobody trusts and the next writer overwrites. From the rename on, the batch is in the log.
 */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #writer: DurableWriter;
  readonly #private: PrivateWriter;
  #signer: Signer;
  #current: Current | undefined;
  /** The newest checkpoint this process has checked: the log may never again be without its head. */
  #seen: Seen;
  /** A batch whose rename or directory sync failed: it may be in the log or not. The next commit starts by finding out. */
  #doubtful:
    { readonly first: number; readonly leaves: readonly Uint8Array[]; readonly writes: PrivateWrites } | undefined;
  /** Partial tiles of the checkpoint before the last; readers had a whole batch's time to finish with them. */
  #stale: readonly string[] = [];

  constructor(options: AppenderOptions, seen: Seen) {
    this.#options = options;
    this.#writer = new DurableWriter(options.files, options.layout.directory);
    this.#private = new PrivateWriter(options.files, options.layout.directory);
    this.#signer = options.signer;
    this.#seen = seen;
  }

  /**
   * Appends entries in their order. After a failure it must be called again with the same entries first.
   * @throws AuditError AUDIT_WRITE_FAILED, AUDIT_LOCKED, AUDIT_LOCK_FAILED, AUDIT_LOG_DAMAGED; nothing is lost then
   */
  async commit(entries: readonly NewEntry[]): Promise<Committed> {
    return await this.#underLock(() => this.#commitLocked({ entries }));
  }

  /**
   * Changes the key: one entry says so, under a checkpoint that both keys sign, which is kept; from then on the new key signs alone.
   * @param describe the entry, from the key that signed so far
   * @throws AuditError as {@link commit}; it is settled by whoever comes next then, which way it went
   */
  async rotate(next: NewSigner, describe: (from: VerifierKey) => NewEntry): Promise<Committed> {
    const { files, layout } = this.#options;
    return await this.#underLock(async () => {
      await this.#upToDate();
      const staged = await stageKey(this.#writer, layout, next);
      const committed = await this.#commitLocked({ entries: [describe(this.#signer.verifier)], next: staged });
      await finishRotation(files, layout, staged);
      this.#signer = staged.signer;
      return committed;
    });
  }

  async #underLock<T>(work: () => Promise<T>): Promise<T> {
    const { lock, lockTimeoutMs, layout } = this.#options;
    try {
      const held = await lock.acquire(lockTimeoutMs);
      try {
        return await work();
      } finally {
        held.release();
      }
    } catch (error) {
      throw writeFailure(error, layout.directory);
    }
  }

  /** What is on the disk now, believed. */
  async #upToDate(): Promise<Current> {
    const { files, layout } = this.#options;
    const bytes = readIfThere(files, layout.checkpoint);
    if (bytes === undefined) throw damaged(layout, "its checkpoint is missing");
    const current = this.#current;
    return current === undefined || !equalBytes(current.checkpoint, bytes) ? await this.#takeOver(bytes) : current;
  }

  async #commitLocked(batch: Batch): Promise<Committed> {
    const { layout } = this.#options;
    const current = await this.#upToDate();
    const doubtful = this.#doubtful;
    if (doubtful !== undefined) {
      if (await this.#holds(current.head, doubtful)) {
        await this.#writer.replace(layout.checkpoint, current.checkpoint);
        this.#private.accept(doubtful.writes);
        this.#doubtful = undefined;
        return { first: doubtful.first, count: doubtful.leaves.length, head: headOf(current.head) };
      }
      this.#doubtful = undefined;
    }
    return await this.#append(current, batch);
  }

  async #append(current: Current, { entries, next }: Batch): Promise<Committed> {
    const { files, layout } = this.#options;
    const {
      tail,
      leaves,
      files: tiles,
    } = extendTail(
      tree,
      current.tail,
      entries.map(({ data }) => data),
    );
    const head = { size: tail.range.size, root: tail.range.root() };
    const checkpoint = await signCheckpoint(next ? [this.#signer, next.signer] : [this.#signer], head);
    const temporary = `${layout.checkpoint}.tmp`;
    const first = current.head.size;
    const writes = this.#private.plan(first, entries);
    await this.#writer.write([
      ...writes.files,
      ...tiles.map(({ path, bytes }) => ({ path: join(layout.log, path), bytes })),
      ...(next ? [{ path: this.#nextRotation(), bytes: checkpoint }] : []),
      { path: temporary, bytes: checkpoint, transient: true },
    ]);
    this.#doubtful = { first, leaves, writes };
    files.rename(temporary, layout.checkpoint);
    await this.#writer.syncDirectory(layout.log);
    this.#doubtful = undefined;
    this.#private.accept(writes);
    this.#current = { checkpoint, head, tail };
    this.#seen = this.#current;
    this.#tidy(first, head.size);
    return { first, count: entries.length, head: headOf(head) };
  }

  /** Another process appended since, or this is the first batch: goes on from what is on the disk, if it can be believed. */
  async #takeOver(bytes: Uint8Array): Promise<Current> {
    const { files, layout } = this.#options;
    await this.#followKey(bytes);
    const known = equalBytes(bytes, this.#seen.checkpoint);
    const head = known ? this.#seen.head : await openCheckpoint(bytes, this.#signer, layout);
    const read = (path: string): Uint8Array | undefined => readIfThere(files, join(layout.log, path));
    const tail = head.size === 0 ? emptyTail(tree) : readTail(tree, head, read);
    if ("damaged" in tail) throw damaged(layout, tail.damaged);
    if (!known) await this.#requireGrownFrom(this.#seen.head, head);
    this.#current = { checkpoint: bytes, head, tail };
    this.#seen = this.#current;
    this.#stale = partialTiles(head.size).flatMap((name) => this.#otherPartials(name));
    return this.#current;
  }

  /** Another process may have changed the key, or died over it. */
  async #followKey(checkpoint: Uint8Array): Promise<void> {
    const { files, layout } = this.#options;
    await settleRotation(files, layout, checkpoint);
    if (isSameKey(this.#signer.verifier, loadVerifierKey(files, layout))) return;
    const signer = await loadSigner(files, layout);
    if (signer === undefined) throw damaged(layout, "its key is missing");
    this.#signer = signer;
  }

  #nextRotation(): string {
    const { files, layout } = this.#options;
    return join(layout.directory, rotationPath(countRotations(files, layout)));
  }

  /** A log that shrank or forked since this process last saw it was tampered with, whatever its signature says. */
  async #requireGrownFrom(older: Head, newer: Head): Promise<void> {
    const { layout } = this.#options;
    if (older.size === 0) return;
    if (newer.size < older.size) {
      throw damaged(layout, `it has ${String(newer.size)} entries and had ${String(older.size)} before`);
    }
    const claim = { older: older.size, olderRoot: older.root, newer: newer.size, newerRoot: newer.root };
    const proof = older.size === newer.size ? [] : await proveConsistency(this.#stored(newer), older.size, newer.size);
    if (!isConsistent(tree, claim, proof)) throw damaged(layout, "its earlier entries are not those it had before");
  }

  async #holds(
    head: Head,
    batch: { readonly first: number; readonly leaves: readonly Uint8Array[] },
  ): Promise<boolean> {
    if (head.size < batch.first + batch.leaves.length) return false;
    const stored = this.#stored(head);
    for (const [offset, leaf] of batch.leaves.entries()) {
      const index = batch.first + offset;
      const [found] = await stored.read(0, index, index + 1);
      if (found === undefined || !equalBytes(found, leaf)) return false;
    }
    return true;
  }

  #stored(head: Head) {
    const { files, layout } = this.#options;
    return storedTree(tree, head.size, (name) => Promise.resolve(readIfThere(files, join(layout.log, tilePath(name)))));
  }

  /** The batch is durable and must be acknowledged: nothing in here may fail. */
  #tidy(older: number, newer: number): void {
    const { files, layout } = this.#options;
    const kept = new Set(partialTiles(newer).map((name) => join(layout.log, tilePath(name))));
    tidyAway(
      files,
      this.#stale.filter((path) => !kept.has(path)),
    );
    const { partial, filled } = supersededBy(older, newer);
    for (const name of filled) {
      const directory = join(layout.log, `${fullTilePath(name.kind, name.index)}.p`);
      tidyAway(
        files,
        listForTidying(files, directory).map((width) => join(directory, width)),
      );
      tidyAway(files, [directory], "directory");
    }
    this.#stale = partial.map((name) => join(layout.log, tilePath(name)));
  }

  /** Partial tiles beside a covered one: of older checkpoints, or of a batch that a crash cut off. */
  #otherPartials(name: TileName): string[] {
    const { files, layout } = this.#options;
    const directory = join(layout.log, `${fullTilePath(name.kind, name.index)}.p`);
    return listForTidying(files, directory)
      .filter((width) => width !== String(name.width))
      .map((width) => join(directory, width));
  }
}
