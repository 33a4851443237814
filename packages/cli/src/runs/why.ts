import type { Event, EventOf } from "@bailiwick/audit";
import { escapeControls, formatCommand } from "@bailiwick/base";
import { count, formatClock, type Paint } from "../format.ts";
import { execText, otherText } from "./event-text.ts";
import { modelText, toolText } from "./model-text.ts";

type Exec = EventOf<"exec.allowed"> | EventOf<"exec.refused">;

/** Why a process ran: the chain of what led to it, and what came of it. For `--json` as it is. */
export interface Why {
  readonly exec: Exec;
  readonly end: EventOf<"exec.ended"> | undefined;
  /** From the run's own command down to its parent. */
  readonly ancestors: readonly Exec[];
  readonly call: EventOf<"tool.called"> | undefined;
  readonly model: EventOf<"model.called"> | undefined;
  /** The request that the model answered. */
  readonly asked: EventOf<"request.sent"> | undefined;
  readonly started: readonly Exec[];
  readonly reached: readonly EventOf<"connection.opened" | "host.refused" | "request.sent" | "request.refused">[];
}

/** Collects a run's events, and tells of any of its processes. */
export class WhyIndex {
  readonly #execs = new Map<number, Exec>();
  readonly #ends = new Map<number, EventOf<"exec.ended">>();
  readonly #calls = new Map<number, EventOf<"tool.called">>();
  /** By the call: over a WebSocket one request is answered many times. */
  readonly #models = new Map<number, EventOf<"model.called">>();
  /** Calls whose answer is not over, by its request. */
  readonly #unanswered = new Map<number, number[]>();
  readonly #requests = new Map<number, EventOf<"request.sent">>();
  readonly #children = new Map<number, Exec[]>();
  readonly #reached = new Map<number, Why["reached"][number][]>();

  add(event: Event): void {
    if (event.type === "exec.allowed" || event.type === "exec.refused") {
      this.#execs.set(event.exec, event);
      push(this.#children, event.parent, event);
    } else if (event.type === "exec.ended") this.#ends.set(event.exec, event);
    else if (event.type === "tool.called") {
      this.#calls.set(event.call, event);
      push(this.#unanswered, event.request, event.call);
    } else if (event.type === "model.called") {
      for (const call of this.#unanswered.get(event.request) ?? []) this.#models.set(call, event);
      this.#unanswered.delete(event.request);
    } else if (isReached(event)) {
      if (event.type === "request.sent") this.#requests.set(event.request, event);
      if (event.exec !== undefined) push(this.#reached, event.exec, event);
    }
  }

  /** Execs by number (`exec:12`) or by the pid of their process; a process that went on as another program is told of once, as the last. */
  find(text: string): readonly Why[] {
    const wanted = /^exec:(\d{1,15})$/.exec(text)?.[1];
    const found = [...this.#execs.values()].filter(({ exec, pid }) =>
      wanted === undefined ? text === String(pid) : exec === Number(wanted),
    );
    const last = found.filter(({ exec }) => wanted !== undefined || this.#ends.get(exec)?.replacedBy === undefined);
    return last.map((exec) => this.#why(exec));
  }

  #why(exec: Exec): Why {
    const call = exec.origin?.kind === "call" ? this.#calls.get(exec.origin.call) : undefined;
    return {
      exec,
      end: this.#ends.get(exec.exec),
      ancestors: this.#ancestorsOf(exec),
      call,
      model: call && this.#models.get(call.call),
      asked: call && this.#requests.get(call.request),
      started: this.#children.get(exec.exec) ?? [],
      reached: this.#reached.get(exec.exec) ?? [],
    };
  }

  #ancestorsOf(exec: Exec): Exec[] {
    const found: Exec[] = [];
    for (let at = this.#execs.get(exec.parent); at !== undefined; at = this.#execs.get(at.parent)) {
      found.unshift(at);
      // A record that was tampered with may lead in a circle.
      if (found.length > this.#execs.size) break;
    }
    return found;
  }
}

const REACHED: ReadonlySet<Event["type"]> = new Set<Why["reached"][number]["type"]>([
  "connection.opened",
  "host.refused",
  "request.sent",
  "request.refused",
]);

function isReached(event: Event): event is Why["reached"][number] {
  return REACHED.has(event.type);
}

function push<T>(map: Map<number, T[]>, key: number, value: T): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

const LABEL = 9;
/** Of a text that is recorded, a person wants to see the beginning. */
const SHOWN_TEXT = 400;

/** From the prompt down to what the process did, a line each. */
export function whyLines({ exec, end, ancestors, call, model, asked, started, reached }: Why, paint: Paint): string[] {
  const lines: string[] = [];
  const line = (label: string, text: string): void => {
    lines.push(`${paint("dim", label.padEnd(LABEL))} ${text}`);
  };
  if (model?.prompt !== undefined) line("prompt", textOf(model.prompt));
  if (model !== undefined) {
    const place = asked === undefined ? "" : ` (${escapeControls(asked.host)}, request ${String(asked.request)})`;
    line("model", `${formatClock(model.at)} ${modelText(model)}${place}`);
    line("output", textOf(model.output));
  }
  if (call !== undefined)
    line("call", `${toolText(call)}${call.id === "" ? "" : paint("dim", `  ${escapeControls(call.id)}`)}`);
  else line("call", paint("yellow", unexplained(exec)));
  for (const each of ancestors) line("started by", commandOf(each));
  line("process", `exec ${String(exec.exec)}, pid ${String(exec.pid)}: ${execText(exec, end, paint)}`);
  for (const { path, digest } of [exec.program, ...(exec.also ?? [])])
    line("file", `${escapeControls(path)} ${paint("dim", digest)}`);
  for (const each of started) line("started", commandOf(each));
  for (const each of reached) line("reached", otherText(each, paint) ?? "");
  return lines;
}

function unexplained({ origin }: Exec): string {
  switch (origin?.kind) {
    case undefined:
      return "not known: no connection was looked into, so no model could be heard";
    case "before":
      return "none: it started before any model had called a tool";
    case "unexplained":
      return "none explains it: the agent started it of its own accord, or something else did";
    case "call":
      return `${String(origin.call)}, which the record does not hold`;
  }
}

function commandOf({ exec, argv }: Exec): string {
  const command = argv.values.length === 0 ? "(erased)" : formatCommand(argv.values, 160);
  return `exec ${String(exec)}: ${command}`;
}

function textOf({ digest, bytes, text }: EventOf<"model.called">["output"]): string {
  const named = `${digest ?? "(erased)"}, ${count(bytes, "byte")}`;
  if (text === undefined) return named;
  const shown = text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT)}…` : text;
  return `“${escapeControls(shown)}” (${named})`;
}
