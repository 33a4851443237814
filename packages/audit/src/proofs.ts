/** Proofs of single entries; loaded when first used, since a run that only writes must not load any of it. */
import type { EntryProver, ProveOptions } from "./proof-file/prove-entry.ts";
import type { Event } from "./events.ts";
import type { Statement } from "./statement.ts";
import type { ProofReport, ProofTrust } from "./proof-file/check-proof.ts";

/** @see file proof-file/prove-entry.ts */
export async function proveEntry(directory: string, index: number, options?: ProveOptions): Promise<Uint8Array> {
  const module = await import("./proof-file/prove-entry.ts");
  return await module.proveEntry(directory, index, options);
}

/** @see file proof-file/prove-entry.ts */
export async function openProver(directory: string): Promise<EntryProver> {
  const module = await import("./proof-file/prove-entry.ts");
  return await module.openProver(directory);
}

/** The event that a proof is of, with its personal members if they are in it; undefined when it proves none. */
export async function eventOfProof({ ok, entry, personal }: ProofReport): Promise<Event | undefined> {
  if (!ok || entry === undefined) return undefined;
  const { eventFromTexts } = await import("./verify/parse-event.ts");
  return eventFromTexts(entry, typeof personal === "object" ? personal.json : undefined);
}

/** @see file statement.ts */
export async function signStatement(directory: string, statement: Statement): Promise<Uint8Array> {
  const module = await import("./statement.ts");
  return await module.signStatement(directory, statement);
}

/** @see file statement.ts */
export async function readStatement(
  bytes: Uint8Array,
  kind: string,
  logKey: string,
): Promise<readonly string[] | undefined> {
  const module = await import("./statement.ts");
  return await module.readStatement(bytes, kind, logKey);
}

/** Checks a proof file, offline. Never throws for what is in it: what is wrong is in the report. */
export async function checkProof(bytes: Uint8Array, trust: ProofTrust): Promise<ProofReport> {
  const [{ checkProof: check }, { sha256, verifyEd25519 }] = await Promise.all([
    import("./proof-file/check-proof.ts"),
    import("./key.ts"),
  ]);
  return await check(bytes, trust, { sha256, verifyEd25519 });
}
