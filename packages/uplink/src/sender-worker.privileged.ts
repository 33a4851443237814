/**
 * The worker that sends while a run goes on, and hears what the server wants of the run: loading what speaks to a server, and speaking to it,
 * costs the run's own thread nothing.
 *
 * SAFETY: it is given two directories and the run's name, agent, project and labels, and answers what holds for the run, `say` and `stopped`; what it
 * says is shown with controls escaped.
 */
import { parentPort, workerData } from "node:worker_threads";
import { Client, ServerError, signAs } from "@bailiwick/control-plane/contract";
import { readEnrolment, readHostKey } from "./enrolment.ts";
import { followOrders, type FollowedRun, type Told } from "./orders.ts";
import { FRESH_MS } from "./fresh.ts";
import { pause } from "./pause.ts";
import { fetchPolicies } from "./policies.ts";
import type { NewQuestion } from "./open-questions.ts";
import { QuestionSender } from "./questions.ts";
import { Sender } from "./sender.ts";

export interface SenderPlaces {
  readonly directory: string;
  readonly log: string;
  readonly run: FollowedRun;
}

export type FromSender =
  | { readonly say: string }
  | { readonly standing: Told }
  | { readonly keptLeaseS: number }
  /** A question that could not be put to the server. */
  | { readonly unasked: string }
  | { readonly stopped: true };
export type ToSender =
  | { readonly stopWithinMs: number }
  | { readonly ask: NewQuestion; readonly id: string }
  | { readonly withdraw: string };

const port = parentPort;
if (port === null) throw new Error("this file is the entry of a worker");
const places: SenderPlaces = workerData;
const answer = (message: FromSender): void => {
  port.postMessage(message);
};
const FETCH_MS = 20_000;
const said = new Set<string>();
const say = (text: string): void => {
  if (said.has(text)) return;
  said.add(text);
  answer({ say: text });
};

const stopping = new AbortController();
/** Questions are taken back while the rest of the record is sent. */
const stopped = new AbortController();
let sender: Sender | undefined;
let questions: QuestionSender | undefined;
try {
  sender = new Sender({ ...places, say });
  sender.start();
  void follow().catch((error: unknown) => {
    say(`the server's orders are not followed: ${error instanceof Error ? error.message : String(error)}`);
  });
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
}

async function follow(): Promise<void> {
  const { directory, run } = places;
  const enrolment = readEnrolment(directory);
  if (enrolment === undefined) return;
  const { url, host } = enrolment;
  const client = new Client({ url, by: signAs(host, readHostKey(directory)) });
  void keepFetching(directory).catch((error: unknown) => {
    say(`the server's policies are not fetched: ${error instanceof Error ? error.message : String(error)}`);
  });
  questions = new QuestionSender({ client, host, run, signal: stopped.signal });
  await followOrders({
    client,
    enrolment,
    directory,
    run,
    onStanding: ({ state, why, leaseS, answers }) => {
      answer({
        standing: {
          state,
          ...(why !== undefined && { why }),
          ...(leaseS !== undefined && { leaseS }),
          ...(answers !== undefined && { answers }),
        },
      });
    },
    onKeptLease: (keptLeaseS) => {
      answer({ keptLeaseS });
    },
    say,
    signal: stopping.signal,
  });
}

/** For the runs to come, and to tell the server what this one is governed by: at once, and from time to time. */
async function keepFetching(directory: string): Promise<void> {
  while (!stopping.signal.aborted) {
    try {
      await fetchPolicies({ directory, signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(FETCH_MS)]) });
    } catch (error) {
      if (stopping.signal.aborted) return;
      if (!(error instanceof ServerError)) throw error;
      // Away it is asked again; who is there in its place is told of.
      if (error.code === "SERVER_MALFORMED") say(error.message);
    }
    await pause(FRESH_MS, stopping.signal);
  }
}

async function ask(id: string, question: NewQuestion): Promise<void> {
  if ((await questions?.put(id, question)) !== true) answer({ unasked: id });
}

function failed(error: unknown): void {
  say(`nobody is asked at the server: ${error instanceof Error ? error.message : String(error)}`);
}

port.on("message", (message: ToSender) => {
  if ("ask" in message) {
    void ask(message.id, message.ask).catch((error: unknown) => {
      failed(error);
      answer({ unasked: message.id });
    });
    return;
  }
  if ("withdraw" in message) {
    void questions?.withdraw(message.withdraw).catch(failed);
    return;
  }
  const { stopWithinMs } = message;
  stopping.abort();
  void (async () => {
    await sender?.stop(stopWithinMs);
    stopped.abort();
    answer({ stopped: true });
    port.close();
  })();
});
