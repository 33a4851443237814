import { createHash } from "node:crypto";
import { ORDERS_STATEMENT, type Follow, type Standing } from "../../contract/orders.ts";
import type { GivenAnswer } from "../../contract/questions.ts";
import type { Caller } from "../identity/callers.ts";
import type { Holding } from "../arrivals/batch.ts";
import type { JournalOptions } from "../arrivals/journal.ts";
import { teamsOf } from "../access/resources.ts";
import type { Store } from "../store/open-store.ts";
import type { OrderRow } from "../store/tables.ts";
import { signStanding } from "./sign-standing.ts";

export interface OrderDeskOptions {
  readonly store: Store;
  readonly holding: Holding;
  readonly keys: JournalOptions["keys"];
  readonly now: () => number;
  /** Aborted when the server ends: whoever waits is answered then. */
  readonly signal: AbortSignal;
}

/** What is told, and waited for, when the list of questions is another. No run is called so. */
export const QUESTIONS = "questions";

/** What was read is believed for so long without being told of a change, should the telling fail. */
const BELIEVED_MS = 2_000;

/** A run as orders see it. */
type Facts = Pick<Follow, "run" | "agent" | "project"> & {
  readonly host: string;
  readonly person: string | undefined;
  readonly teams: readonly string[];
};

/**
 * Tells hosts what holds for their runs. Nothing is kept of who was told what: what holds follows from the orders that stand, so that
 * a host that was away, a server that was restarted, and another instance all come to the same.
 */
export class OrderDesk {
  readonly #options: OrderDeskOptions;
  readonly #waiting = new Map<string, Set<() => void>>();
  #read: { readonly orders: Promise<readonly OrderRow[]>; readonly until: number } | undefined;
  #stop: (() => Promise<void>) | undefined;

