import type { Event, EventOf } from "@bailiwick/audit";
import { escapeControls, formatAskedHost, formatCommand } from "@bailiwick/base";
import type { Source } from "./source.ts";

/** How severe a refusal is, as the policies say that refuse. */
type Severity = NonNullable<EventOf<"exec.refused">["decision"]["severity"]>;
/** How urgent an event is to whoever watches: as severe as what was refused, or less. The formats have their own scales for it. */
export type Urgency = "routine" | "notable" | Severity;

/**
 * A run's own bookkeeping is routine; critical is what should wake somebody. What a policy refuses is as severe as it says, and medium where it says
 * nothing; what was found and did not leave is high then. As the server's notifications have it.
 */
export function urgencyOf(event: Event): Urgency {
  switch (event.type) {
    case "exec.tampered":
    case "credential.misused":
      return "critical";
    case "leak.found":
      return event.decision.outcome === "allow" ? "notable" : (event.decision.severity ?? "high");
    case "exec.refused":
    case "request.refused":
    case "host.refused":
      return event.decision.severity ?? "medium";
    case "approval":
      return event.answer === "no" || event.answer === "unanswered" ? "medium" : "notable";
    case "run.ended":
      if (event.reason === "tampering") return "critical";
      return event.reason === "supervisor" || event.reason === "record" ? "notable" : "routine";
    case "budget.spent":
    case "protection.renewed":
    case "run.frozen":
    case "run.erased":
    case "key.rotated":
      return "notable";
    case "record.witnessed":
      return event.met ? "routine" : "notable";
    case "recording.closed":
      return event.reason === "failed" ? "notable" : "routine";
    case "recording.opened":
    case "recording.grown":
    case "request.sent":
    case "request.ended":
    case "tool.called":
    case "model.called":
    case "run.started":
    case "exec.allowed":
    case "exec.ended":
    case "connection.opened":
    case "connection.closed":
    case "files.changed":
      return "routine";
  }
}

const NAMES: { readonly [T in Event["type"]]: string } = {
  "run.started": "Run started",
  "run.ended": "Run ended",
  "run.frozen": "Run frozen",
  "run.erased": "Personal data of a run erased",
  "exec.allowed": "Exec allowed",
  "exec.refused": "Exec refused",
  "exec.ended": "Exec ended",
  "exec.tampered": "Tampering",
  approval: "Approval",
  "host.refused": "Host refused",
  "connection.opened": "Connection opened",
  "connection.closed": "Connection closed",
  "request.sent": "Request sent",
  "request.refused": "Request refused",
  "request.ended": "Request ended",
  "credential.misused": "Credential misused",
  "tool.called": "Tool called",
  "model.called": "Model called",
  "budget.spent": "Budget spent",
  "leak.found": "Leak found",
  "files.changed": "Files changed",
  "protection.renewed": "Protection renewed",
  "record.witnessed": "Record witnessed",
  "recording.opened": "Recording opened",
  "recording.grown": "Recording grown",
  "recording.closed": "Recording closed",
  "key.rotated": "Key of the log rotated",
};

/** What happened, in two or three words that never change. */
export function nameOf(event: Event): string {
  return NAMES[event.type];
}

const COMMAND_CHARACTERS = 500;

