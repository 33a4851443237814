import { parseCheckpoint } from "../checkpoint.ts";
import { verifyEd25519 } from "../key.ts";
import { parseNote, type VerifierKey } from "../note.ts";
import { diskSource } from "../source-disk.ts";
import { checkCosignature } from "./cosignature.ts";
import { keepCosigned } from "./cosigned-heads.ts";

/** False when the line is not this witness's cosignature on the checkpoint. Errors of the disk and of the lock pass through. */
export async function keepLine(
  directory: string,
  key: VerifierKey,
  given: { readonly checkpoint: Uint8Array; readonly line: string },
): Promise<boolean> {
  const note = parseNote(Buffer.concat([given.checkpoint, Buffer.from(given.line)]));
  const checkpoint = note && parseCheckpoint(note.text);
  if (note === undefined || checkpoint === undefined) return false;
  if (typeof (await checkCosignature(note, key, verifyEd25519)) === "string") return false;
  await keepCosigned(directory, diskSource(directory), key, { note, checkpoint });
  return true;
}
