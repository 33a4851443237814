import { encodeBase64 } from "../base64.ts";
import { sha256, verifyEd25519 } from "../key.ts";
import type { TreeHead } from "../log-types.ts";
import { parseVerifierKey, type VerifierKey } from "../note.ts";
import { readVerifierKey } from "../read.ts";
import { diskSource } from "../source-disk.ts";
import { checkCosignature } from "./cosignature.ts";
import { readCosignedHeads } from "./cosigned-heads.ts";

/** The newest head of this log that a witness is known to have cosigned. */
export interface WitnessedHead {
  readonly witness: string;
  readonly head: TreeHead;
  readonly timeS: number;
}

/**
 * What witnesses vouch for, of what is kept beside the log: at most one head for each, with a cosignature that holds and the
 * log's own origin. Whether the log still begins with that head is for verifyLog, which takes it as remembered.
 * @throws AuditError AUDIT_NO_LOG
 */
export async function readWitnessedHeads(
  directory: string,
  witnesses: readonly { readonly name: string; readonly key: VerifierKey }[],
): Promise<WitnessedHead[]> {
  const origin = parseVerifierKey(await readVerifierKey(directory), sha256)?.name;
  const heads = await readCosignedHeads(diskSource(directory));
  const found: WitnessedHead[] = [];
  for (const { name, key } of witnesses) {
    let newest: WitnessedHead | undefined;
    for (const { note, checkpoint } of heads) {
      if (checkpoint.origin !== origin || checkpoint.size < (newest?.head.size ?? 0)) continue;
      const state = await checkCosignature(note, key, verifyEd25519);
      if (typeof state === "string") continue;
      const head = { size: checkpoint.size, root: encodeBase64(checkpoint.root) };
      newest = { witness: name, head, timeS: state.timeS };
    }
    if (newest !== undefined) found.push(newest);
  }
  return found;
}
