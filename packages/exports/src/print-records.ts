import { readLog, readRun, readVerifierKey } from "@bailiwick/audit";
import type { RunId } from "@bailiwick/base";
import { cefLine } from "./cef.ts";
import { toJsonLine, toStrictJson } from "./json.ts";
import { eventRecord } from "./ndjson.ts";
import { ocsfRecords } from "./ocsf/ocsf.ts";
import { logsRequest, otlpRecord, tracesRequest } from "./otlp/otlp.ts";
import { RunContexts } from "./run-contexts.ts";
import type { Source } from "./source.ts";
import { syslogMessage } from "./syslog.ts";

export const PRINT_FORMATS = ["ocsf", "ocsf-1.9", "otlp", "syslog", "cef", "event"] as const;
export type PrintFormat = (typeof PRINT_FORMATS)[number];

/**
 * What would be exported, without doing it: a line for each record; of OTLP a line for each request.
 * @param run of which; of all without
 * @throws AuditError AUDIT_NO_LOG, AUDIT_NO_SUCH_RUN, AUDIT_LOG_DAMAGED, AUDIT_MALFORMED
 */
export async function* printRecords(
  directory: string,
  format: PrintFormat,
  run: RunId | undefined,
): AsyncGenerator<string> {
  const [log = ""] = (await readVerifierKey(directory)).split("+");
  const contexts = new RunContexts(directory, log);
  for await (const logged of run === undefined ? readLog(directory, 0) : readRun(directory, run)) {
    yield* await contexts.with(logged, (source) => linesOf(source, format));
  }
}

function linesOf(source: Source, format: PrintFormat): readonly string[] {
  switch (format) {
    case "ocsf":
      return ocsfRecords(source, "1.8.0").map(toStrictJson);
    case "ocsf-1.9":
      return ocsfRecords(source, "1.9.0-dev").map(toStrictJson);
    case "otlp": {
      const records = [otlpRecord(source)];
      const traces = tracesRequest(records);
      return [logsRequest(records), ...(traces ? [traces] : [])];
    }
    case "syslog":
      return [syslogMessage(source, { enterprise: 32_473 })];
    case "cef":
      return [cefLine(source)];
    case "event":
      return [toJsonLine(eventRecord(source))];
  }
}
