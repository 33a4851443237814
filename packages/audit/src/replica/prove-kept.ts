/** Proofs of a log whose tiles somebody else keeps, by the checkpoint that they have of it. */
import { AuditError } from "../errors.ts";
import { parseCheckpoint, type Checkpoint } from "../checkpoint.ts";
import { sha256 } from "../key.ts";
import { createTreeHasher } from "../merkle.ts";
import { parseNote } from "../note.ts";
import { isConsistent, isIncluded, proveConsistency, proveInclusion, rootAt } from "../proof.ts";
import { encodeAttachment } from "../proof-file/attachment.ts";
import { formatTlogProof } from "../proof-file/tlog-proof.ts";
import { MissingTile, storedTree } from "../stored.ts";
import type { TileName } from "../tiles.ts";

/** Gives a tile of hashes as the checkpoint covers it; undefined when it is not there. */
export type ReadTile = (name: TileName) => Promise<Uint8Array | undefined>;

export interface KeptProof {
  /** A signed note. */
  readonly checkpoint: Uint8Array;
  readonly read: ReadTile;
}

export interface KeptEntry {
  readonly index: number;
  readonly entry: Uint8Array;
  /** Salt and personal members, where the proof is to have them. */
  readonly committed: Uint8Array | undefined;
}

const hasher = createTreeHasher(sha256);

/** How many entries a checkpoint covers. @throws AuditError AUDIT_LOG_DAMAGED */
export function sizeOfCheckpoint(checkpoint: Uint8Array): number {
  return headOf(checkpoint).size;
}

/** A proof file (C2SP tlog-proof). @throws AuditError AUDIT_NO_SUCH_ENTRY, AUDIT_LOG_DAMAGED */
export async function proveKept(
  { checkpoint, read }: KeptProof,
  { index, entry, committed }: KeptEntry,
): Promise<Uint8Array> {
  const { size, root } = headOf(checkpoint);
  if (index >= size) throw new AuditError("AUDIT_NO_SUCH_ENTRY", "the checkpoint does not cover this entry");
  const path = await orDamaged(proveInclusion(storedTree(hasher, size, read), index, size));
  if (!isIncluded(hasher, { index, size, leaf: hasher.leaf(entry), root }, path)) throw damaged();
  return formatTlogProof({ index, path, checkpoint, extra: encodeAttachment({ entry, committed }) });
}

/** That the log of `since` entries is the beginning of what the checkpoint covers. @param since 1 to its size @throws AuditError AUDIT_LOG_DAMAGED */
export async function proveGrowth({ checkpoint, read }: KeptProof, since: number): Promise<Uint8Array[]> {
  const { size, root } = headOf(checkpoint);
  const tree = storedTree(hasher, size, read);
  const path = await orDamaged(proveConsistency(tree, since, size));
  const olderRoot = await orDamaged(rootAt(tree, since));
  if (!isConsistent(hasher, { older: since, olderRoot, newer: size, newerRoot: root }, path)) throw damaged();
  return path;
}

function headOf(bytes: Uint8Array): Checkpoint {
  const note = parseNote(bytes);
  const checkpoint = note && parseCheckpoint(note.text);
  if (checkpoint === undefined) throw damaged();
  return checkpoint;
}

async function orDamaged<T>(made: Promise<T>): Promise<T> {
  try {
    return await made;
  } catch (error) {
    if (error instanceof MissingTile) throw damaged(error);
    throw error;
  }
}

function damaged(cause?: unknown): AuditError {
  return new AuditError(
    "AUDIT_LOG_DAMAGED",
    "what is kept of the log is not what was signed; restore the database from a backup",
    cause === undefined ? {} : { cause },
  );
}
