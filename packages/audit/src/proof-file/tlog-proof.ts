/**
 * The text of a proof that can be checked offline: an index, an inclusion proof and the checkpoint it leads to. Browser-safe.
 * @see https://c2sp.org/tlog-proof
 */
import { decodeBase64, encodeBase64 } from "../base64.ts";
import { HASH_BYTES } from "../merkle.ts";

export interface TlogProof {
  /** 0-based. */
  readonly index: number;
  /** From the leaf's sibling up to the root's child. */
  readonly path: readonly Uint8Array[];
  /** A signed note, as it is. */
  readonly checkpoint: Uint8Array;
  /** Not covered by any signature: what it says counts only after it was checked. */
  readonly extra: Uint8Array | undefined;
}

/** No proof of this log is longer: an entry and its private part have at most 64 KiB each. */
export const MAX_PROOF_BYTES = 1 << 20;
/** As in tlog-witness: a tree of 2^63 leaves has no longer one. */
const MAX_PATH = 63;
const HEADER = "c2sp.org/tlog-proof@v1";

export function formatTlogProof({ index, path, checkpoint, extra }: TlogProof): Uint8Array {
  const lines = [HEADER, ...(extra === undefined ? [] : [`extra ${encodeBase64(extra)}`]), `index ${String(index)}`];
  const head = new TextEncoder().encode(`${[...lines, ...path.map(encodeBase64)].join("\n")}\n\n`);
  const bytes = new Uint8Array(head.length + checkpoint.length);
  bytes.set(head);
  bytes.set(checkpoint, head.length);
  return bytes;
}

/** @returns why it is no proof, when it is none */
export function parseTlogProof(bytes: Uint8Array): TlogProof | { readonly malformed: string } {
  if (bytes.length > MAX_PROOF_BYTES) return { malformed: `it is longer than ${String(MAX_PROOF_BYTES)} bytes` };
  const split = findBlankLine(bytes);
  if (split === undefined) return { malformed: "it has no checkpoint" };
  const lines = new TextDecoder("latin1").decode(bytes.subarray(0, split)).split("\n");
  if (lines.shift() !== HEADER) return { malformed: `it does not begin with \`${HEADER}\`` };
  const encoded = lines[0]?.startsWith("extra ") === true ? lines.shift()?.slice("extra ".length) : undefined;
  const extra = encoded === undefined ? undefined : decodeBase64(encoded);
  if (encoded !== undefined && extra === undefined) return { malformed: "its extra data is not base 64" };
  const [, index] = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? "") ?? [];
  if (index === undefined || !Number.isSafeInteger(Number(index))) return { malformed: "it has no index" };
  if (lines.length > MAX_PATH) return { malformed: `it has more than ${String(MAX_PATH)} hashes` };
  const path: Uint8Array[] = [];
  for (const line of lines) {
    const hash = decodeBase64(line);
    if (hash?.length !== HASH_BYTES) return { malformed: "one of its hashes is not 32 bytes of base 64" };
    path.push(hash);
  }
  return { index: Number(index), path, checkpoint: bytes.subarray(split + 2), extra };
}

/** Where the first empty line begins: the position of the newline before it. */
function findBlankLine(bytes: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) if (bytes[at + 1] === 10) return at;
  return undefined;
}
