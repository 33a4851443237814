import { openSync, readSync } from "node:fs";
import { isErrno } from "@bailiwick/base";

/** A thread that waited for more of its time than this had somebody to wait for. */
const CROWDED = 0.1;
/** Of what it works then, it rests so many times as long, and at most so long at once. */
const REST = 6;
const LONGEST_MS = 500;

/**
 * Gives way on a host whose processors are all busy. A low priority is not enough: it counts within a group of processes, and the kernel puts every terminal
 * session into one of its own (sched(7), autogroups). Where a processor is idle nothing rests.
 */
export class Courtesy {
  readonly #file: number | undefined;
  readonly #buffer = Buffer.alloc(64);
  #before = { ran: 0, waited: 0 };

  /** Of the thread that makes it. */
  constructor() {
    this.#file = openStatistics();
    this.#before = this.#read();
  }

  /** How many milliseconds to rest after the work since the last call. */
  restMs(): number {
    const now = this.#read();
    const ran = now.ran - this.#before.ran;
    const waited = now.waited - this.#before.waited;
    this.#before = now;
    return waited <= CROWDED * (ran + waited) ? 0 : Math.min(LONGEST_MS, (REST * ran) / 1e6);
  }

  /** Nanoseconds on a processor, and ready for one (Documentation/scheduler/sched-stats.rst). */
  #read(): { readonly ran: number; readonly waited: number } {
    if (this.#file === undefined) return { ran: 0, waited: 0 };
    const length = readSync(this.#file, this.#buffer, 0, this.#buffer.length, 0);
    const [ran = 0, waited = 0] = this.#buffer.toString("latin1", 0, length).split(" ").map(Number);
    return { ran, waited };
  }
}

function openStatistics(): number | undefined {
  try {
    return openSync("/proc/thread-self/schedstat", "r");
  } catch (error) {
    if (isErrno(error, "ENOENT", "EACCES")) return undefined; // a kernel without them
    throw error;
  }
}
