/**
 * The one request of the witness protocol. @see https://c2sp.org/tlog-witness
 */
import { decodeBase64, encodeBase64 } from "../base64.ts";
import { HASH_BYTES } from "../merkle.ts";

export interface AddCheckpoint {
  /** Size of the head that the witness is thought to have cosigned last. */
  readonly old: number;
  /** Consistency proof from there to the checkpoint. */
  readonly proof: readonly Uint8Array[];
  /** A signed note, as it is. */
  readonly checkpoint: Uint8Array;
}

const MAX_PROOF = 63;

export function formatAddCheckpoint({ old, proof, checkpoint }: AddCheckpoint): Uint8Array {
  return Buffer.concat([
    Buffer.from([`old ${String(old)}`, ...proof.map(encodeBase64), "", ""].join("\n")),
    checkpoint,
  ]);
}

/** Undefined when the bytes are not such a request. */
export function parseAddCheckpoint(bytes: Uint8Array): AddCheckpoint | undefined {
  const split = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf("\n\n");
  if (split < 0) return undefined;
  const [first = "", ...lines] = Buffer.from(bytes.subarray(0, split)).toString("latin1").split("\n");
  const [, old] = /^old (0|[1-9][0-9]{0,15})$/.exec(first) ?? [];
  if (old === undefined || !Number.isSafeInteger(Number(old)) || lines.length > MAX_PROOF) return undefined;
  const proof: Uint8Array[] = [];
  for (const line of lines) {
    const hash = decodeBase64(line);
    if (hash?.length !== HASH_BYTES) return undefined;
    proof.push(hash);
  }
  return { old: Number(old), proof, checkpoint: bytes.subarray(split + 2) };
}
