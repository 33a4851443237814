/** Events from their two parts. Browser-safe. */
import { eventSchema, type Event } from "../events.ts";
import { parseJson } from "../json.ts";
import { fillErased, isMembers, joinEvent, PERSONAL } from "../personal.ts";
import { membersOf, SALT_BYTES } from "../private-records.ts";

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const RUN = /^[0-9a-hjkmnp-tv-z]{26}$/;

export function isDigest(value: unknown): value is string {
  return typeof value === "string" && DIGEST.test(value);
}

/** Before it is part of a path: whoever made the log could have written anything. */
export function isRun(value: unknown): value is string {
  return typeof value === "string" && RUN.test(value);
}

/** As {@link completeEvent}, from the texts of a proof. @param personal undefined when the members are gone or not in the proof */
export function eventFromTexts(entry: string, personal: string | undefined): Event | undefined {
  const bytes = new TextEncoder();
  const open = openEntry(bytes.encode(entry));
  if (open === undefined || personal === undefined) return open && completeEvent(open, undefined);
  const members = bytes.encode(personal);
  const committed = new Uint8Array(SALT_BYTES + members.length);
  committed.set(members, SALT_BYTES);
  return completeEvent(open, committed);
}

/** What stands in an entry: an event without its personal members. */
export interface OpenEntry {
  readonly run: string;
  readonly type: Event["type"];
  /** Of salt and personal members, `sha256:…`; undefined when the event has none. */
  readonly private: string | undefined;
  readonly members: Readonly<Record<string, unknown>>;
}

/** Undefined when the entry is no event of a known type. Its members are checked by {@link completeEvent}. */
export function openEntry(entry: Uint8Array): OpenEntry | undefined {
  const json = parseJson(entry);
  if (typeof json !== "object" || json === null || !("run" in json) || !("type" in json)) return undefined;
  const { private: digest, ...members }: Record<string, unknown> = { ...json };
  const { run, type } = json;
  if (!isRun(run) || typeof type !== "string" || !isEventType(type)) return undefined;
  if (digest !== undefined && !isDigest(digest)) return undefined;
  return { run, type, private: digest, members };
}

/**
 * The event, with its personal members put back. Undefined when the parts do not make an event.
 * @param committed salt and members, as the entry's digest is over; undefined when they are gone
 */
export function completeEvent(entry: OpenEntry, committed: Uint8Array | undefined): Event | undefined {
  let whole: unknown = entry.members;
  if (entry.private !== undefined) {
    const personal = committed && parseJson(membersOf(committed));
    if (committed !== undefined && !isMembers(personal)) return undefined;
    whole = committed === undefined ? fillErased(entry.members, entry.type) : joinEvent(whole, personal);
  }
  return eventSchema.safeParse(whole).data;
}

export function isEventType(type: string): type is Event["type"] {
  return Object.hasOwn(PERSONAL, type);
}
