import { setTimeout as pause } from "node:timers/promises";
import type { Event, EventOf } from "@bailiwick/audit";
import type { Severity } from "@bailiwick/policy";
import { sql } from "kysely";
import type { Holding } from "../arrivals/batch.ts";
import type { Store } from "../store/open-store.ts";
import type { Database } from "../store/tables.ts";
import type { About, Notify } from "./config.ts";
import { countNotice } from "./notices.ts";
import { rankOf, severityOf } from "./severity.ts";
import { hostsSchema, tellSilence, tellWeaker, type HostsConfig } from "./watch-hosts.ts";

export interface WatchOptions {
  readonly store: Store;
  readonly holding: Holding;
  readonly notify: readonly Notify[];
  readonly hosts: HostsConfig | undefined;
  readonly now: () => number;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Places that one transaction looks through. */
const BATCH = 20_000;
/** Between two looks: what arrives meanwhile is looked through together. */
const REST_MS = 500;
const HOSTS_MS = 30_000;
/** After a fault of the database. */
const RETRY_MS = 5_000;

/**
 * Finds in what has arrived what is told elsewhere: refusals, and runs of hosts that enforce less. It follows by a place of its own in the order of arrival, so
 * that what arrives is kept without it, and nothing is passed over when it is away; one instance at a time, whichever comes first.
 */
export class Watch {
  readonly #options: WatchOptions;
  readonly #refusals: readonly Notify[];
  readonly #isAboutHosts: boolean;
  #wake: () => void = () => undefined;
  #running: Promise<void> | undefined;
  #stop: (() => Promise<void>) | undefined;
  #hostsAt = -Infinity;

  constructor(options: WatchOptions) {
    this.#options = options;
    const about = (what: About) => options.notify.filter((each) => each.about.includes(what));
    this.#refusals = about("refusals");
    this.#isAboutHosts = about("hosts").length > 0;
  }

  async start(): Promise<void> {
    const { store, signal } = this.#options;
    const { db } = store;
    if (this.#refusals.length === 0 && !this.#isAboutHosts) {
      // What arrives until somebody wants to be told of it is not told then.
      await db.deleteFrom("notify_cursor").execute();
      return;
    }
    await sql`insert into notify_cursor (seen) select arrived from server on conflict do nothing`.execute(db);
    this.#stop = await store.onArrival(() => {
      this.#wake();
    });
    signal.addEventListener("abort", () => {
      this.#wake();
    });
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    await this.#stop?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal, say } = this.#options;
    while (!signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      try {
        const more = await this.#look();
        await this.#pause(REST_MS);
        if (more) continue;
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        if (!signal.aborted) say(`what has arrived can't be told elsewhere yet: ${error.message}`);
        await this.#pause(RETRY_MS);
        continue;
      }
      const timer = setTimeout(resolve, HOSTS_MS).unref();
      await promise;
      clearTimeout(timer);
    }
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#options.signal, ref: false }).catch(() => undefined);
  }

  /** @returns whether there is more to look through */
  async #look(): Promise<boolean> {
    const { store, now, hosts = hostsSchema.parse({}), notify } = this.#options;
    return await store.db.transaction().execute(async (db) => {
      const cursor = await db.selectFrom("notify_cursor").select("seen").forUpdate().skipLocked().executeTakeFirst();
      // Another instance looks, or all are told by now that nothing is wanted.
      if (cursor === undefined) return false;
      const { arrived } = await db.selectFrom("server").select("arrived").executeTakeFirstOrThrow();
      const to = Math.min(arrived, cursor.seen + BATCH);
      if (to > cursor.seen) {
        await this.#tell(db, await this.#read(db, cursor.seen, to));
        await db.updateTable("notify_cursor").set({ seen: to }).execute();
      }
      const at = now();
      if (this.#isAboutHosts && at - this.#hostsAt >= HOSTS_MS) {
        this.#hostsAt = at;
        await tellSilence(db, { notify, hosts }, at);
      }
      return to < arrived;
    });
  }

  /** Of the events of these places those that may matter. */
  async #read(db: Database, from: number, to: number): Promise<Seen[]> {
    const { rows } = await sql<{ seq: number; host: number; entry: Uint8Array; record: Uint8Array | null }>`
      select seq, host, entry, record from event where seq > ${from} and seq <= ${to} and (${TELLING}) order by seq`.execute(
      db,
    );
    return rows.flatMap(({ seq, host, entry, record }) => {
      const opened = this.#options.holding.openHeldEvent(entry, record ?? undefined);
      return typeof opened === "object" ? [{ seq, host, event: opened.event }] : [];
    });
  }

  async #tell(db: Database, seen: readonly Seen[]): Promise<void> {
    const { notify, now } = this.#options;
    const at = now();
    for (const each of seen) {
      if (this.#isAboutHosts && isStart(each)) await tellWeaker(db, { notify }, each, at);
    }
    for (const { receiver, refusals } of this.#refusals) {
      for (const counted of countRefusals(seen, rankOf(refusals))) {
        const { host, event, seq, severity, count } = counted;
        const notice = { type: "run.refused", host, run: event.run, seq, severity } as const;
        const topic = `refusals ${String(host)} ${event.run}`;
        await countNotice(db, { notify: receiver, topic, notice, count, rank: rankOf(severity), at });
      }
    }
  }
}

interface Seen {
  readonly seq: number;
  readonly host: number;
  readonly event: Event;
}

function isStart(seen: Seen): seen is Seen & { readonly event: EventOf<"run.started"> } {
  return seen.event.type === "run.started";
}

/**
 * What of an entry says its type, looked for where the rest of it is not read: of all that arrives hardly anything is a refusal. An entry that only looks like
 * one is opened and passed over.
 */
const TELLING = sql.join(
  ['refused"', '.tampered"', '.misused"', '"leak.found"', '"run.ended"', '"run.started"'].map(
    (text) => sql`position(${Buffer.from(text)}::bytea in entry) > 0`,
  ),
  sql` or `,
);

interface Counted extends Seen {
  readonly severity: Severity;
  readonly count: number;
}

/** By run: how many are at least so severe, and the first of the most severe. */
function countRefusals(seen: readonly Seen[], least: number): readonly Counted[] {
  const runs = new Map<string, Counted>();
  for (const each of seen) {
    const severity = severityOf(each.event);
    if (severity === undefined || rankOf(severity) < least) continue;
    const key = `${String(each.host)} ${each.event.run}`;
    const before = runs.get(key);
    const worst = before === undefined || rankOf(severity) > rankOf(before.severity) ? { ...each, severity } : before;
    runs.set(key, { ...worst, count: (before?.count ?? 0) + 1 });
  }
  return [...runs.values()];
}
