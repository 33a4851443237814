/** SAFETY: starts the one worker of this package, with two directories and nothing of the environment. */
import { Worker } from "node:worker_threads";
import { workerEnvironment } from "@bailiwick/base/workers";
import type { GivenAnswer } from "@bailiwick/control-plane/contract";
import { Lease } from "./lease.ts";
import { makeQuestionId, OpenQuestions, type NewQuestion } from "./open-questions.ts";
import type { FromSender, SenderPlaces, ToSender } from "./sender-worker.privileged.ts";

export interface RunSender {
  /** Asks people at the server; undefined when nobody answered in time, or could be asked. Aborting takes the question back. */
  ask(question: NewQuestion, signal: AbortSignal): Promise<GivenAnswer | undefined>;
  /** Gives the rest at most so long to arrive; resolves soon after, whatever the server does. */
  stop(patienceMs: number): Promise<void>;
}

/** What the server may do to the run. */
export interface FollowingRun {
  pause(why: string): void;
  resume(): void;
  end(why: string): void;
}

export interface RunSenderOptions {
  readonly places: SenderPlaces;
  readonly run: FollowingRun;
  readonly say: (text: string) => void;
}

/** What a worker needs to end, beyond the patience it was told. */
const GRACE_MS = 500;

/**
 * Sends the record of this host to its server in a thread of its own, and does to the run what the server says, until it is stopped. Never
 * fails: what is wrong is said.
 */
export function startRunSender({ places, run, say }: RunSenderOptions): RunSender {
  const worker = new Worker(workerUrl(), { workerData: places, env: workerEnvironment(), argv: [], execArgv: [] });
  worker.unref();
  const lease = new Lease((leaseS) => {
    run.end(`nothing was heard from the server for ${String(leaseS)} s`);
  });
  const open = new OpenQuestions();
  const gone = new Promise<void>((resolve) => {
    worker.on("message", (message: FromSender) => {
      if ("say" in message) say(message.say);
      else if ("standing" in message) {
        obey(run, lease, message.standing);
        for (const given of message.standing.answers ?? []) open.answer(given);
      } else if ("unasked" in message) open.close(message.unasked);
      else if ("keptLeaseS" in message) lease.renew(message.keptLeaseS);
      else resolve();
    });
    // A lease goes on without the worker: a run that can hear nothing any more ends with it.
    worker.on("error", (error) => {
      say(`the record is not sent to the server: ${error instanceof Error ? error.message : String(error)}`);
      resolve();
    });
    worker.on("exit", () => {
      resolve();
    });
  });
  return {
    async ask(question, signal) {
      const id = makeQuestionId();
      const answered = open.open(id, question.bound);
      worker.postMessage({ id, ask: question } satisfies ToSender);
      const close = (): void => {
        open.close(id);
      };
      const patience = setTimeout(close, question.expiresInS * 1000);
      signal.addEventListener("abort", close);
      void gone.then(close);
      const given = await answered;
      clearTimeout(patience);
      signal.removeEventListener("abort", close);
      if (given === undefined) worker.postMessage({ withdraw: id } satisfies ToSender);
      return given;
    },
    async stop(patienceMs) {
      lease.end();
      worker.ref();
      worker.postMessage({ stopWithinMs: patienceMs } satisfies ToSender);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, patienceMs + GRACE_MS);
      });
      await Promise.race([gone, late]);
      clearTimeout(timer);
      await worker.terminate();
    },
  };
}

function obey(
  run: FollowingRun,
  lease: Lease,
  { state, why = "", leaseS }: Extract<FromSender, { standing: unknown }>["standing"],
): void {
  lease.renew(leaseS);
  switch (state) {
    case "running":
      run.resume();
      return;
    case "paused":
      run.pause(why);
      return;
    case "ended":
      run.end(why);
      return;
  }
}

/** Beside the bundle it is `sender-worker.mjs`; unbuilt it is the source file. */
function workerUrl(): URL {
  const unbuilt = import.meta.url.endsWith(".ts");
  return new URL(unbuilt ? "./sender-worker.privileged.ts" : "./sender-worker.mjs", import.meta.url);
}
