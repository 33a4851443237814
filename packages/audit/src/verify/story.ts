/** Whether the events of each run tell a whole story. Browser-safe. */
import type { Event, EventOf } from "../events.ts";
import type { Problem, Problems } from "./problems.ts";

/** What a run's first event says of the log before it. */
export interface FollowsClaim {
  readonly index: number;
  readonly run: string;
  readonly size: number;
  readonly root: string;
}

type Of<T extends Event["type"], M extends keyof EventOf<T> = "type"> = Pick<EventOf<T>, "type" | "run" | M>;

/** What of an event tells the story. Every event is one. */
export type StoryFact =
  | Of<"run.started", "follows">
  | Of<"exec.allowed", "exec" | "origin">
  | Of<"exec.refused", "origin">
  | Of<"exec.ended", "exec">
  | Of<"tool.called", "call">
  | Of<"connection.opened" | "connection.closed", "connection">
  | Of<"request.sent" | "request.ended", "request">
  | Of<"recording.grown", "bytes">
  | Of<"recording.closed", "bytes">
  | Of<"recording.opened" | "run.ended" | "run.frozen" | "files.changed" | "protection.renewed" | "record.witnessed">
  | Of<"model.called" | "budget.spent" | "leak.found">
  | Of<"exec.tampered" | "approval" | "host.refused" | "request.refused" | "credential.misused">
  | Of<"key.rotated" | "run.erased">;

interface RunState {
  /** Execs and connections that began and did not end; emptied when the run ends. */
  readonly execs: Set<number>;
  readonly ended: Set<number>;
  readonly connections: Set<number>;
  readonly requests: Set<number>;
  /** The newest call of a tool: they are counted. */
  calls: number;
  /** Of the terminal: none, one that grows to so many bytes, or one that is complete. */
  recording: "none" | "complete" | number;
  isOver: boolean;
  /** Its beginning lies before what is read. */
  readonly beganBefore: boolean;
}

/** Takes events in the order of the log. */
export class StoryChecker {
  readonly #problems: Problems;
  readonly #runs = new Map<string, RunState>();
  readonly #claims: FollowsClaim[] = [];
  #hasHole = false;
  #beginsLate = false;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  get claims(): readonly FollowsClaim[] {
    return this.#claims;
  }

  get runs(): number {
    return this.#runs.size;
  }

  /** Runs without `run.ended`: they still run, or whoever recorded them was killed. */
  get unended(): string[] {
    return [...this.#runs].filter(([, state]) => !state.isOver).map(([run]) => run);
  }

  /** Entries are missing or not genuine, which is reported already: what does not fit afterwards is their doing. */
  noteHole(): void {
    this.#hasHole = true;
  }

  /** What came before is not read: of what began there, only the rest is told. */
  beginLate(): void {
    this.#beginsLate = true;
  }

  accept(index: number, event: StoryFact): void {
    const report = (kind: Problem["kind"], detail: string): void => {
      if (!this.#hasHole) this.#problems.add({ kind, index, run: event.run, detail });
    };
    if (event.type === "key.rotated") return;
    if (event.type === "run.erased") {
      if (!this.#runs.has(event.run) && !this.#beginsLate) report("gap", "a run was erased that never began");
      return;
    }
    const state = this.#stateOf(event, report);
    if (state.isOver) report("reordering", "an entry follows the run's end");
    switch (event.type) {
      case "run.started":
        this.#claims.push({ index, run: event.run, ...event.follows });
        return;
      case "exec.allowed":
        if (state.execs.has(event.exec) || state.ended.has(event.exec))
          report("gap", `exec ${String(event.exec)} begins twice`);
        state.execs.add(event.exec);
        checkOrigin(event.origin, state, report);
        return;
      case "exec.ended":
        if (!state.execs.delete(event.exec) && !state.beganBefore)
          report("gap", `exec ${String(event.exec)} ends and never began`);
        state.ended.add(event.exec);
        return;
      case "connection.opened":
        state.connections.add(event.connection);
        return;
      case "connection.closed":
        if (!state.connections.delete(event.connection) && !state.beganBefore)
          report("gap", `connection ${String(event.connection)} closes and never opened`);
        return;
      case "request.sent":
        if (state.requests.has(event.request)) report("gap", `request ${String(event.request)} is sent twice`);
        state.requests.add(event.request);
        return;
      case "request.ended":
        if (!state.requests.delete(event.request) && !state.beganBefore)
          report("gap", `request ${String(event.request)} ends and was never sent`);
        return;
      case "tool.called":
        if (event.call !== state.calls + 1 && !(state.beganBefore && state.calls === 0))
          report("gap", `call ${String(event.call)} follows call ${String(state.calls)}`);
        state.calls = event.call;
        return;
      case "run.ended":
        state.isOver = true;
        for (const set of [state.execs, state.ended, state.connections, state.requests]) set.clear();
        return;
      case "recording.opened":
        if (state.recording === "complete" || (state.recording !== "none" && !state.beganBefore))
          report("gap", "the recording begins twice");
        state.recording = 0;
        return;
      case "recording.grown":
      case "recording.closed":
        if (typeof state.recording === "string") report("gap", "a recording goes on that is none");
        else if ((event.bytes ?? Infinity) < state.recording) report("gap", "the recording shrinks");
        state.recording = event.type === "recording.closed" ? "complete" : event.bytes;
        return;
      case "exec.refused":
        checkOrigin(event.origin, state, report);
        return;
      case "model.called":
      case "budget.spent":
      case "leak.found":
      case "exec.tampered":
      case "approval":
      case "host.refused":
      case "request.refused":
      case "credential.misused":
      case "files.changed":
      case "record.witnessed":
      case "run.frozen":
      case "protection.renewed":
        return;
    }
  }

  #stateOf(event: StoryFact, report: (kind: Problem["kind"], detail: string) => void): RunState {
    const known = this.#runs.get(event.run);
    if (known !== undefined) {
      if (event.type === "run.started") report("gap", "the run starts twice");
      return known;
    }
    const beganBefore = event.type !== "run.started" && this.#beginsLate;
    if (event.type !== "run.started" && !beganBefore) report("gap", "the run's beginning is missing");
    const sets = {
      execs: new Set<number>(),
      ended: new Set<number>(),
      connections: new Set<number>(),
      requests: new Set<number>(),
    };
    const state: RunState = { ...sets, calls: 0, recording: beganBefore ? 0 : "none", isOver: false, beganBefore };
    this.#runs.set(event.run, state);
    return state;
  }
}

/** A process can come from no call that had not been told. */
function checkOrigin(
  origin: EventOf<"exec.allowed">["origin"],
  { calls, beganBefore }: RunState,
  report: (kind: Problem["kind"], detail: string) => void,
): void {
  if (origin?.kind === "call" && origin.call > calls && !beganBefore)
    report("gap", `an exec comes from call ${String(origin.call)}, which was never told`);
}
