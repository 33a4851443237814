import { encodeBase64 } from "./base64.ts";
import { formatCheckpoint, parseCheckpoint } from "./checkpoint.ts";
import { AuditError } from "./errors.ts";
import { isAnyErrno } from "./files.ts";
import { verifyEd25519, type Signer } from "./key.ts";
import type { Layout } from "./layout.ts";
import type { TreeHead } from "./log-types.ts";
import { formatNote, isSignedBy, parseNote, type NoteSignature } from "./note.ts";
import { MissingTile } from "./stored.ts";

/** A tree head as the writing side computes with it. */
export interface Head {
  readonly size: number;
  readonly root: Uint8Array;
}

/** @param signers of the same origin; more than one while the key is rotated */
export async function signCheckpoint(signers: readonly [Signer, ...Signer[]], head: Head): Promise<Uint8Array> {
  const text = formatCheckpoint({ origin: signers[0].verifier.name, ...head });
  const message = Buffer.from(text);
  const signatures: NoteSignature[] = [];
  for (const { verifier, sign } of signers) {
    signatures.push({ name: verifier.name, id: verifier.id, signature: await sign(message) });
  }
  return Buffer.from(formatNote(text, signatures));
}

/** @throws AuditError AUDIT_LOG_DAMAGED when this log's own key did not sign it */
export async function openCheckpoint(bytes: Uint8Array, signer: Signer, layout: Layout): Promise<Head> {
  const note = parseNote(bytes);
  const checkpoint = note && parseCheckpoint(note.text);
  if (note === undefined || checkpoint === undefined) throw damaged(layout, "its checkpoint is malformed");
  if (checkpoint.origin !== signer.verifier.name || !(await isSignedBy(note, signer.verifier, verifyEd25519))) {
    throw damaged(layout, "its checkpoint is not signed by the log's key");
  }
  return { size: checkpoint.size, root: checkpoint.root };
}

export function headOf({ size, root }: Head): TreeHead {
  return { size, root: encodeBase64(root) };
}

export function damaged(layout: Layout, why: string): AuditError {
  return new AuditError(
    "AUDIT_LOG_DAMAGED",
    `the record in \`${layout.directory}\` is damaged: ${why}; run \`bailiwick audit verify\`, keep the directory as evidence and start with another`,
  );
}

/** Failures of the disk become AuditError; errors of this program stay what they are. */
export function writeFailure(error: unknown, directory: string): unknown {
  if (error instanceof MissingTile) {
    return new AuditError(
      "AUDIT_LOG_DAMAGED",
      `the record in \`${directory}\` lacks a tile; run \`bailiwick audit verify\``,
      { cause: error },
    );
  }
  if (!isAnyErrno(error)) return error;
  return new AuditError(
    "AUDIT_WRITE_FAILED",
    `cannot write the record: ${error.code ?? error.message}; free or repair the disk of \`${directory}\``,
    { cause: error },
  );
}
