/** What of an event can be found. */
import type { Event, EventOf } from "@bailiwick/audit";
import { formatAskedHost, formatCommand } from "@bailiwick/base";

/** A line is for people; what can be found is the whole text. */
const LINE_CHARACTERS = 400;

export type Tag = readonly [kind: "host" | "file" | "program" | "policy", value: string];

/** All of its texts are well-formed. */
export interface Findable {
  readonly exec: number | undefined;
  readonly decision: "allowed" | "refused" | "asked" | undefined;
  /** For people, of at most 401 characters. */
  readonly line: string;
  readonly reason: string;
  /** All whose words are found. */
  readonly text: string;
  readonly tags: readonly Tag[];
}

interface Row {
  readonly exec?: number | undefined;
  readonly decision?: "allowed" | "refused" | "asked";
  readonly line: string;
  readonly reason?: string;
  /** Beside line and reason. */
  readonly more?: readonly string[];
  readonly tags?: readonly Tag[];
}

/** Undefined of an event that nobody looks for by itself. */
export function findableOf(event: Event): Findable | undefined {
  const row = event.type === "exec.ended" ? undefined : rowOf(event);
  if (row === undefined) return undefined;
  const { exec, decision, line, reason = "", more = [], tags = [] } = row;
  return {
    ...{ exec, decision, line: shorten(line), reason: clean(reason), text: clean([line, reason, ...more].join("\n")) },
    tags: tags.map(([kind, value]): Tag => [kind, clean(value)]),
  };
}

/** A line as it is kept. */
export function shorten(line: string): string {
  return clean(line.length > LINE_CHARACTERS ? `${line.slice(0, LINE_CHARACTERS)}…` : line);
}

/** Databases take no lone surrogates; a byte that is not UTF-8 reads as U+FFFD. */
export function clean(text: string): string {
  return text.toWellFormed();
}

function rowOf(event: Exclude<Event, { type: "exec.ended" }>): Row | undefined {
  switch (event.type) {
    case "run.started":
      return {
        line: `run ${event.name === undefined ? "" : `“${event.name}” `}${formatCommand(event.command.values, 4_000)}`,
        more: [event.user, event.agent, event.workspace, event.profile.name, ...(event.labels ?? [])],
      };
    case "run.ended":
      return { line: `ended: ${event.reason}, status ${String(event.status)}` };
    case "exec.allowed":
    case "exec.refused":
      return execRow(event);
    case "exec.tampered":
      return { exec: event.exec, decision: "refused", line: `tampering: ${event.detail}` };
    case "approval":
      return approvalRow(event);
    case "host.refused":
    case "connection.opened":
      return {
        decision: event.type === "host.refused" ? "refused" : "allowed",
        line: event.port === 0 ? event.host : `${event.host}:${String(event.port)}`,
        reason: event.decision.reason,
        tags: [["host", event.host], ...policiesOf(event)],
      };
    case "request.sent":
    case "request.refused":
      return {
        decision: event.type === "request.refused" ? "refused" : "allowed",
        line: `${event.method} ${event.host}${event.path}`,
        reason: event.decision.reason,
        tags: [["host", event.host], ...policiesOf(event)],
      };
    case "credential.misused":
      return {
        decision: "refused",
        line: `credential ${event.credential} misused: ${event.where}, ${event.host}`,
        tags: [["host", event.host]],
      };
    case "tool.called":
      return { line: `call ${String(event.call)}: ${event.tool} ${event.input}`, more: [event.id] };
    case "model.called":
      return {
        exec: event.exec,
        line: `${event.model ?? "a model"} answered`,
        reason: event.unread ?? "",
        more: [event.prompt?.text ?? "", event.output.text ?? ""],
      };
    case "budget.spent":
      return { line: `budget ${event.budget} spent: ${event.came}` };
    case "leak.found":
      return {
        decision: event.decision.outcome === "allow" ? "allowed" : "refused",
        line: `${event.kind} in what was sent: ${event.what}, ${event.host}`,
        reason: event.decision.reason,
        tags: [["host", event.host], ...policiesOf(event)],
      };
    case "files.changed":
      return { line: `changed: ${event.paths.join(" ")}`, tags: event.paths.map((path): Tag => ["file", path]) };
    case "protection.renewed":
      return { line: `protected again: ${event.path}`, tags: [["file", event.path]] };
    case "record.witnessed":
      return {
        line: `witnessed by ${event.by.map(({ witness }) => witness).join(", ") || "nobody"}`,
        reason: event.missing.map(({ witness, reason }) => `${witness}: ${reason}`).join(", "),
      };
    case "run.erased":
      return { line: `erased by ${event.by}`, reason: event.reason };
    case "key.rotated":
      return { line: `the log's key was rotated by ${event.by}` };
    case "run.frozen":
      return { line: `frozen: ${event.reason}` };
    case "connection.closed":
    case "request.ended":
    case "recording.opened":
    case "recording.grown":
    case "recording.closed":
      return undefined;
  }
}

function approvalRow({ exec, by, answer, about }: EventOf<"approval">): Row {
  const asked = `asked ${by}: ${answer}`;
  if (about === undefined) return { decision: "asked", line: asked };
  const more = (about.leaks ?? []).map(({ kind, what }) => `${kind} ${what}`);
  return { exec, decision: "asked", line: `${asked}, ${formatAskedHost(about)}`, more, tags: [["host", about.host]] };
}

function execRow(event: EventOf<"exec.allowed"> | EventOf<"exec.refused">): Row {
  const files = [event.program.path, ...(event.also ?? []).map(({ path }) => path)];
  return {
    exec: event.exec,
    decision: event.type === "exec.refused" ? "refused" : "allowed",
    line: formatCommand(event.argv.values, 16_384),
    reason: event.decision.reason,
    more: [...files, event.cwd],
    tags: [
      ...files.flatMap((path): Tag[] => [
        ["file", path],
        ["program", path],
        ["program", path.slice(path.lastIndexOf("/") + 1)],
      ]),
      ...policiesOf(event),
    ],
  };
}

/** Permits that let everything through would be found by nobody. */
function policiesOf({ decision }: Pick<EventOf<"exec.allowed">, "decision">): Tag[] {
  return decision.outcome === "allow" ? [] : decision.policies.map((policy): Tag => ["policy", policy]);
}