/** One line for a person. No control characters; what is personal says `(erased)` once it is. */
export function lineOf({ event, erased, context }: Source): string {
  const command = (values: readonly string[]): string =>
    values.length === 0 ? "(erased)" : formatCommand(values, COMMAND_CHARACTERS);
  const text = (value: string): string => (value === "" && erased ? "(erased)" : escapeControls(value));
  switch (event.type) {
    case "run.started":
      return `run started: ${command(event.command.values)}`;
    case "run.ended":
      return `run ended: ${event.reason}, status ${String(event.status)}`;
    case "run.frozen":
      return `run frozen: ${text(event.reason)}`;
    case "run.erased":
      return `personal data of the run erased by ${text(event.by)}: ${text(event.reason)}`;
    case "exec.allowed":
      return `ran ${command(event.argv.values)}`;
    case "exec.refused":
      return `refused ${command(event.argv.values)}: ${text(event.decision.reason)}`;
    case "exec.ended":
      return endLine(event, context.execs.get(event.exec)?.event.argv.values);
    case "exec.tampered":
      return `tampering: ${text(event.detail)}`;
    case "approval":
      return `${text(event.by)} was asked${event.about === undefined ? "" : ` about ${formatAskedHost(event.about)}`}: ${event.answer}`;
    case "host.refused":
      return `refused ${text(event.host)}${portOf(event.port)}: ${text(event.decision.reason)}`;
    case "connection.opened":
      return `connected to ${text(event.host)}${portOf(event.port)}`;
    case "connection.closed": {
      const opened = context.connections.get(event.connection);
      const to = opened === undefined ? "" : ` to ${text(opened.host)}${portOf(opened.port)}`;
      return `connection${to} closed: ${String(event.bytesSent)} bytes sent, ${String(event.bytesReceived)} received`;
    }
    case "request.sent":
      return `sent ${text(event.method)} ${text(event.host)}${text(event.path)}`;
    case "request.refused":
      return `refused ${text(event.method)} ${text(event.host)}${text(event.path)}: ${text(event.decision.reason)}`;
    case "request.ended":
      return `request ended: ${event.error === undefined ? `status ${String(event.status ?? "none")}` : text(event.error)}`;
    case "credential.misused":
      return `the credential ${escapeControls(event.credential)} was misused at ${text(event.host)}: ${text(event.where)}`;
    case "tool.called":
      return `call ${String(event.call)}: ${text(event.tool)} ${text(event.input.slice(0, COMMAND_CHARACTERS).toWellFormed())}`;
    case "model.called":
      return `${escapeControls(event.model ?? "a model")} answered: ${tokensText(event)}`;
    case "budget.spent":
      return `the budget ${escapeControls(event.budget)} is spent (${String(event.used)} of ${String(event.limit)}): ${escapeControls(event.came)}`;
    case "leak.found":
      return `${event.decision.outcome === "allow" ? "sent" : "refused"}: ${text(event.kind)} ${text(event.what)} to ${text(event.host)}`;
    case "files.changed":
      return `${String(event.count)} ${event.count === 1 ? "file" : "files"} changed`;
    case "protection.renewed":
      return `protected again, after it was ${event.made ? "removed" : "replaced"} from outside: ${text(event.path)}`;
    case "record.witnessed":
      return `record witnessed by ${String(event.by.length)}, ${event.met ? "" : "less than "}the quorum of ${String(event.quorum)}`;
    case "recording.opened":
      return "the terminal is recorded";
    case "recording.grown":
      return `the recording has ${String(event.bytes)} bytes`;
    case "recording.closed": {
      const left = event.dropped === 0 ? "" : `, ${String(event.dropped)} bytes of output are not in it`;
      return `the recording ended: ${escapeControls(event.reason)}, ${String(event.redactions)} secrets taken out${left}`;
    }
    case "key.rotated":
      return `the log's key was rotated by ${escapeControls(event.by)}`;
  }
}

function tokensText({ tokens, calls, unread }: Extract<Event, { type: "model.called" }>): string {
  const counted =
    tokens === undefined
      ? "tokens not known"
      : `${String(tokens.in + tokens.cached + tokens.written)} tokens in, ${String(tokens.out)} out`;
  return `${counted}, ${String(calls)} calls of tools${unread === undefined ? "" : `; ${escapeControls(unread)}`}`;
}

function endLine(event: Extract<Event, { type: "exec.ended" }>, argv: readonly string[] | undefined): string {
  const what = argv === undefined ? `exec ${String(event.exec)}` : formatCommand(argv, COMMAND_CHARACTERS);
  if (event.failed !== undefined) return `could not start ${what}: ${escapeControls(event.failed)}`;
  if (event.replacedBy !== undefined) return `${what} went on as exec ${String(event.replacedBy)}`;
  return `ended ${what}: ${event.signal === undefined ? `status ${String(event.status ?? 0)}` : escapeControls(event.signal)}`;
}

function portOf(port: number): string {
  return port === 0 ? "" : `:${String(port)}`;
}
