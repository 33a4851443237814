import type { Journal } from "../arrivals/journal.ts";
import { noteTask } from "./notes.ts";
import type { TaskQueue } from "./queue.ts";

const EVERY_MS = 1_000;

export interface SweeperOptions {
  readonly tasks: TaskQueue;
  readonly journal: Journal;
  readonly now: () => number;
  /** For the operator: one line. */
  readonly say: (text: string) => void;
}

/** Takes back tasks of hosts that are not heard of any more. Each instance does: a task is taken back by one of them. */
export class Sweeper {
  readonly #options: SweeperOptions;
  readonly #since: number;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(options: SweeperOptions) {
    this.#options = options;
    // Nobody could renew anything while the server was away: that is no host's fault.
    this.#since = options.now();
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#sweeping ??= this.#sweep().finally(() => {
        this.#sweeping = undefined;
      });
    }, EVERY_MS).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { tasks, journal, now, say } = this.#options;
    try {
      for (const row of await tasks.takeBack(now(), this.#since)) await noteTask(journal, row, { by: "server" });
    } catch (error) {
      say(`tasks of lost hosts can't be taken back: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
