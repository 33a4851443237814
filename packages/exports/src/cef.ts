/** ArcSight Common Event Format, version 0 of it (implementation standard, revision 26). */
import type { Event, EventOf } from "@bailiwick/audit";
import { escapeControls, quoteForShell } from "@bailiwick/base";
import { startOf, type Source } from "./source.ts";
import { lineOf, nameOf, urgencyOf, type Urgency } from "./telling.ts";

const SEVERITY: { readonly [U in Urgency]: number } = {
  routine: 1,
  notable: 2,
  low: 3,
  medium: 6,
  high: 8,
  critical: 10,
};

/** One line, without an end. No control characters: line feeds and carriage returns are escaped in values, and others written out. */
export function cefLine(source: Source): string {
  const { event } = source;
  const version = startOf(source)?.version ?? "";
  const header = ["Bailiwick", "Bailiwick", version, event.type, nameOf(event), String(SEVERITY[urgencyOf(event)])];
  const extension = Object.entries(extensionOf(source))
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([key, value]) => `${key}=${escapeCefValue(String(value))}`);
  return `CEF:0|${header.map(escapeCefHeader).join("|")}|${extension.join(" ")}`;
}

/** In the header `\` and `|` are escaped, and there are no lines. */
export function escapeCefHeader(text: string): string {
  return escapeControls(text.toWellFormed().replaceAll(/[\r\n]+/g, " ")).replaceAll(/[\\|]/g, "\\$&");
}

/** Most values have nothing to escape. */
const PLAIN = /^[ !-<>-[\]-~]*$/;

/** In values `\` and `=` are escaped, and line feeds and carriage returns are `\n` and `\r`. A pipe is not. */
export function escapeCefValue(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .toWellFormed()
    .split(/(\n|\r)/)
    .map((part) => (part === "\n" ? "\\n" : part === "\r" ? "\\r" : escapeControls(part).replaceAll(/[\\=]/g, "\\$&")))
    .join("");
}

type Extension = Readonly<Record<string, string | number | undefined>>;

function extensionOf(source: Source): Extension {
  const { event, erased, id, log } = source;
  const started = startOf(source);
  return {
    rt: Math.trunc(event.at),
    externalId: id,
    dvchost: started?.hostname,
    deviceExternalId: log,
    suser: started?.user,
    cat: event.type.split(".")[0],
    msg: lineOf(source),
    cs1Label: "run",
    cs1: event.run,
    cs2Label: "agent",
    cs2: started?.agent ?? "unknown",
    ...(erased && { cs6Label: "erased", cs6: "true" }),
    // All six of `cs` are taken.
    ...(started?.labels && { flexString1Label: "labels", flexString1: started.labels.join(", ") }),
    ...ofType(event, source),
  };
}

