/** What is shown of an event, and what of others belongs to it. */
import { escapeControls, formatBytes } from "@bailiwick/base";
import type { SeenEvent } from "@bailiwick/control-plane/contract";
import { findableOf } from "@bailiwick/search/findable";
import type { Chunk } from "./row-list.ts";

export type RunEvent = SeenEvent["event"];
export type EventOf<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;

export interface Row {
  /** Its place in the order of arrival at the server: what links name. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly type: RunEvent["type"];
  /** One line without control characters, cut; the whole of it is asked for when somebody looks. */
  readonly line: string;
  readonly reason: string;
  readonly decision: "allowed" | "refused" | "asked" | undefined;
  /** It was a question, whatever became of it. */
  readonly asked: boolean;
  readonly parent: Row | undefined;
  /** 0: of the run itself. */
  readonly depth: number;
  /** How it ended, once it has. */
  end: End | undefined;
  /** The last of those that it is the parent of. */
  last: Row | undefined;
  /** Of the list alone. */
  chunk: Chunk<Row> | undefined;
}

export interface End {
  readonly seq: number;
  readonly wallMs: number;
  /** `exit 1`, `SIGKILL`, `200, 1.2 kB received`; empty when there is nothing to say. */
  readonly how: string;
  readonly failed: boolean;
}

const LONGEST = 400;
/** What is started deeper than this stands beside what started it. */
const DEEPEST = 60;

const WORDS: Partial<Record<RunEvent["type"], string>> = {
  "exec.allowed": "command",
  "exec.refused": "command",
  "exec.tampered": "tampering",
  approval: "answer",
  "host.refused": "connection",
  "connection.opened": "connection",
  "request.sent": "request",
  "request.refused": "request",
  "credential.misused": "credential",
  "tool.called": "tool",
  "model.called": "model",
  "leak.found": "leak",
  "files.changed": "files",
  "budget.spent": "budget",
};

export function wordOf(type: RunEvent["type"]): string {
  return WORDS[type] ?? "run";
}

/** Undefined of an event that has no row of its own. */
export function rowOf({ seq, event }: SeenEvent, parent: Row | undefined): Row | undefined {
  if (event.type === "run.started" || event.type === "run.ended") return undefined;
  const found = findableOf(event);
  if (found === undefined) return undefined;
  const under = parent !== undefined && parent.depth >= DEEPEST ? parent.parent : parent;
  const line = escapeControls(found.line.slice(0, LONGEST));
  return {
    ...{ seq, at: event.at, type: event.type },
    line: line === "" ? "(erased)" : line,
    reason: escapeControls(found.reason.slice(0, LONGEST)),
    decision: found.decision,
    asked: event.type === "approval" || ("decision" in event && event.decision.approver !== undefined),
    ...{ parent: under, depth: under === undefined ? 0 : under.depth + 1 },
    ...{ end: undefined, last: undefined, chunk: undefined },
  };
}

export function endOf(
  seq: number,
  event: EventOf<"exec.ended"> | EventOf<"connection.closed"> | EventOf<"request.ended">,
): End {
  const { wallMs } = event;
  if (event.type === "exec.ended") {
    const { failed, replacedBy, status, signal } = event;
    if (failed !== undefined) return { seq, wallMs, how: `could not start: ${escapeControls(failed)}`, failed: true };
    if (signal !== undefined) return { seq, wallMs, how: signal, failed: true };
    if (status !== undefined && status !== 0) return { seq, wallMs, how: `exit ${String(status)}`, failed: true };
    return { seq, wallMs, how: replacedBy === undefined ? "" : "then replaced itself", failed: false };
  }
  const { bytesSent, bytesReceived, error } = event;
  const parts = [`${formatBytes(bytesSent)} sent, ${formatBytes(bytesReceived)} received`];
  if (event.type === "request.ended") parts.unshift(event.status === undefined ? "no answer" : String(event.status));
  if (error !== undefined) parts.push(escapeControls(error));
  return { seq, wallMs, how: parts.join(", "), failed: error !== undefined };
}
