/** Whether a log is still the one that somebody saw before: their memory is what finds a history that was rewritten. Browser-safe. */
import { decodeBase64 } from "../base64.ts";
import { parseCheckpoint } from "../checkpoint.ts";
import { createTreeHasher, equalBytes } from "../merkle.ts";
import { isSignedBy, parseNote, parseVerifierKey } from "../note.ts";
import { isConsistent } from "../proof.ts";
import type { ProofPrimitives } from "../proof-file/check-proof.ts";

/** What was seen: of the log that this key signs, this checkpoint (a signed note). */
export interface SeenHead {
  /** Verifier key, `NAME+ID+KEY`. */
  readonly logKey: string;
  readonly checkpoint: string;
}

export interface ToldHead extends SeenHead {
  /** Hashes of the consistency proof from what was seen, in base 64; undefined: none was given. */
  readonly consistency: readonly string[] | undefined;
}

export type HeadFinding =
  /** Nothing was seen before. */
  | "first"
  /** The same head. */
  | "same"
  /** What was seen is the beginning of it. */
  | "grown"
  /** It has fewer entries than were seen. */
  | "rolled back"
  /** What was seen is not its beginning. */
  | "forked"
  /** It is larger than what was seen, and nothing shows that it begins with that. */
  | "unproven"
  /** It is signed by another key. */
  | "other key"
  /** Its key did not sign it. */
  | "unsigned"
  /** It is no checkpoint, or its key is none. */
  | "malformed";

export const FINE: ReadonlySet<HeadFinding> = new Set(["first", "same", "grown"]);

/** @returns what was found, and of a head that is signed how many entries it covers @throws what checking a signature throws where there is no Ed25519 */
export async function compareHead(
  seen: SeenHead | undefined,
  told: ToldHead,
  { sha256, verifyEd25519 }: ProofPrimitives,
): Promise<{ readonly finding: HeadFinding; readonly size?: number }> {
  const now = readHead(told.checkpoint);
  const key = parseVerifierKey(told.logKey, sha256);
  if (now === undefined || key === undefined) return { finding: "malformed" };
  const { note, checkpoint } = now;
  const { size } = checkpoint;
  if (checkpoint.origin !== key.name || !(await isSignedBy(note, key, verifyEd25519))) return { finding: "unsigned" };
  if (seen === undefined) return { finding: "first", size };
  if (seen.logKey !== told.logKey) return { finding: "other key", size };
  const before = readHead(seen.checkpoint)?.checkpoint;
  if (before === undefined) return { finding: "malformed" };
  if (size < before.size) return { finding: "rolled back", size };
  if (size === before.size) return { finding: equalBytes(checkpoint.root, before.root) ? "same" : "forked", size };
  if (before.size === 0) return { finding: "grown", size };
  const path = told.consistency?.map(decodeBase64);
  if (path === undefined) return { finding: "unproven", size };
  const hashes = path.filter((hash) => hash !== undefined);
  const claim = { older: before.size, olderRoot: before.root, newer: size, newerRoot: checkpoint.root };
  const holds = hashes.length === path.length && isConsistent(createTreeHasher(sha256), claim, hashes);
  return { finding: holds ? "grown" : "forked", size };
}

/** How many entries a checkpoint covers; undefined when it is none. Its signature is not looked at. */
export function sizeOfHead(checkpoint: string): number | undefined {
  return readHead(checkpoint)?.checkpoint.size;
}

function readHead(text: string) {
  const note = parseNote(new TextEncoder().encode(text));
  const checkpoint = note && parseCheckpoint(note.text);
  return note === undefined || checkpoint === undefined ? undefined : { note, checkpoint };
}
