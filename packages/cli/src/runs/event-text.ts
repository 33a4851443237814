import type { Event, EventOf } from "@bailiwick/audit";
import { escapeControls, formatAskedHost, formatCommand } from "@bailiwick/base";
import { count, formatBytes, formatDuration, type Paint } from "../format.ts";
import { budgetText, modelText, toolText } from "./model-text.ts";

type Exec = EventOf<"exec.allowed"> | EventOf<"exec.refused">;
type End = EventOf<"exec.ended">;

/** One line for an exec: how it was decided, its command, and how it ended when that is known. */
export function execText(exec: Exec, end: End | undefined, paint: Paint): string {
  // Every exec has at least a name; without one it was erased.
  const command = exec.argv.values.length === 0 ? paint("dim", "(erased)") : formatCommand(exec.argv.values, 160);
  const asked = exec.argv.whole === undefined ? command : `${command} (cut)`;
  if (exec.type === "exec.refused") return `${paint("red", "✗")} ${asked}  ${paint("red", refusalText(exec))}`;
  const how = end === undefined ? [] : [endText(end)];
  // What an agent does of its own accord is most of it, and quietly so.
  if (exec.origin?.kind === "unexplained") how.push("no call explains it");
  return `${paint("green", "✓")} ${asked}${how.length === 0 ? "" : paint("dim", `  ${how.join(", ")}`)}`;
}

/** `820 ms`, `1.2 s, exit 1`, `3 ms, SIGKILL`, `2 ms, then replaced itself`. */
export function endText(end: End): string {
  if (end.failed !== undefined) return `could not start: ${escapeControls(end.failed)}`;
  const parts = [formatDuration(end.wallMs)];
  if (end.replacedBy !== undefined) parts.push("then replaced itself");
  if (end.status !== undefined && end.status !== 0) parts.push(`exit ${String(end.status)}`);
  if (end.signal !== undefined) parts.push(end.signal);
  return parts.join(", ");
}

export function refusalText({ decision }: Pick<Exec, "decision">): string {
  const policies = decision.policies.length === 0 ? "" : ` [${decision.policies.join(", ")}]`;
  return escapeControls(`refused: ${decision.reason}${policies}`);
}

