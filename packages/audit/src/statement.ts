/**
 * Statements signed by the log's key that are no checkpoints: signed notes (C2SP signed-note) whose first line says what they are.
 * A checkpoint's first line is its origin, so neither can be taken for the other.
 */
import { AuditError } from "./errors.ts";
import { diskFiles } from "./files.ts";
import { sha256, verifyEd25519, type Signer } from "./key.ts";
import { layoutOf } from "./layout.ts";
import { formatNote, isSignedBy, parseNote, parseVerifierKey } from "./note.ts";
import { readCheckpoint } from "./read.ts";
import { loadSigner } from "./signer/load-signer.ts";

/** What may stand in a first line; an origin has a `/` and no space. */
const KIND = /^bailiwick [a-z]+ v[0-9]+$/;

export interface Statement {
  /** `bailiwick evidence v1` */
  readonly kind: string;
  /** Printable lines, none of them empty. */
  readonly lines: readonly string[];
}

/**
 * Signs a statement with the key that signs the log now.
 * @returns a signed note
 * @throws AuditError AUDIT_NO_LOG, AUDIT_LOG_DAMAGED, AUDIT_KEY_UNUSABLE, AUDIT_SIGNER_FAILED
 */
export async function signStatement(directory: string, statement: Statement): Promise<Uint8Array> {
  await readCheckpoint(directory);
  const layout = layoutOf(directory);
  const signer = await loadSigner(diskFiles, layout);
  if (signer === undefined) {
    throw new AuditError("AUDIT_KEY_UNUSABLE", `the log's key \`${layout.key}\` is missing; restore it from a backup`);
  }
  return await signStatementBy(signer, statement);
}

/** A signed note. @throws AuditError AUDIT_SIGNER_FAILED */
export async function signStatementBy(signer: Signer, { kind, lines }: Statement): Promise<Uint8Array> {
  if (!KIND.test(kind) || lines.some((line) => !/^[^\p{Cc}]+$/u.test(line))) {
    throw new TypeError("a statement is a kind and printable lines");
  }
  const text = `${kind}\n${lines.join("\n")}\n`;
  const { name, id } = signer.verifier;
  const signature = await signer.sign(new TextEncoder().encode(text));
  return new TextEncoder().encode(formatNote(text, [{ name, id, signature }]));
}

/**
 * The lines of a statement of this kind that this key signed; undefined when it is none.
 * @param logKey verifier key, `NAME+ID+KEY`
 */
export async function readStatement(
  bytes: Uint8Array,
  kind: string,
  logKey: string,
): Promise<readonly string[] | undefined> {
  const note = parseNote(bytes);
  const key = parseVerifierKey(logKey, sha256);
  const [first, ...lines] = note?.text.trimEnd().split("\n") ?? [];
  if (note === undefined || key === undefined || first !== kind) return undefined;
  return (await isSignedBy(note, key, verifyEd25519)) ? lines : undefined;
}
