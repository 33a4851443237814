/** OpenTelemetry's logs and traces in the JSON of OTLP 1.x (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding). */
import type { EventOf } from "@bailiwick/audit";
import { toStrictJson } from "../json.ts";
import { execOf, startOf, type Refusal, type Source } from "../source.ts";
import { lineOf, nameOf, urgencyOf, type Urgency } from "../telling.ts";
import { attributes, eventAttributes, execAttributes, resourceOf } from "./attributes.ts";
import { nanosOf, spanIdOf, traceIdOf } from "./ids.ts";

/** SeverityNumber: INFO, INFO3, INFO4, WARN, ERROR, FATAL. */
const SEVERITY: { readonly [U in Urgency]: readonly [number, string] } = {
  routine: [9, "INFO"],
  notable: [11, "INFO3"],
  low: [12, "INFO4"],
  medium: [13, "WARN"],
  high: [17, "ERROR"],
  critical: [21, "FATAL"],
};
/** SpanKind.INTERNAL, StatusCode.OK and ERROR. */
const INTERNAL = 1;
const OK = 1;
const ERROR = 2;

/** What one event is to OTLP, each part as JSON: a log record always, and the spans that end with it, with the resource they are of. */
export interface OtlpRecord {
  readonly resource: string;
  readonly log: string;
  readonly spans: readonly string[];
}

export function otlpRecord(source: Source): OtlpRecord {
  return {
    resource: resourceText(source),
    log: toStrictJson(logRecord(source)),
    spans: spansOf(source).map(toStrictJson),
  };
}

/** The resource is the same for a whole run. */
const resources = new WeakMap<object, string>();

function resourceText(source: Source): string {
  const { started } = source.context;
  if (started === undefined) return toStrictJson({ attributes: resourceOf(source) });
  let text = resources.get(started);
  if (text === undefined) resources.set(started, (text = toStrictJson({ attributes: resourceOf(source) })));
  return text;
}

/** The body of a request to `/v1/logs`. */
export function logsRequest(records: readonly OtlpRecord[]): string {
  const groups = grouped(records, ({ log }) => [log]).map(
    ([resource, logs]) => `{"resource":${resource},"scopeLogs":[{${SCOPE},"logRecords":[${logs.join(",")}]}]}`,
  );
  return `{"resourceLogs":[${groups.join(",")}]}`;
}

/** The body of a request to `/v1/traces`; undefined when no span ended. */
export function tracesRequest(records: readonly OtlpRecord[]): string | undefined {
  const groups = grouped(records, ({ spans }) => spans).map(
    ([resource, spans]) => `{"resource":${resource},"scopeSpans":[{${SCOPE},"spans":[${spans.join(",")}]}]}`,
  );
  return groups.length === 0 ? undefined : `{"resourceSpans":[${groups.join(",")}]}`;
}

const SCOPE = '"scope":{"name":"bailiwick"}';

function grouped(
  records: readonly OtlpRecord[],
  of: (record: OtlpRecord) => readonly string[],
): (readonly [resource: string, members: readonly string[]])[] {
  const groups = new Map<string, string[]>();
  for (const record of records) {
    const members = of(record);
    const group = groups.get(record.resource);
    if (group !== undefined) group.push(...members);
    else if (members.length > 0) groups.set(record.resource, [...members]);
  }
  return [...groups];
}

function logRecord(source: Source): object {
  const { event, erased, index, id } = source;
  const [severityNumber, severityText] = SEVERITY[urgencyOf(event)];
  const ofRun = event.type !== "key.rotated";
  return {
    timeUnixNano: nanosOf(event.at),
    observedTimeUnixNano: nanosOf(event.at),
    severityNumber,
    severityText,
    eventName: `bailiwick.${event.type}`,
    body: { stringValue: lineOf(source) },
    attributes: [
      ...attributes({
        "log.record.uid": id,
        "bailiwick.index": index,
        "bailiwick.run": event.run,
        "bailiwick.labels": startOf(source)?.labels,
        "bailiwick.erased": erased || undefined,
      }),
      ...eventAttributes(event),
    ],
    ...(ofRun && { traceId: traceIdOf(event.run), spanId: spanIdOf(event.run, execOf(source)) }),
  };
}

function spansOf(source: Source): object[] {
  const { event, context } = source;
  if (event.type === "exec.ended") return [execSpan(source, event)];
  if (event.type !== "run.ended") return [];
  // What still ran when the run ended was killed with it.
  return [...[...context.execs.keys()].map((exec) => execSpan(source, { exec, at: event.at })), runSpan(source, event)];
}

type End = Pick<EventOf<"exec.ended">, "exec" | "at"> & Partial<EventOf<"exec.ended">>;

function execSpan({ event: { run }, context, erased }: Source, end: End): object {
  const open = context.execs.get(end.exec);
  const started = open?.event;
  const failed = end.failed !== undefined || (end.status ?? 0) !== 0 || end.signal !== undefined;
  const parent = started?.parent ?? 0;
  return {
    traceId: traceIdOf(run),
    spanId: spanIdOf(run, end.exec),
    parentSpanId: spanIdOf(run, parent),
    name: started?.argv.values[0] ?? (erased || open?.erased ? "(erased)" : `exec ${String(end.exec)}`),
    kind: INTERNAL,
    ...between(started?.at ?? end.at - (end.wallMs ?? 0), end.at),
    attributes: [
      ...(started ? execAttributes(started) : attributes({ "bailiwick.exec": end.exec })),
      ...attributes({
        "process.exit.code": end.status,
        "bailiwick.signal": end.signal,
        "bailiwick.failed": end.failed,
        "bailiwick.replaced_by": end.replacedBy,
      }),
    ],
    ...spanEvents(open?.refusals ?? [], open?.refusalsLeftOut ?? 0),
    status:
      end.wallMs === undefined
        ? {}
        : failed
          ? { code: ERROR, message: end.failed ?? end.signal ?? `status ${String(end.status)}` }
          : { code: OK },
  };
}

function runSpan({ context }: Source, event: EventOf<"run.ended">): object {
  const { started } = context;
  return {
    traceId: traceIdOf(event.run),
    spanId: spanIdOf(event.run, 0),
    name: started === undefined ? "run" : `run ${started.agent}`,
    kind: INTERNAL,
    ...between(started?.at ?? event.at - event.wallMs, event.at),
    attributes: [
      ...attributes({ "bailiwick.run": event.run, "bailiwick.labels": started?.labels }),
      ...(started ? eventAttributes(started) : []),
      ...eventAttributes(event),
      ...attributes({ "bailiwick.execs": event.counts.execs, "bailiwick.refused": event.counts.refused }),
    ],
    ...spanEvents(context.refusals, context.refusalsLeftOut),
    status:
      event.status === 0 ? { code: OK } : { code: ERROR, message: `${event.reason}, status ${String(event.status)}` },
  };
}

/** A span's end is never before its start, also where the host's clock was put back. */
function between(start: number, end: number): { readonly startTimeUnixNano: string; readonly endTimeUnixNano: string } {
  return { startTimeUnixNano: nanosOf(start), endTimeUnixNano: nanosOf(Math.max(start, end)) };
}

function spanEvents(refusals: readonly Refusal[], leftOut: number): object {
  if (refusals.length === 0) return {};
  return {
    events: refusals.map((event) => ({
      timeUnixNano: nanosOf(event.at),
      name: nameOf(event),
      attributes: eventAttributes(event),
    })),
    ...(leftOut > 0 && { droppedEventsCount: leftOut }),
  };
}
