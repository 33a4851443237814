/** Witnesses of a log; loaded when first used, since a run without them must not load any of it. */
import type { VerifierKey } from "./note.ts";
import type { KnownWitness, Witnessed } from "./witness/cosign.ts";
import type { ServeOptions, WitnessServer } from "./witness/serve.privileged.ts";
import type { WitnessOptions } from "./witness/witness.ts";
import type { WitnessedHead } from "./witness/witnessed-heads.ts";
import type { TreeHead } from "./log-types.ts";

/** A witness's verifier key (type 0x04) in its text form; undefined when it is none. */
export async function parseWitnessKey(text: string): Promise<VerifierKey | undefined> {
  const [module, { sha256 }] = await Promise.all([import("./witness/cosignature.ts"), import("./key.ts")]);
  return module.parseWitnessKey(text, sha256);
}

/** A log's verifier key (type 0x01) in its text form; undefined when it is none. */
export async function parseLogKey(text: string): Promise<VerifierKey | undefined> {
  const [module, { sha256 }] = await Promise.all([import("./note.ts"), import("./key.ts")]);
  return module.parseVerifierKey(text, sha256);
}

/** The text form of a witness's key. */
export async function formatWitnessKey(key: VerifierKey): Promise<string> {
  const module = await import("./witness/cosignature.ts");
  return module.formatWitnessKey(key);
}

/** @see file witness/cosign.ts */
export async function cosignHead(directory: string, witness: KnownWitness, signal: AbortSignal): Promise<Witnessed> {
  const module = await import("./witness/cosign.ts");
  return await module.cosignHead(directory, witness, signal);
}

/** @see file witness/cosign.ts */
export async function rememberedByWitness(
  origin: string,
  witness: KnownWitness,
  signal: AbortSignal,
): Promise<TreeHead | undefined | "answered wrongly"> {
  const module = await import("./witness/cosign.ts");
  return await module.rememberedByWitness(origin, witness, signal);
}

/** @see file witness/witnessed-heads.ts */
export async function readWitnessedHeads(
  directory: string,
  witnesses: readonly Pick<KnownWitness, "name" | "key">[],
): Promise<WitnessedHead[]> {
  const module = await import("./witness/witnessed-heads.ts");
  return await module.readWitnessedHeads(directory, witnesses);
}

/** The verifier key of the witness that keeps its state in a directory, made at the first use. @see file witness/witness.ts */
export async function readOwnWitnessKey(options: WitnessOptions): Promise<string> {
  const { openWitness } = await import("./witness/witness.ts");
  const witness = await openWitness(options);
  witness.close();
  return witness.key;
}

/** Serves tlog-witness until it is closed. @see file witness/serve.privileged.ts */
export async function startWitness(
  options: WitnessOptions,
  serve: ServeOptions,
): Promise<WitnessServer & { readonly key: string }> {
  const [{ openWitness }, { serveWitness }] = await Promise.all([
    import("./witness/witness.ts"),
    import("./witness/serve.privileged.ts"),
  ]);
  const witness = await openWitness(options);
  try {
    return { ...(await serveWitness(witness, serve)), key: witness.key };
  } catch (error) {
    witness.close();
    throw error;
  }
}
