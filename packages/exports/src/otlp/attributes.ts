import type { Event, EventOf } from "@bailiwick/audit";
import { startOf, type Source } from "../source.ts";

/** AnyValue of `opentelemetry/proto/common/v1`, in the JSON of protobuf. */
export type AnyValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } };

export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

type Plain = string | number | boolean | readonly string[] | undefined;

export function attributes(members: Readonly<Record<string, Plain>>): KeyValue[] {
  return Object.entries(members).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: anyValue(value) }],
  );
}

function anyValue(value: Exclude<Plain, undefined>): AnyValue {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value !== "number") return { arrayValue: { values: value.map((each) => ({ stringValue: each })) } };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** One host's log is one resource. Names of the semantic conventions where they have one. */
export function resourceOf(source: Source): KeyValue[] {
  const started = startOf(source);
  return attributes({
    "service.name": "bailiwick",
    "service.version": started?.version,
    "host.name": started?.hostname || undefined,
    "os.type": "linux",
    "bailiwick.log": source.log,
  });
}

/** What an event says, flat. */
// eslint-disable-next-line max-lines-per-function -- a table: a row for each type of event
export function eventAttributes(event: Event): KeyValue[] {
  switch (event.type) {
    case "run.started":
      return attributes({
        "bailiwick.run.name": event.name,
        "user.name": event.user || undefined,
        "bailiwick.agent": event.agent,
        "process.command_args": event.command.values,
        "bailiwick.workspace": event.workspace || undefined,
        "bailiwick.profile": event.profile.name,
        "bailiwick.policy.digest": event.policyDigest,
      });
    case "run.ended":
      return attributes({ "process.exit.code": event.status, "bailiwick.reason": event.reason });
    case "run.frozen":
      return attributes({ "bailiwick.reason": event.reason });
    case "run.erased":
      return attributes({ "bailiwick.by": event.by, "bailiwick.reason": event.reason });
    case "key.rotated":
      return attributes({ "bailiwick.by": event.by, "bailiwick.key.from": event.from, "bailiwick.key.to": event.to });
    case "exec.allowed":
    case "exec.refused":
      return execAttributes(event);
    case "exec.ended":
      return attributes({
        "bailiwick.exec": event.exec,
        "process.exit.code": event.status,
        "bailiwick.signal": event.signal,
        "bailiwick.replaced_by": event.replacedBy,
        "bailiwick.failed": event.failed,
        "bailiwick.cpu_ms": event.cpuMs,
        "bailiwick.wall_ms": event.wallMs,
      });
    case "exec.tampered":
      return attributes({ "bailiwick.exec": event.exec, "process.pid": event.pid, "bailiwick.detail": event.detail });
    case "approval":
      return attributes({
        "bailiwick.exec": event.exec,
        "bailiwick.answer": event.answer,
        "bailiwick.by": event.by,
        ...(event.about && {
          "server.address": event.about.host,
          "server.port": event.about.port,
          "http.request.method": event.about.request?.method,
          "url.path": event.about.request?.path,
          "bailiwick.leaks": event.about.leaks?.map(({ kind, what }) => `${kind} ${what}`),
        }),
      });
    case "host.refused":
    case "connection.opened":
      return hostAttributes(event);
    case "connection.closed":
      return attributes({
        "bailiwick.connection": event.connection,
        "bailiwick.bytes_sent": event.bytesSent,
        "bailiwick.bytes_received": event.bytesReceived,
        "bailiwick.wall_ms": event.wallMs,
        "error.type": event.error,
      });
    case "request.sent":
    case "request.refused":
      return attributes({
        "http.request.method": event.method || undefined,
        "url.path": event.path || undefined,
        "bailiwick.query_names": event.query,
        "server.address": event.host || undefined,
        "server.port": event.port || undefined,
        "bailiwick.exec": event.exec,
        "bailiwick.connection": event.connection,
        ...("request" in event && { "bailiwick.request": event.request, "bailiwick.credential": event.credential }),
        ...decision(event),
      });
    case "request.ended":
      return attributes({
        "bailiwick.request": event.request,
        "http.response.status_code": event.status,
        "bailiwick.bytes_sent": event.bytesSent,
        "bailiwick.bytes_received": event.bytesReceived,
        "bailiwick.wall_ms": event.wallMs,
        "error.type": event.error,
      });
    case "credential.misused":
      return attributes({
        "bailiwick.credential": event.credential,
        "bailiwick.where": event.where || undefined,
        "server.address": event.host || undefined,
        "server.port": event.port || undefined,
        "bailiwick.exec": event.exec,
        "bailiwick.connection": event.connection,
      });
    case "tool.called":
      return attributes({
        "bailiwick.call": event.call,
        "bailiwick.request": event.request,
        "gen_ai.tool.name": event.tool || undefined,
        "gen_ai.tool.call.id": event.id || undefined,
        "bailiwick.input": event.input || undefined,
        "bailiwick.digest": event.digest,
      });
    case "model.called":
      return modelAttributes(event);
    case "budget.spent":
      return attributes({
        "bailiwick.budget": event.budget,
        "bailiwick.limit": event.limit,
        "bailiwick.used": event.used,
        "bailiwick.came": event.came,
        "bailiwick.by": event.by,
        "bailiwick.call": event.call,
      });
    case "leak.found":
      return attributes({
        "bailiwick.leak.kind": event.kind,
        "bailiwick.leak.what": event.what || undefined,
        "bailiwick.where": event.where,
        "server.address": event.host || undefined,
        "server.port": event.port || undefined,
        "bailiwick.exec": event.exec,
        "bailiwick.connection": event.connection,
      });
    case "files.changed":
      return attributes({ "bailiwick.files": event.paths, "bailiwick.files.count": event.count });
    case "protection.renewed":
      return attributes({ "file.path": event.path, "bailiwick.made": event.made });
    case "recording.opened":
      return attributes({ "bailiwick.columns": event.columns, "bailiwick.rows": event.rows });
    case "recording.grown":
      return attributes({ "bailiwick.bytes": event.bytes, "bailiwick.digest": event.digest });
    case "recording.closed":
      return attributes({
        "bailiwick.bytes": event.bytes,
        "bailiwick.digest": event.digest,
        "bailiwick.frames": event.frames,
        "bailiwick.dropped": event.dropped,
        "bailiwick.redactions": event.redactions,
        "bailiwick.reason": event.reason,
      });
    case "record.witnessed":
      return attributes({
        "bailiwick.witnesses": event.by.map(({ witness }) => witness),
        "bailiwick.quorum": event.quorum,
        "bailiwick.met": event.met,
      });
  }
}

