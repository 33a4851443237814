import { join } from "node:path";
import { parseCheckpoint, type Checkpoint } from "../checkpoint.ts";
import { diskFiles, DurableWriter } from "../files.ts";
import { sha256, verifyEd25519 } from "../key.ts";
import { FileLock } from "../lock.ts";
import { layoutOf } from "../layout.ts";
import { formatNote, parseNote, type Note, type VerifierKey } from "../note.ts";
import type { RecordSource } from "../verify/source.ts";
import { checkCosignature } from "./cosignature.ts";

/** A checkpoint of the log with cosignatures, as it is kept beside the log; nothing of it was checked. */
export interface CosignedHead {
  readonly note: Note;
  readonly checkpoint: Checkpoint;
}

const FOLDER = "log/cosigned";

/** One file for each witness, by the digest of its key: its newest cosignature, with the checkpoint it is on. */
function fileOf(witness: VerifierKey): string {
  return Buffer.from(sha256(witness.publicKey)).toString("hex").slice(0, 16);
}

/** What is kept of cosigned heads; files that are none are left out: they prove nothing, so they count for nothing. */
export async function readCosignedHeads(source: RecordSource): Promise<CosignedHead[]> {
  const names = (await source.list?.(FOLDER)) ?? [];
  const heads: CosignedHead[] = [];
  for (const name of names.filter((file) => /^[0-9a-f]{16}$/.test(file)).sort()) {
    const bytes = await source.read(`${FOLDER}/${name}`);
    const note = bytes && parseNote(bytes);
    const checkpoint = note && parseCheckpoint(note.text);
    if (note !== undefined && checkpoint !== undefined) heads.push({ note, checkpoint });
  }
  return heads;
}

/** The newest head that this witness is known to have cosigned: where the next consistency proof starts. */
export async function lastCosigned(source: RecordSource, witness: VerifierKey): Promise<CosignedHead | undefined> {
  const bytes = await source.read(`${FOLDER}/${fileOf(witness)}`);
  const note = bytes && parseNote(bytes);
  const checkpoint = note && parseCheckpoint(note.text);
  if (note === undefined || checkpoint === undefined) return undefined;
  const state = await checkCosignature(note, witness, verifyEd25519);
  return typeof state === "object" ? { note, checkpoint } : undefined;
}

/** Keeps a cosigned head, unless a newer one is there: runs of one host end in any order. */
export async function keepCosigned(
  directory: string,
  source: RecordSource,
  witness: VerifierKey,
  { note, checkpoint }: CosignedHead,
): Promise<void> {
  const lock = new FileLock(join(directory, "cosigned.lock"));
  try {
    const held = await lock.acquire(5_000);
    try {
      const kept = await lastCosigned(source, witness);
      if (kept !== undefined && kept.checkpoint.size > checkpoint.size) return;
      const writer = new DurableWriter(diskFiles, layoutOf(directory).log);
      const bytes = Buffer.from(formatNote(note.text, note.signatures));
      await writer.replace(join(directory, FOLDER, fileOf(witness)), bytes);
    } finally {
      held.release();
    }
  } finally {
    lock.close();
  }
}
