import timers from "node:timers/promises";
import { pauseAfter } from "./backoff.ts";
import { ExportsError } from "./errors.ts";
import type { Batch, Outcome, Receiver } from "./receivers/receiver.ts";

/** The records of one event. */
export interface Rendered<R> {
  readonly index: number;
  readonly records: readonly R[];
}

/** What an exporter says of its work. */
export interface Observer {
  /** At the first failure after a success, and when the reason changes. */
  failing(reason: string, since: number): Promise<void>;
  /** The first success after failures. */
  recovered(sinceMs: number): void;
  /** What a receiver said of records that it took. */
  noted(note: string): void;
}

export interface DeliveryOptions {
  readonly log: string;
  readonly observer: Observer;
  /** Tries in a row before giving up. */
  readonly tries: number;
  readonly signal: AbortSignal;
}

/** Delivers batches, each until it is taken. */
export class Delivery<R> {
  readonly #receiver: Receiver<R>;
  readonly #options: DeliveryOptions;
  /** Events at once; halved when a receiver finds that too much. */
  #most = Infinity;

  constructor(receiver: Receiver<R>, options: DeliveryOptions) {
    this.#receiver = receiver;
    this.#options = options;
  }

  /**
   * Resolves once the receiver has all of them.
   * @throws ExportsError EXPORTS_NOT_DELIVERED after so many tries, EXPORTS_REFUSED; AbortError
   */
  async deliver(events: readonly Rendered<R>[]): Promise<void> {
    for (let from = 0; from < events.length;) {
      const part = events.slice(from, from + Math.min(this.#most, events.length));
      if (await this.#deliverPart(part)) from += part.length;
      else this.#most = Math.max(1, part.length >> 1);
    }
  }

  /** False: the receiver wants smaller parts. */
  async #deliverPart(events: readonly Rendered<R>[]): Promise<boolean> {
    const [first] = events;
    const last = events.at(-1);
    if (first === undefined || last === undefined) return true;
    const batch: Batch<R> = {
      records: events.flatMap(({ records }) => records),
      log: this.#options.log,
      first: first.index,
      last: last.index,
    };
    const { observer, signal, tries } = this.#options;
    const since = Date.now();
    let told: string | undefined;
    for (let failures = 1; ; failures++) {
      const outcome = await this.#receiver.send(batch, signal);
      if (outcome.taken) {
        if (told !== undefined) observer.recovered(Date.now() - since);
        if (outcome.note !== undefined) observer.noted(outcome.note);
        return true;
      }
      if (outcome.again === "smaller" && events.length > 1) return false;
      if (outcome.again !== "later") throw refused(batch, outcome);
      if (outcome.reason !== told) await observer.failing(outcome.reason, since);
      told = outcome.reason;
      if (failures >= tries) throw notDelivered(batch, outcome);
      await timers.setTimeout(pauseAfter(failures, outcome.afterMs, Math.random()), undefined, { signal });
    }
  }
}

type Failure = Extract<Outcome, { taken: false }>;

function refused<R>({ first, last }: Batch<R>, { reason }: Failure): ExportsError {
  return new ExportsError(
    "EXPORTS_REFUSED",
    `the receiver will not take entries ${String(first)} to ${String(last)}: ${reason}`,
    {
      remedy: `nothing is lost: they are in the record; correct the receiver or exports.toml, or leave them out by \`--from ${String(last + 1)}\``,
    },
  );
}

function notDelivered<R>({ first, last }: Batch<R>, { reason }: Failure): ExportsError {
  return new ExportsError(
    "EXPORTS_NOT_DELIVERED",
    `entries ${String(first)} to ${String(last)} could not be delivered: ${reason}`,
    { remedy: "nothing is lost: the next export begins with them" },
  );
}
