/** SHA-256 and Ed25519 in a browser. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { ProofPrimitives } from "../proof-file/check-proof.ts";

export const primitives: ProofPrimitives = { sha256, verifyEd25519 };

/** For what comes piece by piece. */
export function startSha256(): { update(bytes: Uint8Array): unknown; digest(): Uint8Array } {
  return sha256.create();
}

/** The browser's own; where it has none this rejects, so that nobody takes that for a wrong signature. */
async function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const key = await crypto.subtle.importKey("raw", new Uint8Array(publicKey), "Ed25519", false, ["verify"]);
  return await crypto.subtle.verify("Ed25519", key, new Uint8Array(signature), new Uint8Array(message));
}
