/** Events from their two parts. Browser-safe. */
import { eventSchema, type Event } from "../events.ts";
import { fillErased, joinEvent, PERSONAL } from "../personal.ts";
import { membersOf } from "../private-records.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const DIGEST = /^sha256:[0-9a-f]{64}$/;

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
  if (typeof run !== "string" || typeof type !== "string" || !isEventType(type)) return undefined;
  if (digest !== undefined && !(typeof digest === "string" && DIGEST.test(digest))) return undefined;
  return { run, type, private: digest, members };
}

/**
 * The event, with its personal members put back. Undefined when the parts do not make an event.
 * @param committed salt and members, as the entry's digest is over; undefined when they are gone
 */
export function completeEvent(entry: OpenEntry, committed: Uint8Array | undefined): Event | undefined {
  let whole: unknown = entry.members;
  if (entry.private !== undefined) {
    whole = committed ? joinEvent(whole, parseJson(membersOf(committed))) : fillErased(entry.members, entry.type);
  }
  return eventSchema.safeParse(whole).data;
}

function isEventType(type: string): type is Event["type"] {
  return Object.hasOwn(PERSONAL, type);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}
