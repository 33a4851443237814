import { cefLine } from "../cef.ts";
import { toJsonLine, toStrictJson } from "../json.ts";
import { eventRecord } from "../ndjson.ts";
import { ocsfRecords } from "../ocsf/ocsf.ts";
import type { OcsfVersion } from "../ocsf/record.ts";
import type { Source } from "../source.ts";

export type LineFormat = "event" | "ocsf" | "cef";

/** The records of an event in a format of lines; none has a line end in it. `event` is as the record has it, bytes that are not UTF-8 too. */
export function renderLines(source: Source, format: LineFormat, version: OcsfVersion): readonly string[] {
  switch (format) {
    case "event":
      return [toJsonLine(eventRecord(source))];
    case "ocsf":
      return ocsfRecords(source, version).map(toStrictJson);
    case "cef":
      return [cefLine(source)];
  }
}
