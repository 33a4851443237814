/**
 * Signed notes with Ed25519, and the keys that go with them. Browser-safe.
 * @see https://c2sp.org/signed-note
 */
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { toHex } from "./hex.ts";
import { equalBytes, type Sha256 } from "./merkle.ts";

export const ED25519 = 1;
const KEY_ID_BYTES = 4;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const MAX_NOTE_BYTES = 1_000_000;
const MAX_SIGNATURES = 100;

export type VerifyEd25519 = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

/** A verifier key, as in its text form `NAME+HEX ID+BASE 64`. */
export interface VerifierKey {
  readonly name: string;
  readonly id: Uint8Array;
  readonly publicKey: Uint8Array;
}

export interface NoteSignature {
  readonly name: string;
  readonly id: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Note {
  /** With its final newline: what is signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/**
 * The first four bytes of SHA-256 over name, newline, type and key: a hint which key signed, not a proof.
 * @param type the signature type byte of signed-note; it separates uses of keys, and is open for later algorithms
 */
export function keyId(sha256: Sha256, name: string, publicKey: Uint8Array, type = ED25519): Uint8Array {
  const named = new TextEncoder().encode(`${name}\n`);
  const input = new Uint8Array(named.length + 1 + publicKey.length);
  input.set(named);
  input[named.length] = type;
  input.set(publicKey, named.length + 1);
  return sha256(input).slice(0, KEY_ID_BYTES);
}

export function formatVerifierKey({ name, id, publicKey }: VerifierKey, type = ED25519): string {
  return `${name}+${toHex(id)}+${encodeBase64(Uint8Array.of(type, ...publicKey))}`;
}

/** Undefined when the text is not a verifier key with 32 bytes of this type, or its id is not that of its name and key. */
export function parseVerifierKey(text: string, sha256: Sha256, type = ED25519): VerifierKey | undefined {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text);
  const [, name, hex, encoded] = match ?? [];
  if (name === undefined || hex === undefined || encoded === undefined) return undefined;
  const key = decodeBase64(encoded);
  if (key?.[0] !== type || key.length !== 1 + PUBLIC_KEY_BYTES) return undefined;
  const publicKey = key.subarray(1);
  const id = keyId(sha256, name, publicKey, type);
  return toHex(id) === hex ? { name, id, publicKey } : undefined;
}

export function formatNote(text: string, signatures: readonly NoteSignature[]): string {
  const lines = signatures.map(({ name, id, signature }) => {
    const bytes = new Uint8Array(id.length + signature.length);
    bytes.set(id);
    bytes.set(signature, id.length);
    return `— ${name} ${encodeBase64(bytes)}\n`;
  });
  return `${text}\n${lines.join("")}`;
}

/** Undefined when the bytes are not a note. Signatures are not checked. */
export function parseNote(bytes: Uint8Array): Note | undefined {
  const whole = decodeText(bytes);
  if (whole === undefined) return undefined;
  const split = whole.lastIndexOf("\n\n");
  if (split < 0 || !whole.endsWith("\n")) return undefined;
  const lines = whole.slice(split + 2, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) return undefined;
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const [, name, encoded] = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
    const signed = encoded === undefined ? undefined : decodeBase64(encoded);
    if (name === undefined || signed === undefined || signed.length <= KEY_ID_BYTES) return undefined;
    signatures.push({ name, id: signed.subarray(0, KEY_ID_BYTES), signature: signed.subarray(KEY_ID_BYTES) });
  }
  return { text: whole.slice(0, split + 1), signatures };
}

export function isSameKey(a: VerifierKey, b: VerifierKey): boolean {
  return a.name === b.name && equalBytes(a.publicKey, b.publicKey);
}

/** True when this key signed the note. Signatures by other keys are no concern of its. */
export async function isSignedBy(note: Note, key: VerifierKey, verify: VerifyEd25519): Promise<boolean> {
  const message = new TextEncoder().encode(note.text);
  for (const { name, id, signature } of note.signatures) {
    if (name !== key.name || !equalBytes(id, key.id)) continue;
    if (signature.length !== SIGNATURE_BYTES) return false;
    return await verify(key.publicKey, message, signature);
  }
  return false;
}

function decodeText(bytes: Uint8Array): string | undefined {
  if (bytes.length > MAX_NOTE_BYTES) return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return /[\u0000-\u0009\u000b-\u001f]/.test(text) ? undefined : text;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