  constructor(options: OrderDeskOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#stop = await this.#options.store.onOrder((about) => {
      this.#read = undefined;
      this.#wake(about);
    });
    this.#options.signal.addEventListener("abort", () => {
      this.#wake("");
    });
  }

  async close(): Promise<void> {
    await this.#stop?.();
  }

  /** Resolves when what holds for the run is not what the host knows, or with the same after `waitMs`. @returns a signed note */
  async follow(caller: Caller, asked: Follow): Promise<string> {
    const { store, now } = this.#options;
    const teams = caller.person === undefined ? undefined : await teamsOf(store.db, [caller.person]);
    const facts = { ...asked, host: caller.id, person: caller.person, teams: teams?.get(caller.person ?? "") ?? [] };
    return await this.whenChanged(asked.run, now() + asked.waitMs, async (late) => {
      const standing = await this.#standing(facts, asked.nonce);
      return standing.tag !== asked.known || late
        ? await signStanding(this.#options, ORDERS_STATEMENT, standing)
        : undefined;
    });
  }

  /** Looks, and again whenever something about it was told, until there is something; at the latest at `until`, when it has to be. */
  async whenChanged<T>(about: string, until: number, look: (late: boolean) => Promise<T | undefined>): Promise<T> {
    const { now, signal } = this.#options;
    for (;;) {
      // Before looking: what changes while it is looked at must not be slept through.
      const changed = this.#changeOf(about);
      try {
        const leftMs = until - now();
        const late = leftMs <= 0 || signal.aborted;
        const seen = await look(late);
        if (seen !== undefined) return seen;
        if (late) throw new TypeError("there has to be an answer when it is late");
        await changed.within(leftMs);
      } finally {
        changed.forget();
      }
    }
  }

  async #standing(facts: Facts, nonce: string): Promise<Standing> {
    const now = this.#options.now();
    const orders = (await this.#orders()).filter(
      (order) => (order.expires_at === null || order.expires_at > now) && concerns(order, facts),
    );
    const first = (kind: OrderRow["kind"]): OrderRow | undefined => orders.find((order) => order.kind === kind);
    const why = first("kill") ?? first("pause");
    const leases = orders.flatMap(({ kind, seconds }) => (kind === "lease" && seconds !== null ? [seconds] : []));
    const answers = await this.#answersFor(facts, now);
    const gone = await this.#goneFor(facts);
    const told = {
      ...stateOf(gone, why),
      // The shortest: a lease for one host tightens that of the company.
      ...(leases.length > 0 && { leaseS: Math.min(...leases) }),
      ...(answers.length > 0 && { answers }),
    };
    const tag = createHash("sha256").update(JSON.stringify(told)).digest("base64url").slice(0, 22);
    return { host: facts.host, run: facts.run, nonce, at: now, tag, ...told };
  }

  /** Why all runs of a host are ended that counts no longer: whenever it asks, and whatever else stands. */
  async #goneFor({ host }: Facts): Promise<string | null> {
    const { db } = this.#options.store;
    const row = await db.selectFrom("host").select("runs_ended").where("id", "=", host).executeTakeFirst();
    return row?.runs_ended ?? null;
  }

  /** Until the question would be over, so that an answer that was not heard is told again. */
  async #answersFor({ run, host }: Facts, now: number): Promise<GivenAnswer[]> {
    const rows = await this.#options.store.db
      .selectFrom("question")
      .innerJoin("host", "host.number", "question.host")
      .select(["question.id", "answer", "answered_by", "bound"])
      .where("run", "=", run)
      .where("host.id", "=", host)
      .where("answer", "is not", null)
      .where("withdrawn_at", "is", null)
      .where("expires_at", ">", now)
      .orderBy("answered_at")
      .execute();
    return rows.flatMap(({ id, answer, answered_by: by, bound }) =>
      answer === null || by === null ? [] : [{ question: id, answer, by, bound }],
    );
  }

  async #orders(): Promise<readonly OrderRow[]> {
    const now = this.#options.now();
    if (this.#read !== undefined && this.#read.until > now) return await this.#read.orders;
    const orders = this.#options.store.db
      .selectFrom("live_order")
      .selectAll()
      .where("lifted_at", "is", null)
      .where((where) => where.or([where("expires_at", "is", null), where("expires_at", ">", now)]))
      .orderBy("id")
      .execute();
    const read = { orders, until: now + BELIEVED_MS };
    this.#read = read;
    orders.catch(() => {
      if (this.#read === read) this.#read = undefined;
    });
    return await orders;
  }

  #changeOf(run: string): { within(ms: number): Promise<void>; forget(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(run) ?? new Set();
    waiting.add(resolve);
    this.#waiting.set(run, waiting);
    let timer: NodeJS.Timeout | undefined;
    return {
      async within(ms) {
        timer = setTimeout(resolve, ms).unref();
        await promise;
      },
      forget: () => {
        clearTimeout(timer);
        waiting.delete(resolve);
        if (waiting.size === 0 && this.#waiting.get(run) === waiting) this.#waiting.delete(run);
      },
    };
  }

  /** @param about a run, or {@link QUESTIONS}; `""`: all */
  #wake(about: string): void {
    const woken = about === "" ? [...this.#waiting.values()] : [this.#waiting.get(about) ?? []];
    for (const waiting of woken) for (const wake of waiting) wake();
  }
}

function stateOf(gone: string | null, order: OrderRow | undefined): Pick<Standing, "state" | "why"> {
  if (gone !== null) return { state: "ended", why: gone };
  if (order === undefined) return { state: "running" };
  const why = `by ${order.given_by}: ${order.reason} (order ${String(order.id)})`;
  return { state: order.kind === "kill" ? "ended" : "paused", why };
}

function concerns({ scope_type: type, scope_id: id }: OrderRow, facts: Facts): boolean {
  switch (type) {
    case "Company":
      return true;
    case "Team":
      return facts.teams.includes(id);
    case "Person":
      return facts.person === id;
    case "Project":
      return facts.project === id;
    case "Agent":
      return facts.agent === id;
    case "Host":
      return facts.host === id;
    case "Run":
      return facts.run === id;
    default:
      return false;
  }
}
