// SAFETY: the only code that is started here is the examiner's own, without an environment; it gets a directory, and reads files in it.
import { availableParallelism } from "node:os";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { workerEnvironment } from "@bailiwick/base/workers";
import { openExamineJobs, type ExamineJob, type ExamineReply } from "./examine-job.ts";
import { RECORDS_WIDTH } from "./private-records.ts";
import { TILE_WIDTH } from "./tiles.ts";
import type { ExaminedBundle, Examiner } from "./verify/facts.ts";

/** Bundles of a job: their entries' personal members lie in one file for each run. */
const JOB_BUNDLES = RECORDS_WIDTH / TILE_WIDTH;
/** With the one that asks. */
const MOST_THREADS = 4;
/** Jobs that each thread has before it: one to do, one to go on with. */
const JOBS_EACH = 2;
/** How many jobs the threads may be ahead of whoever asks: what they found waits in memory, some 100 KB a job. */
const AHEAD = 64;
/** Below this many entries a thread takes longer to begin than all of them together. */
const WORTH_THREADS = 32_768;

/** Threads that examine a record's bundles ahead of whoever asks; undefined where that is not worth it. */
export function openExaminers(directory: string, size: number): Examiner | undefined {
  const threads = Math.min(MOST_THREADS, availableParallelism());
  return threads > 1 && size >= WORTH_THREADS ? new Examiners(directory, size, threads - 1) : undefined;
}

/** Threads, and the one that asks: it does what it would else wait for, from the first moment on, when the others only begin. */
export class Examiners implements Examiner {
  readonly #bundles: number;
  readonly #threads: readonly Thread[];
  readonly #examine: (job: ExamineJob) => Promise<ExamineReply>;
  /** What is under way or done and is wanted yet, by the number of the job. */
  readonly #replies = new Map<number, Promise<ExamineReply>>();
  readonly #done = new Set<number>();
  #asked = -1;
  #next = 0;
  #isClosed = false;

  /** @param threads besides the one that asks */
  constructor(directory: string, size: number, threads: number) {
    this.#bundles = Math.floor(size / TILE_WIDTH);
    this.#threads = Array.from({ length: threads }, () => new Thread(directory));
    this.#examine = openExamineJobs(directory);
  }

  async examine(bundle: number): Promise<ExaminedBundle | undefined> {
    const job = Math.floor(bundle / JOB_BUNDLES);
    if (job !== this.#asked) {
      this.#asked = job;
      this.#next = Math.max(this.#next, job);
      for (const old of this.#replies.keys()) if (old < job) this.#forget(old);
      await this.#work(job);
    }
    return (await this.#replies.get(job))?.[bundle % JOB_BUNDLES];
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  /** Until a job is done, or nothing is left to do but wait for it. */
  async #work(wanted: number): Promise<void> {
    for (;;) {
      this.#handOut();
      if (this.#done.has(wanted)) return;
      const job = this.#take();
      if (job === undefined) return;
      this.#keep(job, this.#examine(this.#jobAt(job)));
      await this.#replies.get(job);
      // Answers of the threads come in between.
      await setImmediate();
    }
  }

  #handOut(): void {
    for (const thread of this.#threads)
      while (thread.waiting < JOBS_EACH) {
        const job = this.#take();
        if (job === undefined) return;
        this.#keep(job, thread.ask(this.#jobAt(job)));
      }
  }

  #take(): number | undefined {
    const isThere = !this.#isClosed && this.#next * JOB_BUNDLES < this.#bundles && this.#next < this.#asked + AHEAD;
    return isThere ? this.#next++ : undefined;
  }

  #jobAt(job: number): ExamineJob {
    const first = job * JOB_BUNDLES;
    return { first, count: Math.min(JOB_BUNDLES, this.#bundles - first) };
  }

  /** A job that fails says nothing of its bundles: each is then read the long way. */
  #keep(job: number, reply: Promise<ExamineReply>): void {
    const kept = reply
      .catch((): ExamineReply => [])
      .then((found) => {
        this.#done.add(job);
        return found;
      });
    this.#replies.set(job, kept);
    void kept.then(() => {
      this.#handOut();
    });
  }

  #forget(job: number): void {
    this.#replies.delete(job);
    this.#done.delete(job);
  }
}

/** Answers in the order of the questions. One that fails says nothing more of any bundle: each is then read the long way. */
class Thread {
  readonly #worker: Worker;
  readonly #waiting: ((reply: ExamineReply) => void)[] = [];
  #isOver = false;

  constructor(directory: string) {
    this.#worker = new Worker(workerUrl(), { env: workerEnvironment(), argv: [], execArgv: [], workerData: directory });
    this.#worker.on("message", (reply: ExamineReply) => this.#waiting.shift()?.(reply));
    this.#worker.on("error", () => {
      this.#end();
    });
    this.#worker.on("exit", () => {
      this.#end();
    });
  }

  /** Jobs that it has not answered yet. One that is over takes none. */
  get waiting(): number {
    return this.#isOver ? Infinity : this.#waiting.length;
  }

  ask(job: ExamineJob): Promise<ExamineReply> {
    if (this.#isOver) return Promise.resolve([]);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#worker.postMessage(job);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #end(): void {
    this.#isOver = true;
    for (const resolve of this.#waiting.splice(0)) resolve([]);
  }
}

/** Beside the bundle it is `examiner-worker.mjs`; unbuilt it is the source file. */
function workerUrl(): URL {
  const unbuilt = import.meta.url.endsWith(".ts");
  return new URL(unbuilt ? "./examiner-worker.privileged.ts" : "./examiner-worker.mjs", import.meta.url);
}
