/**
 * What the holder of a copy checks of a log that somebody else writes: every entry that arrives is hashed into the tree that the
 * holder has so far, and the result must be the tree that the log's key signed, or one that it continues. So nothing is taken that
 * the log's owner could deny or change later, and what is held needs no proof from anybody.
 */
import { parseCheckpoint, type Checkpoint } from "../checkpoint.ts";
import { sha256, verifyEd25519 } from "../key.ts";
import { CompactRange, createTreeHasher, equalBytes } from "../merkle.ts";
import { isSameKey, isSignedBy, parseNote, parseVerifierKey, type Note, type VerifierKey } from "../note.ts";
import { verifyEd25519Aside } from "../verify-aside.ts";
import { isConsistent } from "../proof.ts";
import { readEntryHead } from "../read.ts";
import { openEntry } from "../verify/parse-event.ts";

/** All that the holder must remember of a log to check what follows. */
export interface HeldLog {
  /** Whose signature counts now; its name is the log's origin. */
  readonly key: VerifierKey;
  /** Entries held. */
  readonly size: number;
  /** Roots of the perfect subtrees that they add up to, largest first; 32 bytes each. */
  readonly edge: readonly Uint8Array[];
}

/** Entries of a log with what proves them. */
export interface Continuation {
  /** Index of the first entry. */
  readonly from: number;
  readonly entries: readonly Uint8Array[];
  /** A checkpoint that covers all of them, as signed. */
  readonly checkpoint: Uint8Array;
  /** Consistency proof from the tree that ends with the last entry to the checkpoint; empty when the checkpoint ends there too. */
  readonly proof: readonly Uint8Array[];
}

export type ContinuationFault =
  /** Entries between what is held and the first that came are missing. */
  | "gap"
  /** The checkpoint or the proof does not have its form, or does not cover the entries. */
  | "malformed"
  /** The log's key did not sign the checkpoint. */
  | "signature"
  /** The key signed a history that what is held is no part of. */
  | "forked";

export type Continued =
  | {
      readonly held: HeldLog;
      /** Those of the entries that are new. */
      readonly entries: readonly Uint8Array[];
      /** Root hash of all that is held now. */
      readonly root: Uint8Array;
      /** The checkpoint, when exactly what it covers is held now: what a witness may cosign. */
      readonly whole: Note | undefined;
    }
  | { readonly fault: ContinuationFault };

const tree = createTreeHasher(sha256);

export function emptyHeldLog(key: VerifierKey): HeldLog {
  return { key, size: 0, edge: [] };
}

/** That a key signed a checkpoint, found out before anybody knew whether it is still the log's. */
export interface SignedAhead {
  readonly checkpoint: Uint8Array;
  readonly key: VerifierKey;
}

/** For who checks many logs at once and can say sooner than {@link continueLog} is called whose key it will be; undefined when it did not sign this. */
export async function checkAhead(checkpoint: Uint8Array, key: VerifierKey): Promise<SignedAhead | undefined> {
  const note = parseNote(checkpoint);
  return note !== undefined && (await isSignedBy(note, key, verifyEd25519Aside)) ? { checkpoint, key } : undefined;
}

/**
 * Checks that entries continue a log. Those that are held already are left out, and not looked at: the holder compares them with its own.
 * @param ahead counts for the very bytes of the checkpoint, and if the key that it names is the log's now
 */
export async function continueLog(held: HeldLog, given: Continuation, ahead?: SignedAhead): Promise<Continued> {
  const to = given.from + given.entries.length;
  if (given.from > held.size) return { fault: "gap" };
  const note = parseNote(given.checkpoint);
  const checkpoint = note && parseCheckpoint(note.text);
  if (note === undefined || checkpoint?.origin !== held.key.name || checkpoint.size < to) return { fault: "malformed" };
  // INVARIANT(signed-ahead): what was checked before is the same bytes by the same key, or is checked now.
  const known = ahead !== undefined && ahead.checkpoint === given.checkpoint && isSameKey(ahead.key, held.key);
  if (!known && !(await isSignedBy(note, held.key, verifyEd25519Aside))) return { fault: "signature" };
  const entries = to <= held.size ? [] : given.entries.slice(held.size - given.from);
  const edge = new CompactRange(tree, held.size, held.edge);
  for (const entry of entries) edge.append(tree.leaf(entry));
  // What is held may end beyond what came; then nothing is said of the checkpoint, which may lie between.
  const root = edge.root();
  if (entries.length > 0 && !covers(checkpoint, { size: to, root }, given.proof)) {
    return { fault: "forked" };
  }
  const size = Math.max(held.size, to);
  const whole = entries.length > 0 && checkpoint.size === size ? note : undefined;
  const key = await keyAfter(held.key, whole, entries);
  if (key === undefined) return { fault: "signature" };
  return { held: { key, size, edge: [...edge.roots] }, entries, root, whole };
}

function covers(
  checkpoint: Checkpoint,
  { size, root }: { readonly size: number; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  if (checkpoint.size === size) return proof.length === 0 && equalBytes(checkpoint.root, root);
  return isConsistent(
    tree,
    { older: size, olderRoot: root, newer: checkpoint.size, newerRoot: checkpoint.root },
    proof,
  );
}

/**
 * Who signs what comes after entries. A change of the key is the last entry of a checkpoint that both keys signed; undefined when one
 * is anything else: whoever has a key that was given up could go on with the log, or give it to somebody.
 */
async function keyAfter(
  key: VerifierKey,
  whole: Note | undefined,
  entries: readonly Uint8Array[],
): Promise<VerifierKey | undefined> {
  const changed = entries.findIndex((entry) => readEntryHead(entry)?.type === "key.rotated");
  const last = entries[changed];
  if (last === undefined) return key;
  if (changed !== entries.length - 1 || whole === undefined) return undefined;
  const { from, to } = { from: undefined, to: undefined, ...openEntry(last)?.members };
  const older = typeof from === "string" ? parseVerifierKey(from, sha256) : undefined;
  const newer = typeof to === "string" ? parseVerifierKey(to, sha256) : undefined;
  if (older === undefined || newer === undefined || !isSameKey(older, key) || newer.name !== key.name) return undefined;
  return (await isSignedBy(whole, newer, verifyEd25519)) ? newer : undefined;
}
