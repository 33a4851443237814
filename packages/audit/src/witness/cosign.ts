import { encodeBase64 } from "../base64.ts";
import { parseCheckpoint, type Checkpoint } from "../checkpoint.ts";
import { sha256, verifyEd25519 } from "../key.ts";
import { createTreeHasher } from "../merkle.ts";
import type { TreeHead } from "../log-types.ts";
import { formatNote, parseNote, type Note, type VerifierKey } from "../note.ts";
import { proveConsistency } from "../proof.ts";
import { diskSource } from "../source-disk.ts";
import { MissingTile, storedTree } from "../stored.ts";
import { findTile, type RecordSource } from "../verify/source.ts";
import { formatAddCheckpoint } from "./add-checkpoint.ts";
import { checkCosignature } from "./cosignature.ts";
import { keepCosigned, lastCosigned, type CosignedHead } from "./cosigned-heads.ts";
import { askWitness, type WitnessReply } from "./request.privileged.ts";

/** A witness as this host knows it. */
export interface KnownWitness {
  /** What profiles call it. */
  readonly name: string;
  /** Its submission prefix, as tlog-witness calls it: `http` or `https`. */
  readonly url: string;
  readonly key: VerifierKey;
}

/** Why a witness has not cosigned. The first three say something of the log; the others, of the witness or the way to it. */
export type WitnessFailure =
  /** It remembers more of the log than there is: an older state was put back. */
  | "rolled-back"
  /** What it remembers is no prefix of the log: somebody with the key wrote another history. */
  | "forked"
  /** Its checkpoint or tiles are missing, so that nothing can be proven of it. */
  | "log damaged"
  | "unreachable"
  | "no answer in time"
  | "does not know the log"
  | "does not trust the log's key"
  /** It answered what no witness answers, or with a signature that is not its. */
  | "answered wrongly";

export type Witnessed =
  | { readonly witness: string; readonly head: TreeHead; readonly timeS: number }
  | { readonly witness: string; readonly failure: WitnessFailure };

/** As many requests as it takes to learn what the witness remembers, and once more when the log grew meanwhile. */
const MOST_REQUESTS = 8;

/**
 * Gives the log's present checkpoint to a witness, and keeps its cosignature beside the log. Never rejects for what a witness
 * does; errors of the disk pass through.
 * @param signal ends the attempt, as `no answer in time`
 */
export async function cosignHead(directory: string, witness: KnownWitness, signal: AbortSignal): Promise<Witnessed> {
  const source = diskSource(directory);
  const failed = (failure: WitnessFailure): Witnessed => ({ witness: witness.name, failure });
  let old = (await lastCosigned(source, witness.key))?.checkpoint.size ?? 0;
  let gaveUp: WitnessFailure = "answered wrongly";
  for (let requests = 0; requests < MOST_REQUESTS; requests++) {
    // Read each time: another run may have appended, and told the witness of it, meanwhile.
    const head = await readHead(source);
    if (head === undefined) return failed("log damaged");
    if (old > head.checkpoint.size) return failed("rolled-back");
    const proof = await consistencyFrom(source, head.checkpoint, old);
    // Other runs may have replaced the tiles of this head meanwhile; the next one has its own.
    if (proof === undefined) {
      gaveUp = "log damaged";
      continue;
    }
    gaveUp = "answered wrongly";
    const reply = await submit(witness, { head, old, proof, signal });
    if (typeof reply === "string") return failed(reply);
    if (reply.status === 409) {
      const size = sizeIn(reply);
      if (size === undefined || size === old) return failed("answered wrongly");
      old = size;
      continue;
    }
    if (reply.status !== 200) return failed(FAILURES.get(reply.status) ?? "answered wrongly");
    const cosigned = await acceptReply(reply, witness.key, head);
    if (cosigned === undefined) return failed("answered wrongly");
    await keepCosigned(directory, source, witness.key, cosigned.head);
    const { size, root } = head.checkpoint;
    return { witness: witness.name, head: { size, root: encodeBase64(root) }, timeS: cosigned.timeS };
  }
  return failed(gaveUp);
}

