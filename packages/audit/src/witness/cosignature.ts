/**
 * Cosignatures: a witness's statement that the largest head it has seen of a log, at a time, is this one. Browser-safe.
 * @see https://c2sp.org/tlog-cosignature
 */
import { formatVerifierKey, parseVerifierKey, type Note, type VerifierKey, type VerifyEd25519 } from "../note.ts";
import { equalBytes, type Sha256 } from "../merkle.ts";

/** The signature type of Ed25519 cosignatures; 0x06 is that of ML-DSA-44, which Node cannot make yet. */
export const COSIGNATURE_ED25519 = 4;

const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** A witness's verifier key: type 0x04, so that no key of a log can pass for one. Undefined when the text is none. */
export function parseWitnessKey(text: string, sha256: Sha256): VerifierKey | undefined {
  return parseVerifierKey(text, sha256, COSIGNATURE_ED25519);
}

export function formatWitnessKey(key: VerifierKey): string {
  return formatVerifierKey(key, COSIGNATURE_ED25519);
}

/** What a cosignature signs: a header that no checkpoint can begin with, the time, and the whole text of the checkpoint. */
export function cosignedMessage(timeS: number, text: string): Uint8Array {
  return new TextEncoder().encode(`cosignature/v1\ntime ${String(timeS)}\n${text}`);
}

/** The signature of a note's line: seconds since 1970, big-endian, before 64 bytes of Ed25519. */
export function encodeCosignature(timeS: number, signature: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(TIME_BYTES + signature.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(timeS));
  bytes.set(signature, TIME_BYTES);
  return bytes;
}

/** `absent`: this witness's key is on no line. `wrong`: it is, and the signature is not its. */
export type CosignatureState = { readonly timeS: number } | "absent" | "wrong";

export async function checkCosignature(note: Note, key: VerifierKey, verify: VerifyEd25519): Promise<CosignatureState> {
  const line = note.signatures.find(({ name, id }) => name === key.name && equalBytes(id, key.id));
  if (line === undefined) return "absent";
  if (line.signature.length !== TIME_BYTES + SIGNATURE_BYTES) return "wrong";
  const { buffer, byteOffset } = line.signature;
  const time = new DataView(buffer, byteOffset).getBigUint64(0);
  if (time === 0n || time > BigInt(Number.MAX_SAFE_INTEGER)) return "wrong";
  const timeS = Number(time);
  const message = cosignedMessage(timeS, note.text);
  return (await verify(key.publicKey, message, line.signature.subarray(TIME_BYTES))) ? { timeS } : "wrong";
}
