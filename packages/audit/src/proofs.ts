/** Proofs of single entries; loaded when first used, since a run that only writes must not load any of it. */
import type { ProofReport, ProofTrust } from "./proof-file/check-proof.ts";

/** @see file proof-file/prove-entry.ts */
export async function proveEntry(directory: string, index: number): Promise<Uint8Array> {
  const module = await import("./proof-file/prove-entry.ts");
  return await module.proveEntry(directory, index);
}

/** Checks a proof file, offline. Never throws for what is in it: what is wrong is in the report. */
export async function checkProof(bytes: Uint8Array, trust: ProofTrust): Promise<ProofReport> {
  const [{ checkProof: check }, { sha256, verifyEd25519 }] = await Promise.all([
    import("./proof-file/check-proof.ts"),
    import("./key.ts"),
  ]);
  return await check(bytes, trust, { sha256, verifyEd25519 });
}
