/**
 * What a proof of this log carries as extra data: the entry itself, without which a proof proves a hash, and, where the entry has
 * a digest of personal members, what that digest is over, so that they are proven with it. Browser-safe.
 * A JSON object with `v` 1, `entry` and perhaps `private`, both base 64. Members that this version does not know are refused, not skipped: whoever
 * reads the proof would believe to have seen all of it.
 */
import { decodeBase64, encodeBase64 } from "../base64.ts";
import { parseJson } from "../json.ts";

export interface Attachment {
  readonly entry: Uint8Array;
  /** Salt and personal members (private-records.ts); undefined when they are gone, are none, or were left out. */
  readonly committed: Uint8Array | undefined;
}

export function encodeAttachment({ entry, committed }: Attachment): Uint8Array {
  const personal = committed === undefined ? {} : { private: encodeBase64(committed) };
  return new TextEncoder().encode(JSON.stringify({ v: 1, entry: encodeBase64(entry), ...personal }));
}

/** Undefined when the bytes are not an attachment of version 1. */
export function decodeAttachment(bytes: Uint8Array): Attachment | undefined {
  const json = parseJson(bytes);
  if (typeof json !== "object" || json === null) return undefined;
  const { v, entry, private: personal, ...rest }: { v?: unknown; entry?: unknown; private?: unknown } = json;
  if (v !== 1 || typeof entry !== "string" || Object.keys(rest).length > 0) return undefined;
  const data = decodeBase64(entry);
  if (personal === undefined) return data && { entry: data, committed: undefined };
  const committed = typeof personal === "string" ? decodeBase64(personal) : undefined;
  return data && committed && { entry: data, committed };
}