function ofType(event: Event, { context }: Source): Extension {
  switch (event.type) {
    case "exec.allowed":
      return { act: "allowed", outcome: "success", ...execOf(event) };
    case "exec.refused":
      return { act: "refused", outcome: "failure", ...execOf(event) };
    case "exec.ended": {
      const open = context.execs.get(event.exec)?.event;
      const ending = event.failed ?? event.signal ?? (event.replacedBy === undefined ? "exited" : "replaced");
      return {
        act: ending,
        outcome: event.failed === undefined ? "success" : "failure",
        cn1Label: "exec",
        cn1: event.exec,
        ...(event.status !== undefined && { cn2Label: "status", cn2: event.status }),
        cn3Label: "wallMs",
        cn3: Math.round(event.wallMs),
        ...(open && { dproc: baseName(open.program.path), dpid: open.pid }),
      };
    }
    case "exec.tampered":
      return { act: "killed", dpid: event.pid, cn1Label: "exec", cn1: event.exec, reason: event.detail };
    case "approval":
      return approvalOf(event);
    case "host.refused":
      return { act: "refused", outcome: "failure", ...hostOf(event) };
    case "connection.opened":
      return { act: "allowed", outcome: "success", ...hostOf(event) };
    case "connection.closed": {
      const opened = context.connections.get(event.connection);
      return { act: "closed", ...(opened && hostOf(opened)), out: event.bytesSent, in: event.bytesReceived };
    }
    case "request.sent":
      return { act: "allowed", outcome: "success", ...requestOf(event) };
    case "request.refused":
      return { act: "refused", outcome: "failure", ...requestOf(event) };
    case "request.ended":
      return {
        act: "ended",
        ...(event.status !== undefined && { cn2Label: "status", cn2: event.status }),
        out: event.bytesSent,
        in: event.bytesReceived,
      };
    case "credential.misused":
      return { act: "alarm", dhost: event.host, dpt: event.port, reason: `${event.credential} in ${event.where}` };
    case "tool.called":
    case "model.called":
    case "budget.spent":
      return ofModels(event);
    case "leak.found":
      return {
        act: event.decision.outcome === "allow" ? "sent" : "refused",
        dhost: event.host,
        dpt: event.port,
        reason: `${event.kind} ${event.what} in ${event.where}`,
      };
    case "files.changed":
      return { act: "changed", cnt: event.count, filePath: event.paths.join("\n") };
    case "protection.renewed":
      return { act: "protected", filePath: event.path };
    case "run.ended":
      return { act: event.reason, cn2Label: "status", cn2: event.status };
    case "run.started":
      return { act: "started", dproc: event.agent, filePath: event.workspace };
    case "run.frozen":
      return { act: "frozen", reason: event.reason };
    case "record.witnessed":
      return { act: "witnessed", outcome: event.met ? "success" : "failure", cnt: event.by.length };
    case "recording.opened":
      return { act: "recording" };
    case "recording.grown":
      return { act: "recorded", fsize: event.bytes };
    case "recording.closed":
      return { act: "recorded", outcome: event.reason === "failed" ? "failure" : "success", fsize: event.bytes ?? 0 };
    case "run.erased":
      return { act: "erased", duser: event.by, reason: event.reason };
    case "key.rotated":
      return { act: "rotated", duser: event.by };
  }
}

function approvalOf({ answer, by, exec, about }: EventOf<"approval">): Extension {
  const request = about?.request;
  return {
    ...{ act: answer, duser: by },
    ...(exec !== undefined && { cn1Label: "exec", cn1: exec }),
    ...(about !== undefined && { dhost: about.host, dpt: about.port }),
    ...(request !== undefined && { requestMethod: request.method, request: request.path }),
  };
}

function ofModels(event: EventOf<"tool.called" | "model.called" | "budget.spent">): Extension {
  switch (event.type) {
    case "tool.called":
      return { act: "called", cn1Label: "call", cn1: event.call, dproc: event.tool };
    case "model.called":
      return {
        act: "called",
        app: event.model,
        ...(event.exec !== undefined && { cn1Label: "exec", cn1: event.exec }),
        ...(event.tokens !== undefined && {
          cn2Label: "tokensIn",
          cn2: event.tokens.in + event.tokens.cached + event.tokens.written,
          cn3Label: "tokensOut",
          cn3: event.tokens.out,
        }),
        out: event.sent.bytes,
        in: event.received.bytes,
        reason: event.unread,
      };
    case "budget.spent":
      return { act: event.came, reason: event.budget, cnt: event.used, duser: event.by };
  }
}

function requestOf(event: EventOf<"request.sent"> | EventOf<"request.refused">): Extension {
  return { ...hostOf(event), requestMethod: event.method, request: event.path };
}

function execOf(event: EventOf<"exec.allowed"> | EventOf<"exec.refused">): Extension {
  return {
    dproc: baseName(event.program.path),
    dpid: event.pid,
    filePath: event.program.path,
    fileHash: event.program.digest,
    cs3Label: "command",
    cs3: event.argv.values.map(quoteForShell).join(" "),
    ...decisionOf(event.decision),
    cs5Label: "directory",
    cs5: event.cwd,
    cn1Label: "exec",
    cn1: event.exec,
  };
}

type ToHost = EventOf<"host.refused" | "connection.opened" | "request.sent" | "request.refused">;

function hostOf(event: ToHost): Extension {
  return {
    dhost: event.host,
    ...(event.port > 0 && { dpt: event.port, proto: "TCP" }),
    ...("address" in event && /^[\d.]+$/.test(event.address) && { dst: event.address }),
    ...decisionOf(event.decision),
    ...(event.exec !== undefined && { cn1Label: "exec", cn1: event.exec }),
  };
}

function decisionOf({ policies, reason }: EventOf<"exec.allowed">["decision"]): Extension {
  return { cs4Label: "policies", cs4: policies.join(", ") || "none", reason };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
