/** Whether the events of each run tell a whole story. Browser-safe. */
import type { Event } from "../events.ts";
import type { Problem, Problems } from "./problems.ts";

/** What a run's first event says of the log before it. */
export interface FollowsClaim {
  readonly index: number;
  readonly run: string;
  readonly size: number;
  readonly root: string;
}

/** What happens within a run: the others tell of the log. */
type StoryEvent = Exclude<Event, { type: "key.rotated" | "run.erased" }>;

interface RunState {
  /** Execs and connections that began and did not end; emptied when the run ends. */
  readonly execs: Set<number>;
  readonly ended: Set<number>;
  readonly connections: Set<number>;
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

  accept(index: number, event: Event): void {
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
      case "run.ended":
        state.isOver = true;
        for (const set of [state.execs, state.ended, state.connections]) set.clear();
        return;
      case "exec.refused":
      case "exec.tampered":
      case "approval":
      case "host.refused":
      case "files.changed":
      case "record.witnessed":
      case "run.frozen":
      case "protection.renewed":
        return;
    }
  }

  #stateOf(event: StoryEvent, report: (kind: Problem["kind"], detail: string) => void): RunState {
    const known = this.#runs.get(event.run);
    if (known !== undefined) {
      if (event.type === "run.started") report("gap", "the run starts twice");
      return known;
    }
    const beganBefore = event.type !== "run.started" && this.#beginsLate;
    if (event.type !== "run.started" && !beganBefore) report("gap", "the run's beginning is missing");
    const sets = { execs: new Set<number>(), ended: new Set<number>(), connections: new Set<number>() };
    const state = { ...sets, isOver: false, beganBefore };
    this.#runs.set(event.run, state);
    return state;
  }
}
