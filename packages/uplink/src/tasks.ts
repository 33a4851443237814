import { randomBytes } from "node:crypto";
import { Client, ServerError, signAs, type AnswerOf, type InputOf } from "@bailiwick/control-plane/contract";
import { readEnrolment, readHostKey } from "./enrolment.ts";
import { pause } from "./pause.ts";

type Task = AnswerOf<"showTask">;
export type HandIn = Omit<InputOf<"handInTask">["body"], "lease">;

/** Why a task has to stop. `lost`: it may be another host's by now. */
export type Wanted = "cancel" | "lost";

export interface HostTasks {
  /** The name that the server gave this host. */
  readonly host: string;
  /** The next task of a pool; undefined when there was none for a while, or `signal` aborted. @throws ServerError */
  take(pool: string, signal: AbortSignal): Promise<HeldTask | undefined>;
}

const TAKE_WAIT_MS = 10_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 2_000;
/** What the server may take beyond the wait that it was asked for. */
const GRACE_MS = 10_000;

/** @throws ServerError when this host is enrolled nowhere */
export function openHostTasks(directory: string): HostTasks {
  const enrolment = readEnrolment(directory);
  if (enrolment === undefined) {
    throw new ServerError("SERVER_NOT_FOUND", "this host is enrolled at no server", {
      remedy: "enrol it: `bailiwick enroll URL TOKEN`",
    });
  }
  const { url, host } = enrolment;
  const client = new Client({ url, by: signAs(host, readHostKey(directory)) });
  return {
    host,
    async take(pool, signal) {
      const lease = randomBytes(16).toString("base64url");
      const body = { pool, lease };
      const { task, leaseS } = await patiently(signal, (waitMs) => {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(waitMs + GRACE_MS)]);
        return client.call("takeTask", { params: { host }, body: { ...body, waitMs } }, { signal: limit });
      }).catch(async (error: unknown) => {
        if (!signal.aborted) throw error;
        // It may have been given meanwhile: asked again by the same lease it comes, and can be given back.
        return await client.call("takeTask", { params: { host }, body }, { signal: AbortSignal.timeout(GRACE_MS) });
      });
      return task && new HeldTask({ client, host, lease, task, leaseS });
    },
  };
}

/** Asks until there is an answer that is the server's own. @param ask with how long it is waited for */
async function patiently<T>(signal: AbortSignal, ask: (waitMs: number) => Promise<T>): Promise<T> {
  for (let waitMs = FIRST_PAUSE_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await ask(TAKE_WAIT_MS);
    } catch (error) {
      if (signal.aborted || !passes(error)) throw error;
      await pause(waitMs, signal);
    }
  }
}

/** What is the server's absence, and not its answer. */
function passes(error: unknown): boolean {
  if (error instanceof ServerError) return error.code === "SERVER_UNREACHABLE" || error.code === "SERVER_STORE_FAILED";
  return error instanceof Error && error.name === "TimeoutError";
}

interface Given {
  readonly client: Client;
  readonly host: string;
  readonly lease: string;
  readonly task: Task;
  readonly leaseS: number;
}

/**
 * A task that this host has. It is kept by saying so again and again; when that could not be said for four fifths of the lease, or the server says that the
 * task is somebody else's, it is lost: before the server may give it to another.
 */
export class HeldTask {
  readonly task: Task;
  readonly #given: Given;
  readonly #stopping = new AbortController();
  readonly #wanted = Promise.withResolvers<Wanted>();
  #leaseMs: number;
  #heardAt: number;
  #running = false;
  #run: string | undefined;
  #keeping: Promise<void> | undefined;

  constructor(given: Given) {
    this.task = given.task;
    this.#given = given;
    this.#leaseMs = given.leaseS * 1000;
    // When it was given is not known, only when that was heard. Nothing runs before it was renewed, which counts from when that was sent.
    this.#heardAt = performance.now();
  }

  /** Resolves when it has to stop, if ever. */
  get wanted(): Promise<Wanted> {
    return this.#wanted.promise;
  }

  /** Goes on saying that this host has it. */
  keep(): void {
    this.#keeping ??= this.#keep();
  }

  /** Says that it begins: a right to begin is had only after that. @returns `lost` also when it could not be said in time */
  async begin(): Promise<"go-on" | Wanted> {
    this.#running = true;
    while (!this.#isOver()) {
      try {
        return await this.#renew(0);
      } catch (error) {
        if (!passes(error)) return "lost";
        await pause(FIRST_PAUSE_MS, this.#stopping.signal);
      }
    }
    return "lost";
  }

  /** Its run, as soon as it has one. */
  setRun(run: string): void {
    this.#run = run;
  }

  /** @returns whether the server has it: not when the task is somebody else's by now */
  async handIn(result: HandIn): Promise<boolean> {
    const { client, host, lease, task } = this.#given;
    try {
      for (;;) {
        try {
          const limit = AbortSignal.timeout(3 * GRACE_MS);
          const input = { params: { host, task: task.id }, body: { ...result, lease } };
          await client.call("handInTask", input, { signal: limit });
          return true;
        } catch (error) {
          if (error instanceof ServerError && error.code === "SERVER_CONFLICT") return false;
          if (!passes(error)) throw error;
          // What is not lost can be handed in as long as it is kept.
          if (this.#keeping === undefined || this.#isOver()) return false;
          await pause(FIRST_PAUSE_MS);
        }
      }
    } finally {
      this.#stopping.abort();
      await this.#keeping;
    }
  }

  #isOver(): boolean {
    return performance.now() - this.#heardAt > this.#leaseMs * 0.8;
  }

  async #keep(): Promise<void> {
    const { signal } = this.#stopping;
    // A first word without waiting, so that what was cancelled meanwhile is known.
    for (let waitMs = 0; !signal.aborted; waitMs = Math.round(this.#leaseMs / 3)) {
      try {
        if ((await this.#renew(Math.min(waitMs, TAKE_WAIT_MS))) === "cancel") {
          this.#wanted.resolve("cancel");
          // It is still had until it is handed in.
          await pause(Math.round(this.#leaseMs / 6), signal);
        }
      } catch (error) {
        if (signal.aborted) return;
        if (this.#isOver() || !passes(error)) {
          this.#wanted.resolve("lost");
          return;
        }
        await pause(FIRST_PAUSE_MS, signal);
      }
    }
  }

  async #renew(waitMs: number): Promise<"go-on" | "cancel"> {
    const { client, host, lease, task } = this.#given;
    const sentAt = performance.now();
    const state = this.#running ? ("running" as const) : ("leased" as const);
    const run = this.#run === undefined ? {} : { run: this.#run };
    const limit = Math.min(
      waitMs + GRACE_MS,
      Math.max(1_000, Math.round(this.#heardAt + this.#leaseMs * 0.8 - sentAt)),
    );
    const { wanted, leaseS } = await client.call(
      "renewTask",
      { params: { host, task: task.id }, body: { lease, state, waitMs, ...run } },
      { signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(limit)]) },
    );
    this.#heardAt = sentAt;
    this.#leaseMs = leaseS * 1000;
    return wanted;
  }
}
