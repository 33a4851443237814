import { mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { escapeControls } from "@bailiwick/base";
import { openStateDirectory } from "@bailiwick/run";
import { openTasks, sync, type HeldTask, type HostTasks } from "@bailiwick/uplink";
import { CliError } from "../errors.ts";
import { Output } from "../output.ts";
import { reportError, writeError } from "../report.ts";
import { announceRunner, openWork, runnersOf, workRoot } from "./runner-files.ts";
import { runTask } from "./run-task.ts";

export interface RunnerOptions {
  readonly pool: string;
  readonly slots: string;
  readonly drain?: true;
  readonly work?: string;
  readonly json?: true;
}

const MOST_SLOTS = 64;
const LOOK_MS = 200;
/** After a task could not even be asked for: a server that says no is asked again later, since it may be told otherwise. */
const REFUSED_MS = 5_000;

/** `bailiwick runner`: takes tasks of a pool until it is told to stop. */
export async function runnerCommand(options: RunnerOptions): Promise<number> {
  const { pool } = options;
  const state = openStateDirectory(process.env);
  const runners = join(state.root, "runners");
  if (options.drain) return await drainOthers(runners, pool);
  const slots = /^[0-9]{1,2}$/.test(options.slots) ? Number(options.slots) : 0;
  if (slots < 1 || slots > MOST_SLOTS) {
    throw new CliError("CLI_USAGE", `\`--slots\` needs a number from 1 to ${String(MOST_SLOTS)}`, {
      remedy: "as many as runs at a time fit on this host",
    });
  }
  const tasks = await openTasks(state.server);
  const work = openWork(options.work ?? workRoot(process.env));
  const withdraw = announceRunner(runners, pool);
  const out = new Output(process.stdout);
  const say: Say = (event) => void out.line(options.json ? JSON.stringify(event) : textOf(event));
  const runner = new Runner({ pool, tasks, work, places: { directory: state.server, log: state.log }, say });
  const onSignal = (): void => {
    runner.stop();
  };
  for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, onSignal);
  say({ type: "ready", pool, host: tasks.host, slots });
  try {
    await runner.run(slots);
  } finally {
    withdraw();
    rmSync(work, { recursive: true, force: true });
  }
  say({ type: "stopped", pool });
  return 0;
}

type Event =
  | { readonly type: "ready"; readonly pool: string; readonly host: string; readonly slots: number }
  | { readonly type: "taken"; readonly task: string; readonly agent: string; readonly by: string }
  | {
      readonly type: "ended";
      readonly task: string;
      readonly outcome: string;
      readonly reason?: string;
      readonly taken: boolean;
    }
  | { readonly type: "draining"; readonly pool: string }
  | { readonly type: "stopped"; readonly pool: string };
type Say = (event: Event) => void;

function textOf(event: Event): string {
  switch (event.type) {
    case "ready":
      return `takes tasks of ${event.pool} as ${event.host}, ${String(event.slots)} at a time`;
    case "taken":
      return escapeControls(`${event.task}  begins: ${event.agent}, for ${event.by}`);
    case "ended": {
      const why = event.reason === undefined ? "" : `: ${event.reason}`;
      const lost = event.taken ? "" : " (the server had taken it back)";
      return escapeControls(`${event.task}  ${event.outcome}${why}${lost}`);
    }
    case "draining":
      return "takes nothing more, and ends when its tasks are done; again: gives them back at once";
    case "stopped":
      return "ended";
  }
}

interface Parts {
  readonly pool: string;
  readonly tasks: HostTasks;
  readonly work: string;
  readonly places: { readonly directory: string; readonly log: string };
  readonly say: Say;
}

/** Told to stop it takes nothing more; told again it gives back what it has. */
class Runner {
  readonly #parts: Parts;
  readonly #draining = new AbortController();
  readonly #stopping = new AbortController();
  #syncing: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  stop(): void {
    if (this.#draining.signal.aborted) this.#stopping.abort();
    else {
      this.#parts.say({ type: "draining", pool: this.#parts.pool });
      this.#draining.abort();
    }
  }

  async run(slots: number): Promise<void> {
    await Promise.all(Array.from({ length: slots }, () => this.#slot()));
    await this.#syncing;
  }

  async #slot(): Promise<void> {
    const { pool, tasks } = this.#parts;
    const { signal } = this.#draining;
    while (!signal.aborted) {
      try {
        const held = await tasks.take(pool, signal);
        if (held === undefined) continue;
        if (signal.aborted) await held.handIn({ outcome: "returned", reason: "its host takes nothing more" });
        else await this.#do(held);
      } catch (error) {
        if (signal.aborted) return;
        reportError(error);
        await pause(REFUSED_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #do(held: HeldTask): Promise<void> {
    const { work, say } = this.#parts;
    const { id: task, agent, by } = held.task;
    say({ type: "taken", task, agent, by });
    // One of its own: a task that was lost and comes again may still be ended in the other.
    const place = mkdtempSync(join(work, `${task}-`));
    try {
      const { result, taken } = await runTask(held, { place, stop: this.#stopping.signal });
      const { outcome, reason } = result;
      say({ type: "ended", task, outcome, taken, ...(reason !== undefined && { reason }) });
    } finally {
      this.#sync();
      // Not at once: a large repository takes seconds, in which no other slot would renew its lease.
      await rm(place, { recursive: true, force: true });
    }
  }

  /** The end of its record: the run itself waits for that only shortly. */
  #sync(): void {
    const say = (text: string): void => {
      writeError(`bailiwick: ${escapeControls(text)}\n`);
    };
    this.#syncing = this.#syncing
      .then(() => sync({ ...this.#parts.places, say }))
      .then(
        () => undefined,
        // What is not sent now the next run sends.
        (error: unknown) => {
          say(`the record could not be sent: ${error instanceof Error ? error.message : String(error)}`);
        },
      );
  }
}

/** Tells this host's runners of a pool to take nothing more, and waits until they have ended. */
async function drainOthers(directory: string, pool: string): Promise<number> {
  const found = runnersOf(directory, pool);
  for (const { pid } of found) process.kill(pid, "SIGTERM");
  writeError(`bailiwick: ${String(found.length)} runners of ${pool} end when their tasks are done\n`);
  while (runnersOf(directory, pool).length > 0) await pause(LOOK_MS);
  return 0;
}
