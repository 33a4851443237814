/**
 * The text of a checkpoint: origin, size, root, each on a line. Browser-safe.
 * @see https://c2sp.org/tlog-checkpoint
 */
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { HASH_BYTES } from "./merkle.ts";

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${String(size)}\n${encodeBase64(root)}\n`;
}

/** Undefined when the text is not a checkpoint. Extension lines are allowed and ignored, as the specification has it. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [origin, size, encoded, ...rest] = text.split("\n");
  if (origin === undefined || origin === "" || size === undefined || encoded === undefined) return undefined;
  if (rest.pop() !== "" || rest.includes("")) return undefined;
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) return undefined;
  const root = decodeBase64(encoded);
  return root?.length === HASH_BYTES ? { origin, size: Number(size), root } : undefined;
}