/** Names of the semantic conventions for generative AI where they have one. */
function modelAttributes(event: EventOf<"model.called">): KeyValue[] {
  const { tokens, cost } = event;
  return attributes({
    "bailiwick.request": event.request,
    "bailiwick.exec": event.exec,
    "bailiwick.api": event.api,
    "gen_ai.response.model": event.model,
    ...(tokens !== undefined && {
      "gen_ai.usage.input_tokens": tokens.in + tokens.cached + tokens.written,
      "gen_ai.usage.output_tokens": tokens.out,
      "bailiwick.tokens.cached": tokens.cached,
      "bailiwick.tokens.written": tokens.written,
    }),
    ...(cost !== undefined && { "bailiwick.cost_micros": cost.micros, "bailiwick.currency": cost.currency }),
    "bailiwick.prompt.digest": event.prompt?.digest,
    "bailiwick.output.digest": event.output.digest,
    "bailiwick.calls": event.calls,
    "bailiwick.complete": event.complete,
    "bailiwick.unread": event.unread,
  });
}

export function execAttributes(event: EventOf<"exec.allowed"> | EventOf<"exec.refused">): KeyValue[] {
  return attributes({
    "bailiwick.exec": event.exec,
    "process.pid": event.pid,
    "process.executable.path": event.program.path || undefined,
    "bailiwick.program.digest": event.program.digest,
    "process.command_args": event.argv.values,
    "process.working_directory": event.cwd || undefined,
    "bailiwick.origin": event.origin?.kind,
    "bailiwick.call": event.origin?.kind === "call" ? event.origin.call : undefined,
    ...decision(event),
  });
}

function hostAttributes(event: EventOf<"host.refused"> | EventOf<"connection.opened">): KeyValue[] {
  return attributes({
    "server.address": event.host || undefined,
    "server.port": event.port || undefined,
    "bailiwick.exec": event.exec,
    ...("address" in event && {
      "network.peer.address": event.address || undefined,
      "bailiwick.connection": event.connection,
    }),
    ...decision(event),
  });
}

function decision({ decision: { outcome, policies, reason, severity } }: Pick<EventOf<"exec.allowed">, "decision">) {
  return {
    "bailiwick.decision": outcome,
    "bailiwick.policies": policies,
    "bailiwick.reason": reason || undefined,
    "bailiwick.severity": severity,
  };
}
