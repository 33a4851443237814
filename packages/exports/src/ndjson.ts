import type { Source } from "./source.ts";

/** An event as it is in the record, with its place: what `format = "event"` sends. */
export function eventRecord({ index, event, erased, cut, log, id }: Source): object {
  return { id, log, index, ...(erased && { erased }), ...(cut && { cut }), event };
}
