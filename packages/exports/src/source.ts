import type { Event, EventOf, LoggedEvent } from "@bailiwick/audit";

/** An exec that goes on, as far as records of what follows need it. */
export interface OpenExec {
  readonly event: EventOf<"exec.allowed">;
  readonly erased: boolean;
  /** What was refused to it: span events of its span. At most {@link MOST_REFUSALS}. */
  readonly refusals: Refusal[];
  refusalsLeftOut: number;
}

export type Refusal = EventOf<"exec.refused"> | EventOf<"host.refused">;

/** What is known of a run before one of its events. */
export interface RunContext {
  readonly started: EventOf<"run.started"> | undefined;
  readonly execs: ReadonlyMap<number, OpenExec>;
  readonly connections: ReadonlyMap<number, EventOf<"connection.opened">>;
  /** What was refused to no exec that is open, as in {@link OpenExec}. */
  readonly refusals: readonly Refusal[];
  readonly refusalsLeftOut: number;
}

/** One event on its way out. The same entry of the same log gives the same source, whatever was exported before. */
export interface Source {
  readonly index: number;
  readonly event: Event;
  readonly erased: boolean;
  /** The longest strings and lists were cut for a receiver that takes no more. */
  readonly cut?: boolean;
  readonly context: RunContext;
  /** The log's origin, `bailiwick/HOST-RANDOM`. */
  readonly log: string;
  /** By which receivers drop what comes twice. @see recordId */
  readonly id: string;
}

/** What the run said of itself when it began: who, where, which agent; undefined of what is of no run. */
export function startOf({ event, context }: Source): EventOf<"run.started"> | undefined {
  return event.type === "run.started" ? event : context.started;
}

/** `RUN:INDEX`: run ids are random, so no two logs have the same. What is of the log itself has the log's name instead. */
export function recordId(log: string, { index, event }: Pick<LoggedEvent, "index" | "event">): string {
  return `${event.type === "key.rotated" ? log : event.run}:${String(index)}`;
}

/** The exec that an event belongs to: of a refusal the one that asked; 0 is the run itself. */
export function execOf({ event, context }: Source): number {
  switch (event.type) {
    case "exec.refused":
      return event.parent;
    case "exec.allowed":
    case "exec.ended":
    case "exec.tampered":
      return event.exec;
    case "approval":
    case "host.refused":
    case "connection.opened":
    case "request.sent":
    case "request.refused":
    case "credential.misused":
    case "model.called":
    case "leak.found":
      return event.exec ?? 0;
    case "connection.closed":
      return context.connections.get(event.connection)?.exec ?? 0;
    case "budget.spent":
    case "tool.called":
    case "files.changed":
    case "key.rotated":
    case "protection.renewed":
    case "record.witnessed":
    case "recording.closed":
    case "recording.grown":
    case "recording.opened":
    case "request.ended":
    case "run.ended":
    case "run.erased":
    case "run.frozen":
    case "run.started":
      return 0;
  }
}
