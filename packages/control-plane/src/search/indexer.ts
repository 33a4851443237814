import { setTimeout as pause } from "node:timers/promises";
import type { Holding } from "../arrivals/batch.ts";
import { forLargeValues } from "../store/large-values.ts";
import type { Store } from "../store/open-store.ts";
import type { Database } from "../store/tables.ts";
import { emptyIndex, writeIndex, type Indexed } from "./write-index.ts";

const BATCH = 500;
/** While something arrives it leaves the machine to that, and to who watches, so many times as long as it worked. */
const REST = 9;
/** So long after something arrived it goes on at its own pace. */
const QUIET_MS = 1_000;
/** After a fault of the database. */
const RETRY_MS = 5_000;

export interface IndexerOptions {
  readonly store: Store;
  readonly holding: Holding;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Keeps the index of a search behind what arrives; one instance at a time, whichever comes first. */
export class Indexer {
  readonly #options: IndexerOptions;
  #again = false;
  #arrivedAt = -Infinity;
  #working: Promise<void> | undefined;
  #stop: (() => Promise<void>) | undefined;

  constructor(options: IndexerOptions) {
    this.#options = options;
  }

  /** @param anew forgets the index first */
  async start(anew: boolean): Promise<void> {
    const { store } = this.#options;
    if (anew) await emptyIndex(store.db);
    this.#stop = await store.onArrival(() => {
      this.#arrivedAt = performance.now();
      this.#wake();
    });
    this.#wake();
  }

  async close(): Promise<void> {
    await this.#stop?.();
    await this.#working;
  }

  #wake(): void {
    this.#again = true;
    if (this.#options.signal.aborted) return;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      if (this.#again) this.#wake();
    });
  }

  async #work(): Promise<void> {
    let batch = BATCH;
    while (this.#again && !this.#options.signal.aborted) {
      this.#again = false;
      const from = performance.now();
      try {
        const read = await this.#take(batch);
        batch = BATCH;
        if (read > 0) this.#again = true;
        const now = performance.now();
        if (now - this.#arrivedAt < QUIET_MS) await this.#pause(Math.min(QUIET_MS, (now - from) * REST));
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        this.#again = true;
        if (isOfData(error) && batch > 1) batch = 1;
        else if (isOfData(error)) await this.#passOver(error);
        else await this.#pause(RETRY_MS);
      }
    }
  }

  /** @returns how much was done; 0 when there is none, or another instance does it */
  async #take(most: number): Promise<number> {
    return await this.#options.store.db.transaction().execute(async (db) => {
      const state = await lockState(db);
      if (state === undefined) return 0;
      const again = await this.#takeAgain(db, state.indexed);
      const rows = await eventsAfter(db, state.indexed, most);
      const last = rows.at(-1);
      if (last === undefined) return again;
      await writeIndex(db, this.#opened(rows));
      await db.updateTable("search_state").set({ indexed: last.seq }).execute();
      return again + rows.length;
    });
  }

  /** What is left of a run of which something was erased. */
  async #takeAgain(db: Database, upTo: number): Promise<number> {
    const next = await db.selectFrom("search_again").selectAll().limit(1).executeTakeFirst();
    if (next === undefined) return 0;
    const { host, run } = next;
    let last = 0;
    for (;;) {
      const rows = await eventsAfter(db, last, BATCH, next);
      const before = rows.filter(({ seq }) => seq <= upTo);
      await writeIndex(db, this.#opened(before));
      last = rows.at(-1)?.seq ?? last;
      if (rows.length < BATCH || before.length < rows.length) break;
    }
    await db.deleteFrom("search_again").where("host", "=", host).where("run", "=", run).execute();
    return 1;
  }

  #opened(rows: Awaited<ReturnType<typeof eventsAfter>>): Indexed[] {
    return rows.flatMap(({ seq, host, run, entry, record }) => {
      const opened = this.#options.holding.openHeldEvent(entry, record ?? undefined);
      return typeof opened === "object" ? [{ seq, host, run, event: opened.event }] : [];
    });
  }

  /** One event that the index does not take must not keep all others out of it. */
  async #passOver(error: Error): Promise<void> {
    const { store, say } = this.#options;
    try {
      await store.db.transaction().execute(async (db) => {
        const state = await lockState(db);
        const [next] = state === undefined ? [] : await eventsAfter(db, state.indexed, 1);
        if (next === undefined) return;
        await db.updateTable("search_state").set({ indexed: next.seq }).execute();
        say(`event ${String(next.seq)} can't be searched for: ${error.message}`);
      });
    } catch (lost) {
      if (!(lost instanceof Error)) throw lost;
      await this.#pause(RETRY_MS);
    }
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#options.signal, ref: false }).catch(() => undefined);
  }
}

async function lockState(db: Database): Promise<{ readonly indexed: number } | undefined> {
  return await db
    .selectFrom("search_state")
    .select(["indexed", forLargeValues])
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
}

async function eventsAfter(
  db: Database,
  seq: number,
  most: number,
  of?: { readonly host: number; readonly run: string },
) {
  let select = db.selectFrom("event").selectAll().where("seq", ">", seq).orderBy("seq").limit(most);
  if (of !== undefined) select = select.where("host", "=", of.host).where("run", "=", of.run);
  return await select.execute();
}

/** SQLSTATE classes 22 (data exception) and 54 (program limit exceeded): what was written is what failed. */
function isOfData(error: Error): boolean {
  return "code" in error && /^(22|54)/.test(String(error.code));
}
