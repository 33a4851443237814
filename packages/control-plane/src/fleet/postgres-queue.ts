import { sql } from "kysely";
import { announceOrder } from "../store/open-store.ts";
import type { Database, PoolRow, TaskRow } from "../store/tables.ts";
import { afterLoss, afterResult } from "./after.ts";
import {
  aboutPool,
  aboutTask,
  type Holder,
  type NewTaskRow,
  type Result,
  type Review,
  type Taken,
  type TaskQueue,
} from "./queue.ts";

/** The queue in PostgreSQL: the row of a task is all there is of it. Others hear of a change when its transaction is committed. */
export class PostgresTaskQueue implements TaskQueue {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async submit(row: NewTaskRow, now: number): Promise<TaskRow | undefined> {
    return await this.#db.transaction().execute(async (transaction) => {
      const { queued } = await lockPool(transaction, row.pool);
      if (queued !== null) {
        const { waiting } = await transaction
          .selectFrom("task")
          .select((each) => each.fn.countAll<number>().as("waiting"))
          .where("pool", "=", row.pool)
          .where("state", "=", "queued")
          .where("share", "=", row.share)
          .executeTakeFirstOrThrow();
        if (Number(waiting) >= queued) return undefined;
      }
      const added = await transaction
        .insertInto("task")
        .values({ ...row, state: "queued", submitted_at: now, not_before: now })
        .returningAll()
        .executeTakeFirstOrThrow();
      await announceOrder(transaction, aboutPool(row.pool));
      return added;
    });
  }

  async take(pool: string, { host, lease }: Holder, now: number): Promise<Taken | undefined | "forbidden"> {
    return await this.#db.transaction().execute(async (transaction) => {
      const { hosts, lease_s: leaseS, running, teams } = await lockPool(transaction, pool);
      const known = await transaction.selectFrom("task").selectAll().where("lease", "=", lease).executeTakeFirst();
      if (known !== undefined) {
        const isItsOwn = known.host === host && (known.state === "leased" || known.state === "running");
        return isItsOwn ? { row: known, leaseS, again: true } : undefined;
      }
      if (!hosts.includes(host)) return "forbidden";
      const next = await nextOf(transaction, { pool, running, teams, now });
      if (next === undefined) return undefined;
      await transaction
        .insertInto("pool_share")
        .values({ pool, share: next.share, taken_at: now })
        .onConflict((conflict) => conflict.columns(["pool", "share"]).doUpdateSet({ taken_at: now }))
        .execute();
      const row = await transaction
        .updateTable("task")
        .set({ state: "leased", host, lease, lease_until: now + leaseS * 1000, reason: null, ...UNKNOWN })
        .where("id", "=", next.id)
        .returningAll()
        .executeTakeFirstOrThrow();
      return { row, leaseS, again: false };
    });
  }

  async renew(
    id: string,
    { host, lease }: Holder,
    { begun, run, now }: { readonly begun: boolean; readonly run: string | undefined; readonly now: number },
  ): Promise<{ readonly row: TaskRow; readonly leaseS: number } | undefined> {
    return await this.#db.transaction().execute(async (transaction) => {
      const task = await heldTask(transaction, id, { host, lease });
      if (task === undefined) return undefined;
      const { lease_s: leaseS } = await transaction
        .selectFrom("pool")
        .select("lease_s")
        .where("id", "=", task.pool)
        .executeTakeFirstOrThrow();
      const begins = begun && task.state === "leased";
      const row = await transaction
        .updateTable("task")
        .set({
          lease_until: now + leaseS * 1000,
          ...(begins && { state: "running" as const, started_at: now, attempts: task.attempts + 1 }),
          ...(run !== undefined && { run }),
        })
        .where("id", "=", id)
        .returningAll()
        .executeTakeFirstOrThrow();
      return { row, leaseS };
    });
  }

  async handIn(id: string, holder: Holder, result: Result, now: number): Promise<TaskRow | undefined | "again"> {
    return await this.#db.transaction().execute(async (transaction) => {
      const task = await heldTask(transaction, id, holder);
      if (task === undefined) return await wasHandedIn(transaction, id, holder);
      const { run, base, status, cost, patch } = result;
      const after = afterResult(task, result, now);
      const row = await transaction
        .updateTable("task")
        .set({
          ...after,
          // Whoever hands in again, because the answer was lost, is known by its lease.
          ...(after.state === "queued" ? { host: null, lease: null } : {}),
          lease_until: null,
          run: run ?? task.run,
          base: base ?? null,
          status: status ?? null,
          cost: cost === undefined ? null : JSON.stringify(cost),
          patch: patch?.bytes ?? null,
          patch_digest: patch?.digest ?? null,
        })
        .where("id", "=", id)
        .returningAll()
        .executeTakeFirstOrThrow();
      // Somebody of its share may be next, or the task itself.
      await announceOrder(transaction, aboutPool(task.pool));
      return row;
    });
  }

  async cancel(id: string, by: string, now: number): Promise<TaskRow | undefined> {
    return await this.#db.transaction().execute(async (transaction) => {
      const task = await transaction.selectFrom("task").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
      if (task === undefined || task.state === "done" || task.cancelled_by !== null) return task;
      const waits = task.state === "queued";
      await announceOrder(transaction, aboutTask(id));
      return await transaction
        .updateTable("task")
        .set({
          cancelled_by: by,
          ...(waits && { state: "done" as const, outcome: "cancelled" as const, ended_at: now }),
        })
        .where("id", "=", id)
        .returningAll()
        .executeTakeFirst();
    });
  }

  async review(id: string, review: Review, now: number): Promise<TaskRow | undefined> {
    const { patch_digest, ...said } = review;
    return await this.#db
      .updateTable("task")
      .set({ ...said, reviewed_at: now })
      .where("id", "=", id)
      .where("outcome", "=", "succeeded")
      .where("review", "is", null)
      .where("patch_digest", "=", patch_digest)
      .returningAll()
      .executeTakeFirst();
  }

  async takeBack(now: number, since: number): Promise<TaskRow[]> {
    return await this.#db.transaction().execute(async (transaction) => {
      const lost = await transaction
        .selectFrom("task")
        .innerJoin("pool", "pool.id", "task.pool")
        .selectAll("task")
        .where("state", "in", ["leased", "running"])
        .where("lease_until", "<", now)
        .where((is) => is(sql<number>`${since}::double precision + pool.lease_s * 1000`, "<", now))
        .orderBy("number")
        .forUpdate("task")
        .skipLocked()
        .execute();
      const rows: TaskRow[] = [];
      for (const task of lost) {
        const reason = `nothing was heard of its host \`${task.host ?? ""}\` any more`;
        const after = afterLoss(task, { reason, now });
        const row = await transaction
          .updateTable("task")
          .set({ ...after, host: null, lease: null, lease_until: null })
          .where("id", "=", task.id)
          .returningAll()
          .executeTakeFirstOrThrow();
        rows.push(row);
      }
      const pools = [...rows.map((row) => row.pool), ...(await poolsWithMore(transaction, now))];
      for (const pool of new Set(pools)) await announceOrder(transaction, aboutPool(pool));
      return rows;
    });
  }
}

