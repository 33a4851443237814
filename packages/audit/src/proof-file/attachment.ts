/**
 * What a proof of this log carries as extra data: the entry itself, without which a proof proves a hash. Browser-safe.
 * A JSON object with `v` 1 and `entry`, base 64. Members that this version does not know are refused, not skipped: whoever
 * reads the proof would believe to have seen all of it.
 */
import { decodeBase64, encodeBase64 } from "../base64.ts";

export interface Attachment {
  readonly entry: Uint8Array;
}

export function encodeAttachment({ entry }: Attachment): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ v: 1, entry: encodeBase64(entry) }));
}

/** Undefined when the bytes are not an attachment of version 1. */
export function decodeAttachment(bytes: Uint8Array): Attachment | undefined {
  const json = parseJson(bytes);
  if (typeof json !== "object" || json === null) return undefined;
  const { v, entry, ...rest }: { v?: unknown; entry?: unknown } = json;
  if (v !== 1 || typeof entry !== "string" || Object.keys(rest).length > 0) return undefined;
  const data = decodeBase64(entry);
  return data && { entry: data };
}

/** The JSON in bytes; undefined when there is none. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}
