import type { Client } from "@bailiwick/control-plane/contract";
import { ServerError } from "@bailiwick/control-plane/contract";
import type { NewQuestion } from "./open-questions.ts";
import type { FollowedRun } from "./orders.ts";
import { pause } from "./pause.ts";

const FIRST_PAUSE_MS = 200;
/** A server that is away for so long has not been asked; then nobody is waited for. */
const PATIENCE_MS = 20_000;

export interface QuestionSenderOptions {
  readonly client: Client;
  readonly host: string;
  readonly run: FollowedRun;
  readonly signal: AbortSignal;
}

/** Puts questions to the server and takes them back. Which were answered comes with what the server wants of the run. */
export class QuestionSender {
  readonly #options: QuestionSenderOptions;

  constructor(options: QuestionSenderOptions) {
    this.#options = options;
  }

  /** @returns whether it was put there */
  async put(id: string, question: NewQuestion): Promise<boolean> {
    const { client, host, run, signal } = this.#options;
    const body = {
      ...{ id, ...run, ...question },
      ...{ agent: run.agent.slice(0, 400), project: run.project.slice(0, 400), labels: [...run.labels] },
    };
    const until = performance.now() + PATIENCE_MS;
    for (let waitMs = FIRST_PAUSE_MS; !signal.aborted; waitMs *= 2) {
      try {
        await client.call("askQuestion", { params: { host }, body }, { signal });
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        if (!(error instanceof ServerError)) throw error;
        const passes = error.code === "SERVER_UNREACHABLE" || error.code === "SERVER_STORE_FAILED";
        if (!passes || performance.now() > until) return false;
        await pause(waitMs, signal);
      }
    }
    return false;
  }

  async withdraw(question: string): Promise<void> {
    const { client, host, signal } = this.#options;
    try {
      await client.call("withdrawQuestion", { params: { host, question } }, { signal });
    } catch (error) {
      // It is over by itself when its time is.
      if (!(error instanceof ServerError) && !signal.aborted) throw error;
    }
  }
}