/** One line for what is no exec; undefined for what only `--json` shows. */
export function otherText(event: Exclude<Event, Exec | End>, paint: Paint): string | undefined {
  switch (event.type) {
    case "run.started": {
      const state = event.name === undefined ? "" : ` “${escapeControls(event.name)}”`;
      const labels = event.labels === undefined ? "" : `\n  labelled ${event.labels.map(escapeControls).join(", ")}`;
      const layers = event.enforcement.filter((layer) => layer.state === "enforced").length;
      return `run ${event.run}${state}: ${formatCommand(event.command.values, 160)}\n  in ${escapeControls(event.workspace)}, profile ${escapeControls(event.profile.name)}, ${String(layers)} layers enforced${labels}`;
    }
    case "approval":
      return `${paint("yellow", "?")} asked ${escapeControls(event.by)}${event.about === undefined ? "" : ` about ${formatAskedHost(event.about)}`}: ${event.answer}`;
    case "exec.tampered":
      return paint("red", `tampering: ${escapeControls(event.detail)}`);
    case "host.refused":
      return `${paint("red", "✗")} ${hostText(event)}  ${paint("red", refusalText(event))}`;
    case "connection.opened":
      return `${paint("green", "⇄")} ${hostText(event)}`;
    case "connection.closed": {
      const moved = `${formatBytes(event.bytesSent)} sent, ${formatBytes(event.bytesReceived)} received`;
      const error = event.error === undefined ? "" : `, ${escapeControls(event.error)}`;
      return paint("dim", `⇄ closed after ${formatDuration(event.wallMs)}: ${moved}${error}`);
    }
    case "request.sent":
      return `${paint("green", "→")} ${requestText(event)}${event.credential === undefined ? "" : paint("dim", `  with ${escapeControls(event.credential)}`)}`;
    case "request.refused":
      return `${paint("red", "✗")} ${requestText(event)}  ${paint("red", refusalText(event))}`;
    case "request.ended": {
      const status = event.status === undefined ? "no answer" : String(event.status);
      const moved = `${formatBytes(event.bytesSent)} sent, ${formatBytes(event.bytesReceived)} received`;
      const error = event.error === undefined ? "" : `, ${escapeControls(event.error)}`;
      return paint("dim", `→ answered after ${formatDuration(event.wallMs)}: ${status}, ${moved}${error}`);
    }
    case "credential.misused":
      return paint(
        "red",
        `! credential ${escapeControls(event.credential)} misused: ${escapeControls(event.where)}, ${escapeControls(event.host)}`,
      );
    case "tool.called":
      return paint("dim", toolText(event));
    case "model.called":
      return paint(event.unread === undefined ? "dim" : "yellow", modelText(event));
    case "budget.spent":
      return paint("yellow", budgetText(event));
    case "leak.found": {
      const went = event.decision.outcome === "allow";
      const what = `${event.kind}: ${event.what}${event.sample === "" ? "" : ` ${event.sample}`}, ${event.host}`;
      return paint(went ? "yellow" : "red", `! ${went ? "sent" : "not sent"}: ${escapeControls(what)}`);
    }
    case "files.changed":
      return paint("dim", `files changed: ${String(event.count)}`);
    case "protection.renewed":
      return paint(
        "yellow",
        `protected again: ${escapeControls(event.path)} was ${event.made ? "removed" : "replaced"} from outside`,
      );
    case "record.witnessed": {
      const by = event.by.map(({ witness }) => witness);
      const missing = event.missing.map(({ witness, reason }) => `${witness} (${reason})`);
      const text = `${by.length === 0 ? "witnessed by nobody" : `witnessed by ${by.join(", ")}`}${missing.length === 0 ? "" : `; not by ${missing.join(", ")}`}`;
      return paint(event.met ? "dim" : "yellow", escapeControls(`${text}, at the ${event.when}`));
    }
    case "run.erased":
      return paint("yellow", `personal data erased by ${escapeControls(event.by)}: ${escapeControls(event.reason)}`);
    case "key.rotated":
      return `the log's key was rotated by ${escapeControls(event.by)}`;
    case "run.frozen":
      return paint("yellow", `frozen: ${escapeControls(event.reason)}`);
    case "recording.opened":
    case "recording.grown":
      return undefined;
    case "recording.closed":
      return recordingText(event, paint);
    case "run.ended":
      return `ended: ${event.reason}, status ${String(event.status)}, after ${formatDuration(event.wallMs)}`;
  }
}

function recordingText({ bytes, dropped, redactions, reason, run }: EventOf<"recording.closed">, paint: Paint): string {
  const parts = [`recorded: the terminal, ${formatBytes(bytes ?? 0)}`];
  if (redactions > 0) parts.push(`${count(redactions, "secret")} taken out`);
  const missing = dropped > 0 ? [`${formatBytes(dropped)} of output are not in it`] : [];
  if (reason === "limit") missing.push("it reached its longest");
  if (reason === "failed") missing.push("it could not be written");
  const problem = missing.length === 0 ? "" : paint("yellow", `; ${missing.join(", ")}`);
  return `${parts.join(", ")}${problem}; \`bailiwick replay ${run.slice(-8)}\``;
}

function hostText({ host, port }: EventOf<"host.refused"> | EventOf<"connection.opened">): string {
  return escapeControls(port === 0 ? host : `${host}:${String(port)}`);
}

/** `GET https://api.example.com/v1/x`: a request that could not be read has no method, an erased one nothing. */
function requestText({ method, host, port, path }: EventOf<"request.sent"> | EventOf<"request.refused">): string {
  const place = `${host}${port === 443 ? "" : `:${String(port)}`}`;
  const shown = path.length > 120 ? `${path.slice(0, 120)}…` : path;
  return escapeControls(method === "" ? `${place} (unreadable)` : `${method} ${place}${shown}`);
}
