/**
 * SAFETY: the one place that starts the worker. The worker is of this package and gets no environment and no arguments;
 * what it answers is used only as data.
 */
import { Worker } from "node:worker_threads";
import { workerEnvironment } from "@bailiwick/base/workers";
import { PolicyError } from "../errors.ts";
import { LruMap } from "../decide/lru.ts";
import type { Answers, Ask, AuthorizationCall, Evaluation, Question, Reply } from "./messages.ts";

const START_TIMEOUT_MS = 20_000;
const COMPILE_TIMEOUT_MS = 60_000;
const EVALUATE_TIMEOUT_MS = 5_000;
/** A worker that nobody has asked for so long is ended: it holds some 45 MB, and starting another takes a quarter of a second. */
const IDLE_MS = 60_000;
/** One that has not evaluated anything yet only told what needs no evaluation, which most runs need no more than. */
const UNUSED_MS = 3_000;
/** Prepared sets can't be freed, only replaced: this many at once, and no more. */
const SLOTS = 64;

/** How many prepared sets are remembered to have trapped. */
const TRAPPING = 256;

interface Waiting {
  readonly resolve: (value: Answers[Ask["kind"]]) => void;
  readonly reject: (error: PolicyError) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Cedar in a worker of its own. Nothing is loaded before the first question. A worker that trapped, hangs or died is
 * replaced at the next question; whoever waits for it gets POLICY_CEDAR_FAILED, which must mean deny.
 */
export class Cedar {
  #worker: Worker | undefined;
  #started: Promise<unknown> | undefined;
  #idle: NodeJS.Timeout | undefined;
  /** The worker has evaluated something. */
  #evaluates = false;
  #nextId = 1;
  #closed = false;
  readonly #waiting = new Map<number, Waiting>();
  /** Sets whose evaluation trapped: asked again they would cost another worker each time. */
  readonly #trapping = new LruMap<string, true>(TRAPPING);
  /** Which prepared set is in which slot, and the slots that hold none. */
  readonly #slots = new LruMap<string, number>(SLOTS);
  #free = Array.from({ length: SLOTS }, (_, slot) => slot);

  /** Loads Cedar; resolves when it is ready to decide quickly. */
  async warm(): Promise<void> {
    const started = (this.#started ??= this.#ask({ kind: "warm" }, START_TIMEOUT_MS));
    try {
      await started;
    } catch (error) {
      if (this.#started === started) this.#started = undefined;
      throw error;
    }
  }

  async compile(sources: Extract<Ask, { kind: "compile" }>["sources"]): Promise<Answers["compile"]> {
    return await this.#ask({ kind: "compile", sources }, COMPILE_TIMEOUT_MS);
  }

  async format(text: string): Promise<Answers["format"]> {
    return await this.#ask({ kind: "format", text }, COMPILE_TIMEOUT_MS);
  }

  /**
   * Asks with one prepared set. @param key names the set; equal keys mean equal sets. @param policies their texts by id
   * @throws PolicyError POLICY_CEDAR_FAILED
   */
  async evaluate(
    key: string,
    policies: () => Readonly<Record<string, string>>,
    call: AuthorizationCall,
  ): Promise<Evaluation> {
    if (this.#trapping.get(key) === true) throw trapped();
    await this.warm();
    const known = this.#slots.get(key);
    this.#evaluates = true;
    const slot = known ?? this.#takeSlot(key);
    const prepare = known === undefined ? policies() : undefined;
    try {
      return await this.#ask({ kind: "evaluate", slot, prepare, call }, EVALUATE_TIMEOUT_MS);
    } catch (error) {
      if (error instanceof PolicyError && error.message === TRAPPED) this.#trapping.set(key, true);
      // Whether the set got into its slot is not known; a new worker has new slots.
      if (prepare !== undefined && this.#slots.get(key) === slot) {
        this.#slots.delete(key);
        this.#free.push(slot);
      }
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#drop("the decider was closed");
  }

  #takeSlot(key: string): number {
    const slot = this.#free.pop() ?? this.#slots.removeOldest();
    if (slot === undefined) throw new PolicyError("POLICY_CEDAR_FAILED", "no slot for a policy set is free");
    this.#slots.set(key, slot);
    return slot;
  }

  async #ask<K extends Ask["kind"]>(ask: Extract<Ask, { kind: K }>, timeoutMs: number): Promise<Answers[K]> {
    const { promise, resolve, reject } = Promise.withResolvers<Answers[Ask["kind"]]>();
    if (this.#closed) throw new PolicyError("POLICY_CEDAR_FAILED", "the decider was closed");
    const worker = this.#start();
    const id = this.#nextId++;
    const timer = setTimeout(() => void this.#drop("Cedar did not answer in time"), timeoutMs);
    this.#waiting.set(id, { resolve, reject, timer });
    clearTimeout(this.#idle);
    worker.ref();
    worker.postMessage({ id, ...ask } satisfies Question);
    // The worker answers each kind of question with its own kind of answer (Answers, in the worker's one switch).
    return (await promise) as Answers[K]; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- see above
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(workerUrl(), {
      env: workerEnvironment(),
      argv: [],
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    worker.unref();
    worker.on("message", (reply: Reply) => {
      this.#settle(worker, reply);
    });
    worker.on("error", (error) => {
      if (worker === this.#worker)
        void this.#drop(`Cedar's worker failed: ${error instanceof Error ? error.message : String(error)}`);
    });
    worker.on("exit", () => {
      if (worker === this.#worker) void this.#drop("Cedar's worker ended");
    });
    this.#worker = worker;
    return worker;
  }

  #settle(worker: Worker, reply: Reply): void {
    if (worker !== this.#worker) return;
    const waiting = this.#waiting.get(reply.id);
    if (waiting !== undefined) {
      this.#waiting.delete(reply.id);
      clearTimeout(waiting.timer);
      if (reply.ok) waiting.resolve(reply.value);
      else if (reply.trapped) waiting.reject(trapped());
      else waiting.reject(new PolicyError("POLICY_CEDAR_FAILED", `Cedar failed: ${oneLine(reply.message)}`));
    }
    if (!reply.ok && reply.trapped) void this.#drop("Cedar trapped on another request");
    else if (this.#waiting.size === 0) {
      worker.unref();
      const idle = this.#evaluates ? IDLE_MS : UNUSED_MS;
      this.#idle = setTimeout(() => void this.#drop("Cedar was not needed for a while"), idle).unref();
    }
  }

  /** Ends the worker and fails everyone who waits for it. Its prepared sets are gone with it. */
  async #drop(why: string): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#started = undefined;
    clearTimeout(this.#idle);
    this.#slots.clear();
    this.#free = Array.from({ length: SLOTS }, (_, slot) => slot);
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new PolicyError("POLICY_CEDAR_FAILED", why));
    }
    this.#waiting.clear();
    await worker?.terminate();
  }
}

/** Beside the bundle it is `cedar-worker.mjs`; unbuilt it is the source file. */
function workerUrl(): URL {
  const unbuilt = import.meta.url.endsWith(".ts");
  return new URL(unbuilt ? "../cedar-worker.privileged.ts" : "./cedar-worker.mjs", import.meta.url);
}

const TRAPPED = "Cedar trapped: the policy text is too deeply nested";

function trapped(): PolicyError {
  return new PolicyError("POLICY_CEDAR_FAILED", TRAPPED);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").slice(0, 500);
}