/** Of an attempt that has not been made. */
const UNKNOWN = { run: null, base: null, status: null, cost: null, patch: null, patch_digest: null } as const;

/** All that moves a pool's tasks to hosts goes one after the other: shares are counted, and no two hosts may count the same. */
async function lockPool(transaction: Database, pool: string): Promise<PoolRow> {
  return await transaction.selectFrom("pool").selectAll().where("id", "=", pool).forUpdate().executeTakeFirstOrThrow();
}

// INVARIANT(fence): see queue.ts.
async function heldTask(transaction: Database, id: string, { host, lease }: Holder): Promise<TaskRow | undefined> {
  return await transaction
    .selectFrom("task")
    .selectAll()
    .where("id", "=", id)
    .where("host", "=", host)
    .where("lease", "=", lease)
    .where("state", "in", ["leased", "running"])
    .forUpdate()
    .executeTakeFirst();
}

async function wasHandedIn(transaction: Database, id: string, { host, lease }: Holder): Promise<"again" | undefined> {
  const row = await transaction
    .selectFrom("task")
    .select("id")
    .where("id", "=", id)
    .where("host", "=", host)
    .where("lease", "=", lease)
    .executeTakeFirst();
  return row === undefined ? undefined : "again";
}

/** Where the pause before another try was over lately: nothing else tells whoever waits. */
async function poolsWithMore(transaction: Database, now: number): Promise<string[]> {
  const rows = await transaction
    .selectFrom("task")
    .select("pool")
    .distinct()
    .where("state", "=", "queued")
    .where("not_before", "<=", now)
    .where("not_before", ">", now - LATELY_MS)
    .where("failures", ">", 0)
    .execute();
  return rows.map(({ pool }) => pool);
}
const LATELY_MS = 5_000;

interface Next {
  readonly pool: string;
  readonly running: number | null;
  /** JSON: by team, where it is another number. */
  readonly teams: string;
  readonly now: number;
}

async function nextOf(
  transaction: Database,
  { pool, running, teams, now }: Next,
): Promise<{ readonly id: string; readonly share: string } | undefined> {
  const { rows } = await sql<{ id: string; share: string }>`
    with held as (
      select share, count(*) as n from task where pool = ${pool} and state in ('leased', 'running') group by share
    ), held_by as (
      select by_id, count(*) as n from task where pool = ${pool} and state in ('leased', 'running') group by by_id
    )
    select task.id, task.share from task
      left join held on held.share = task.share
      left join held_by on held_by.by_id = task.by_id
      left join pool_share served on served.pool = task.pool and served.share = task.share
      left join person on person.id = task.person
    where task.pool = ${pool} and task.state = 'queued' and task.not_before <= ${now}
      and coalesce(person.active, true)
      and coalesce(held.n, 0) < coalesce((${teams}::jsonb ->> task.team)::int, ${running}::int, 2147483647)
    order by coalesce(held.n, 0), coalesce(served.taken_at, 0), coalesce(held_by.n, 0), task.priority desc, task.number
    limit 1 for update of task skip locked`.execute(transaction);
  return rows[0];
}
