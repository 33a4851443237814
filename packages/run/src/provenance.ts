import type { EventOf } from "@bailiwick/audit";

export type Origin = NonNullable<EventOf<"exec.allowed">["origin"]>;

/** How the run's agent runs a command for its model. @see Adapter of `@bailiwick/agents` */
export interface AgentShell {
  readonly commandsOf: (tool: string, input: string) => readonly string[];
  readonly unwrap: (argv: readonly string[]) => string | undefined;
}

/** What is asked of one exec. */
export interface StartedExec {
  readonly exec: number;
  readonly parent: number;
  readonly argv: readonly string[];
  /** Whether it was refused: then the same may be tried again, and is the same call's. */
  readonly refused: boolean;
}

interface Wanted {
  readonly call: number;
  readonly command: string;
}

/** Calls that wait for their process; most calls have none, and the oldest are given up. */
const MOST_WANTED = 512;
/** Execs whose origin is remembered; more than go on at one time. */
const MOST_ORIGINS = 32_768;

/**
 * Which call of a tool a process comes from. A call explains the first process whose shell runs its very text, and what that process starts; once.
 * Nothing else is put down to a call: what an agent starts for itself stays unexplained, and so does what only looks like it.
 */
export class Provenance {
  readonly #shell: AgentShell;
  #wanted: Wanted[] = [];
  /** Of execs that come from a call; the others' origin follows from when they started. */
  readonly #calls = new Map<number, number>();
  #hasCalls = false;

  constructor(shell: AgentShell) {
    this.#shell = shell;
  }

  /** A model called a tool. @param call its number in the run */
  called(call: number, tool: string, input: string): void {
    this.#hasCalls = true;
    for (const command of this.#shell.commandsOf(tool, input)) this.#wanted.push({ call, command });
    if (this.#wanted.length > MOST_WANTED) this.#wanted = this.#wanted.slice(-MOST_WANTED);
  }

  /** Once for each exec, in their order. */
  originOf(started: StartedExec): Origin {
    const call = this.#calls.get(started.parent) ?? this.#match(started);
    if (call === undefined) return { kind: this.#hasCalls ? "unexplained" : "before" };
    this.#calls.set(started.exec, call);
    const [oldest] = this.#calls.keys();
    if (this.#calls.size > MOST_ORIGINS && oldest !== undefined) this.#calls.delete(oldest);
    return { kind: "call", call };
  }

  #match({ argv, refused }: StartedExec): number | undefined {
    if (this.#wanted.length === 0) return undefined;
    const command = this.#shell.unwrap(argv);
    if (command === undefined) return undefined;
    const index = this.#wanted.findIndex((wanted) => wanted.command === command);
    if (index < 0) return undefined;
    const found = this.#wanted[index];
    if (!refused) this.#wanted.splice(index, 1);
    return found?.call;
  }
}
