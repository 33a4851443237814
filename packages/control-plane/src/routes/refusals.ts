import type { ServerErrorCode } from "../../contract/errors.ts";
import type { Journal } from "../arrivals/journal.ts";

/** What the server's log says of callers that were refused before a right of theirs was looked at. */
const COUNTED: ReadonlySet<ServerErrorCode> = new Set([
  "SERVER_UNKNOWN_CALLER",
  "SERVER_SESSION_OVER",
  "SERVER_CLOCK_SKEW",
  "SERVER_TOKEN_INVALID",
  "SERVER_PROOF_REFUSED",
  "SERVER_MALFORMED",
  "SERVER_TOO_LARGE",
  "SERVER_BUSY",
]);
/** What else is refused to who begins to sign in, or goes on with it: nobody's right is looked at there. */
const COUNTED_OF_OPEN: ReadonlySet<ServerErrorCode> = new Set([
  "SERVER_FORBIDDEN",
  "SERVER_NOT_FOUND",
  "SERVER_PROVIDER_FAILED",
]);
const EVERY_MS = 60_000;
/** Addresses that are told apart; more are as many. */
const MOST_ADDRESSES = 1_000;

export interface Refusal {
  readonly route: string;
  readonly code: ServerErrorCode;
  /** The route is open: it has nobody whose right is looked at. */
  readonly open: boolean;
  readonly address: string;
}

type Counts = Map<string, { readonly route: string; readonly code: ServerErrorCode; times: number }>;

/**
 * Counts them, and has one entry of the log for each minute in which there were any: whoever floods the server fills its memory and its log with
 * nothing. Addresses are counted and not kept: the log is for ever.
 */
export class Refusals {
  readonly #journal: Pick<Journal, "note">;
  readonly #now: () => number;
  #counts: Counts = new Map();
  #addresses = new Set<string>();
  #since: number;
  readonly #timer: NodeJS.Timeout;

  constructor(journal: Pick<Journal, "note">, now: () => number) {
    this.#journal = journal;
    this.#now = now;
    this.#since = now();
    this.#timer = setInterval(() => {
      // Without a database there is no log; what was counted goes into the next entry.
      this.write().catch(() => undefined);
    }, EVERY_MS).unref();
  }

  count({ route, code, open, address }: Refusal): void {
    if (!COUNTED.has(code) && !(open && COUNTED_OF_OPEN.has(code))) return;
    const key = `${route} ${code}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { route, code, times: 1 });
    else known.times += 1;
    if (this.#addresses.size < MOST_ADDRESSES) this.#addresses.add(address);
  }

  /** Resolves when what was counted is in the log. @throws ServerError SERVER_STORE_FAILED */
  async write(): Promise<void> {
    if (this.#counts.size === 0) {
      this.#since = this.#now();
      return;
    }
    const [counts, addresses, since] = [this.#counts, this.#addresses, this.#since];
    [this.#counts, this.#addresses, this.#since] = [new Map(), new Set(), this.#now()];
    try {
      await this.#journal.note({
        type: "callers.refused",
        since,
        addresses: addresses.size,
        counts: [...counts.values()],
      });
    } catch (error) {
      this.#takeBack({ counts, addresses, since });
      throw error;
    }
  }

  #takeBack(before: {
    readonly counts: Counts;
    readonly addresses: ReadonlySet<string>;
    readonly since: number;
  }): void {
    for (const [key, { route, code, times }] of before.counts) {
      const known = this.#counts.get(key);
      if (known === undefined) this.#counts.set(key, { route, code, times });
      else known.times += times;
    }
    for (const address of before.addresses) if (this.#addresses.size < MOST_ADDRESSES) this.#addresses.add(address);
    this.#since = before.since;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.write().catch(() => undefined);
  }
}
