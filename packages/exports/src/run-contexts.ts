import { LOG_ITSELF, readRun, type Event, type EventOf, type LoggedEvent } from "@bailiwick/audit";
import { isRunId } from "@bailiwick/base";
import { recordId, type OpenExec, type Refusal, type RunContext, type Source } from "./source.ts";

/** Of these only the newest are kept; of a run that has more, the older ones' ends are told without their beginnings. */
const MOST_OPEN = 10_000;
/** Runs that are remembered; those that have waited longest are read from the log again when they go on. */
const MOST_RUNS = 64;
export const MOST_REFUSALS = 32;

interface Context extends RunContext {
  started: EventOf<"run.started"> | undefined;
  readonly execs: Map<number, OpenExec>;
  readonly connections: Map<number, EventOf<"connection.opened">>;
  readonly refusals: Refusal[];
  refusalsLeftOut: number;
}

/**
 * What is known of the runs that go on, so that the end of a command can say which. Made from the log alone: of a run that is not
 * known, what lies before the event is read again. So an exporter that was killed tells the same as one that was not.
 */
export class RunContexts {
  readonly #directory: string;
  readonly #log: string;
  readonly #runs = new Map<string, Context>();

  /** @param log the log's origin */
  constructor(directory: string, log: string) {
    this.#directory = directory;
    this.#log = log;
  }

  /** Each event of the log, in its order, with what was known before it; `use` ends before the event counts as known. */
  async with<T>(logged: LoggedEvent, use: (source: Source) => T): Promise<T> {
    const { index, event, erased } = logged;
    const context = await this.#contextOf(logged);
    const result = use({ index, event, erased, context, log: this.#log, id: recordId(this.#log, logged) });
    note(context, logged);
    if (event.type === "run.ended") this.#runs.delete(event.run);
    return result;
  }

  async #contextOf({ index, event }: LoggedEvent): Promise<Context> {
    const { run } = event;
    if (run === LOG_ITSELF) return emptyContext();
    const known = this.#runs.get(run);
    this.#runs.delete(run);
    const context = known ?? (await this.#read(event, index));
    this.#runs.set(run, context);
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > MOST_RUNS && oldest !== undefined) this.#runs.delete(oldest);
    return context;
  }

  async #read({ type, run }: Event, before: number): Promise<Context> {
    const context = emptyContext();
    if (type === "run.started" || !isRunId(run)) return context;
    for await (const logged of readRun(this.#directory, run)) {
      if (logged.index >= before) break;
      note(context, logged);
    }
    return context;
  }
}

export function emptyContext(): Context {
  return { started: undefined, execs: new Map(), connections: new Map(), refusals: [], refusalsLeftOut: 0 };
}

function note(context: Context, { event, erased }: LoggedEvent): void {
  switch (event.type) {
    case "run.started":
      context.started = event;
      return;
    case "exec.allowed":
      keep(context.execs, event.exec, { event, erased, refusals: [], refusalsLeftOut: 0 });
      return;
    case "exec.ended":
      context.execs.delete(event.exec);
      return;
    case "exec.refused":
      noteRefusal(context, event, event.parent);
      return;
    case "host.refused":
      noteRefusal(context, event, event.exec ?? 0);
      return;
    case "connection.opened":
      keep(context.connections, event.connection, event);
      return;
    case "connection.closed":
      context.connections.delete(event.connection);
      return;
    case "approval":
    case "exec.tampered":
    case "files.changed":
    case "protection.renewed":
    case "record.witnessed":
    case "recording.opened":
    case "recording.grown":
    case "recording.closed":
    case "request.sent":
    case "request.refused":
    case "request.ended":
    case "credential.misused":
    case "tool.called":
    case "model.called":
    case "budget.spent":
    case "leak.found":
    case "run.frozen":
    case "run.ended":
    case "run.erased":
    case "key.rotated":
      return;
  }
}

function noteRefusal(context: Context, event: Refusal, exec: number): void {
  const owner = context.execs.get(exec) ?? context;
  if (owner.refusals.length < MOST_REFUSALS) owner.refusals.push(event);
  else owner.refusalsLeftOut++;
}

function keep<T>(map: Map<number, T>, key: number, value: T): void {
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MOST_OPEN && oldest !== undefined) map.delete(oldest);
}