/**
 * The newest head that a witness has cosigned of a log, as it says itself.
 * @returns undefined when it has none of this log
 * @throws Error of the network
 */
export async function rememberedByWitness(
  origin: string,
  witness: KnownWitness,
  signal: AbortSignal,
): Promise<TreeHead | undefined | "answered wrongly"> {
  const path = `${Buffer.from(sha256(Buffer.from(origin))).toString("hex")}/checkpoint`;
  const reply = await askWitness(witness.url, path, { signal });
  if (reply.status === 404) return undefined;
  const note = reply.status === 200 ? parseNote(reply.body) : undefined;
  const checkpoint = note && parseCheckpoint(note.text);
  if (note === undefined || checkpoint?.origin !== origin) return "answered wrongly";
  const state = await checkCosignature(note, witness.key, verifyEd25519);
  if (typeof state === "string") return "answered wrongly";
  return { size: checkpoint.size, root: encodeBase64(checkpoint.root) };
}

/** Status codes of tlog-witness that say why not. 400: what we sent is as the specification says. */
const FAILURES: ReadonlyMap<number, WitnessFailure> = new Map([
  [403, "does not trust the log's key"],
  [404, "does not know the log"],
  [422, "forked"],
]);

async function submit(
  witness: KnownWitness,
  { head, old, proof, signal }: { head: CosignedHead; old: number; proof: readonly Uint8Array[]; signal: AbortSignal },
): Promise<WitnessReply | WitnessFailure> {
  const checkpoint = Buffer.from(formatNote(head.note.text, head.note.signatures));
  const body = formatAddCheckpoint({ old, proof, checkpoint });
  try {
    return await askWitness(witness.url, "add-checkpoint", { body, signal });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return signal.aborted ? "no answer in time" : "unreachable";
  }
}

/** Undefined when tiles are missing: then nothing can be proven of this log. */
async function consistencyFrom(
  source: RecordSource,
  { size }: Checkpoint,
  old: number,
): Promise<Uint8Array[] | undefined> {
  if (old === 0 || old === size) return [];
  const tree = storedTree(createTreeHasher(sha256), size, async (name) => (await findTile(source, name))?.bytes);
  try {
    return await proveConsistency(tree, old, size);
  } catch (error) {
    if (error instanceof MissingTile) return undefined;
    throw error;
  }
}

async function readHead(source: RecordSource): Promise<CosignedHead | undefined> {
  const bytes = await source.read("log/checkpoint");
  const note = bytes && parseNote(bytes);
  const checkpoint = note && parseCheckpoint(note.text);
  return note && checkpoint && { note, checkpoint };
}

function sizeIn({ body }: WitnessReply): number | undefined {
  const [, size] = /^(0|[1-9][0-9]{0,15})\n$/.exec(body.toString("latin1")) ?? [];
  return size !== undefined && Number.isSafeInteger(Number(size)) ? Number(size) : undefined;
}

/** The checkpoint with the witness's own line added; lines of other keys are left out, as the specification has it. */
async function acceptReply(
  { body }: WitnessReply,
  key: VerifierKey,
  { note, checkpoint }: CosignedHead,
): Promise<{ readonly head: CosignedHead; readonly timeS: number } | undefined> {
  const replied = parseNote(Buffer.concat([Buffer.from(`${note.text}\n`), body]));
  if (replied?.text !== note.text) return undefined;
  const state = await checkCosignature(replied, key, verifyEd25519);
  if (typeof state === "string") return undefined;
  const own = replied.signatures.filter(({ name, id }) => name === key.name && Buffer.compare(id, key.id) === 0);
  const added: Note = { text: note.text, signatures: [...note.signatures, ...own.slice(0, 1)] };
  return { head: { note: added, checkpoint }, timeS: state.timeS };
}
