import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "@bailiwick/base";
import { parseCheckpoint } from "../checkpoint.ts";
import { AuditError } from "../errors.ts";
import { sha256 } from "../key.ts";
import { createTreeHasher } from "../merkle.ts";
import { parseNote } from "../note.ts";
import { PrivateReader } from "../private-reader.ts";
import { proveConsistency } from "../proof.ts";
import { readBundles } from "../read.ts";
import { diskSource } from "../source-disk.ts";
import { MissingTile, storedTree } from "../stored.ts";
import { openEntry } from "../verify/parse-event.ts";
import { rotationPath } from "../verify/rotation-path.ts";
import { findTile } from "../verify/source.ts";
import type { Continuation } from "./held-log.ts";

/** Entries to be sent to who holds a copy, each with salt and personal members where it has some and they are not erased. */
export interface SentContinuation extends Continuation {
  readonly records: readonly (Uint8Array | undefined)[];
  /** Entries that the checkpoint covers: more may follow at once. */
  readonly size: number;
}

export interface ContinuationLimits {
  readonly maxEntries: number;
  /** Of entries and records together; at least one entry is taken, which may be longer. */
  readonly maxBytes: number;
}

/**
 * What follows the first `from` entries of the log, as far as limits and the next change of the log's key allow.
 * @returns undefined when nothing does
 * @throws AuditError AUDIT_NO_LOG, AUDIT_LOG_DAMAGED, AUDIT_MALFORMED
 */
export async function readContinuation(
  directory: string,
  from: number,
  limits: ContinuationLimits,
): Promise<SentContinuation | undefined> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await read(directory, from, limits);
    } catch (error) {
      // A run that writes takes away the tiles of older checkpoints: then there is a newer one.
      const outrun = error instanceof MissingTile || (error instanceof AuditError && error.code === "AUDIT_MALFORMED");
      if (!outrun || attempts >= 3) throw error;
    }
  }
}

async function read(
  directory: string,
  from: number,
  { maxEntries, maxBytes }: ContinuationLimits,
): Promise<SentContinuation | undefined> {
  const { bytes: checkpoint, size } = await checkpointAfter(directory, from);
  if (size <= from) return undefined;
  const source = diskSource(directory);
  const reader = new PrivateReader(source);
  const entries: Uint8Array[] = [];
  const records: (Uint8Array | undefined)[] = [];
  let taken = 0;
  const last = Math.min(size, from + maxEntries);
  reading: for await (const bundle of readBundles(source, from, size)) {
    for (const entry of bundle.entries) {
      const index = from + entries.length;
      if (index >= last) break reading;
      const open = openEntry(entry);
      const record = open?.private === undefined ? undefined : await reader.find(open.run, index);
      taken += entry.length + (record?.length ?? 0);
      if (taken > maxBytes && entries.length > 0) break reading;
      entries.push(entry);
      records.push(record);
    }
  }
  const to = from + entries.length;
  const stored = storedTree(createTreeHasher(sha256), size, async (name) => (await findTile(source, name))?.bytes);
  const proof = to === size ? [] : await proveConsistency(stored, to, size);
  return { from, entries, records, checkpoint, proof, size };
}

/** The newest checkpoint, or that of the next change of the key: nobody who trusts the old key can check what comes after it. */
async function checkpointAfter(directory: string, from: number): Promise<{ bytes: Uint8Array; size: number }> {
  for (let count = 0; ; count++) {
    const bytes = await readIfThere(join(directory, rotationPath(count)));
    if (bytes === undefined) break;
    const size = sizeOf(bytes, directory);
    if (size > from) return { bytes, size };
  }
  const bytes = await readIfThere(join(directory, "log/checkpoint"));
  if (bytes === undefined) throw new AuditError("AUDIT_NO_LOG", `there is no record in \`${directory}\` yet`);
  return { bytes, size: sizeOf(bytes, directory) };
}

function sizeOf(bytes: Uint8Array, directory: string): number {
  const note = parseNote(bytes);
  const checkpoint = note && parseCheckpoint(note.text);
  if (checkpoint !== undefined) return checkpoint.size;
  throw new AuditError(
    "AUDIT_LOG_DAMAGED",
    `a checkpoint of the record in \`${directory}\` is malformed; run \`bailiwick audit verify\``,
  );
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
