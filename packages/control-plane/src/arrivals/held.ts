import type { HeldLog } from "@bailiwick/audit";
import type { HostRow } from "../store/tables.ts";

const HASH_BYTES = 32;

/** What the server holds of a host's record, from its row. Undefined when the row is not what this server writes. */
export function heldOf(
  { log_key, size, edge }: Pick<HostRow, "log_key" | "size" | "edge">,
  parseKey: (text: string) => HeldLog["key"] | undefined,
): HeldLog | undefined {
  const key = parseKey(log_key);
  if (key === undefined || edge.length % HASH_BYTES !== 0) return undefined;
  const roots: Uint8Array[] = [];
  for (let at = 0; at < edge.length; at += HASH_BYTES) roots.push(edge.subarray(at, at + HASH_BYTES));
  return { key, size, edge: roots };
}

export function packEdge(edge: HeldLog["edge"]): Buffer {
  return Buffer.concat(edge);
}
