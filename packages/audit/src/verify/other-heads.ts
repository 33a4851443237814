/** Whether other heads of the log, seen elsewhere or at another time, are of the same history. Browser-safe. */
import { decodeBase64 } from "../base64.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { parseCheckpoint } from "../checkpoint.ts";
import type { TreeHead } from "../log-types.ts";
import { createTreeHasher, equalBytes, type Sha256 } from "../merkle.ts";
import { isSignedBy, parseNote, type VerifierKey, type VerifyEd25519 } from "../note.ts";
import { isConsistent, proveConsistency, rootAt } from "../proof.ts";
import { MissingTile, storedTree } from "../stored.ts";
import type { Problems } from "./problems.ts";
import { findTile, type RecordSource } from "./source.ts";

/** A checkpoint of the same log from elsewhere, with the copy of the log that it is of, if there is one. */
export interface OtherCheckpoint {
  readonly note: Uint8Array;
  readonly copy?: RecordSource | undefined;
}

export interface OtherHeadsParts {
  readonly sha256: Sha256;
  readonly verifyEd25519: VerifyEd25519;
  readonly problems: Problems;
  readonly checkpoint: Checkpoint;
  /** All that the log was ever signed by. */
  readonly keys: readonly VerifierKey[];
  /** Undefined when it can't be told, which is noted already. */
  readonly isPrefix: (size: number, root: Uint8Array) => Promise<boolean | undefined>;
}

/** A head that somebody remembers; nobody need have signed it. */
export async function checkRemembered(parts: OtherHeadsParts, { size, root }: TreeHead): Promise<void> {
  const { checkpoint, problems } = parts;
  if (size > checkpoint.size) {
    problems.add(rolledBack(checkpoint.size, size));
    return;
  }
  const claimed = decodeBase64(root);
  if (claimed === undefined || (await parts.isPrefix(size, claimed)) === false) {
    problems.add({ kind: "edit", detail: `the first ${String(size)} entries are not those that were seen before` });
  }
}

/** @returns the checkpoint when it is one of this log's history, or of its future */
export async function checkOther(parts: OtherHeadsParts, other: OtherCheckpoint): Promise<Checkpoint | undefined> {
  const { checkpoint, problems } = parts;
  const theirs = await openOther(parts, other.note);
  if (theirs === undefined) {
    problems.add({ kind: "signature", detail: "the checkpoint to compare with is not signed by a key of this log" });
    return undefined;
  }
  if (theirs.size > checkpoint.size) {
    const found = other.copy === undefined ? "ahead" : await compareAhead(parts, theirs, other.copy);
    problems.add(found === "ahead" ? rolledBack(checkpoint.size, theirs.size) : found);
    return found === "ahead" ? theirs : undefined;
  }
  const isPrefix = await parts.isPrefix(theirs.size, theirs.root);
  if (isPrefix === false) problems.add(forked(theirs.size));
  return isPrefix === true ? theirs : undefined;
}

async function openOther(parts: OtherHeadsParts, bytes: Uint8Array): Promise<Checkpoint | undefined> {
  const note = parseNote(bytes);
  const theirs = note && parseCheckpoint(note.text);
  if (note === undefined || theirs?.origin !== parts.checkpoint.origin) return undefined;
  for (const key of parts.keys) if (await isSignedBy(note, key, parts.verifyEd25519)) return theirs;
  return undefined;
}

/** Whether a copy that is longer began as this log: by its own tiles, each proven against its own checkpoint. */
async function compareAhead(
  { sha256, checkpoint }: OtherHeadsParts,
  theirs: Checkpoint,
  copy: RecordSource,
): Promise<"ahead" | Parameters<Problems["add"]>[0]> {
  if (checkpoint.size === 0) return "ahead";
  const hasher = createTreeHasher(sha256);
  const tree = storedTree(hasher, theirs.size, async (name) => (await findTile(copy, name))?.bytes);
  try {
    const olderRoot = await rootAt(tree, checkpoint.size);
    const path = await proveConsistency(tree, checkpoint.size, theirs.size);
    const claim = { older: checkpoint.size, olderRoot, newer: theirs.size, newerRoot: theirs.root };
    if (isConsistent(hasher, claim, path)) {
      return equalBytes(olderRoot, checkpoint.root) ? "ahead" : forked(checkpoint.size);
    }
  } catch (error) {
    if (!(error instanceof MissingTile)) throw error;
  }
  return { kind: "edit", detail: "the copy to compare with is damaged: its tiles do not hash to its own checkpoint" };
}

function rolledBack(size: number, seen: number): Parameters<Problems["add"]>[0] {
  return {
    kind: "rollback",
    index: size,
    detail: `the log once had ${String(seen)} entries: an older state was put back`,
  };
}

function forked(size: number): Parameters<Problems["add"]>[0] {
  return { kind: "fork", detail: `the log's key also signed another history of its first ${String(size)} entries` };
}
