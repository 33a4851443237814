/** Browser-safe. */
import { eventSchema, type Event } from "../events.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The event in an entry, or undefined when it is none. */
export function parseEvent(entry: Uint8Array): Event | undefined {
  try {
    const json: unknown = JSON.parse(utf8.decode(entry));
    return eventSchema.safeParse(json).data;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}
