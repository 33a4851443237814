/** Rows of what is to be told: one instance at a time has one for a while, until it is told or over. */
import { pauseAfter } from "@bailiwick/exports";
import { sql } from "kysely";
import type { Database, DeliveryRow, NoticeRow } from "../store/tables.ts";

/** Longer than a message may take to send. */
const HELD_MS = 60_000;
const AT_ONCE = 10;

/** Something that is to be told: a question or an alarm, or a notice. */
export type Queued =
  { readonly in: "delivery"; readonly row: DeliveryRow } | { readonly in: "notice"; readonly row: NoticeRow };

/** Takes what is due, for this instance alone; the oldest first. */
export async function takeDue(db: Database, now: number): Promise<Queued[]> {
  const deliveries = await takeFrom<DeliveryRow>(db, "delivery", now);
  const notices = await takeFrom<NoticeRow>(db, "notice", now);
  return [
    ...deliveries.map((row) => ({ in: "delivery", row }) as const),
    ...notices.map((row) => ({ in: "notice", row }) as const),
  ];
}

async function takeFrom<R>(db: Database, table: Queued["in"], now: number): Promise<R[]> {
  const { rows } = await sql<R>`
    update ${sql.table(table)} set held_until = ${now + HELD_MS} where id in (
      select id from ${sql.table(table)} where due_at <= ${now} and (held_until is null or held_until <= ${now})
      order by due_at limit ${AT_ONCE} for update skip locked
    ) returning *`.execute(db);
  return rows;
}

export async function forget(db: Database, { in: table, row: { id } }: Queued): Promise<void> {
  await sql`delete from ${sql.table(table)} where id = ${id}`.execute(db);
}

/** @param afterMs what the receiver asked for @returns how often it failed by now */
export async function tryAgain(
  db: Database,
  { in: table, row: { id, failures } }: Queued,
  { now, afterMs }: { readonly now: number; readonly afterMs: number | undefined },
): Promise<number> {
  const failed = failures + 1;
  const due = now + pauseAfter(failed, afterMs, Math.random());
  await sql`
    update ${sql.table(table)} set due_at = ${due}, held_until = null, failures = ${failed} where id = ${id}`.execute(
    db,
  );
  return failed;
}

interface NewDelivery {
  /** Of a question or an alarm: one of them. */
  readonly question?: string | null;
  readonly breakGlass?: string | null;
  readonly notify: string;
  readonly person: string | null;
  readonly at: number;
}

export async function addDelivery(
  db: Database,
  { notify, question = null, breakGlass = null, person, at }: NewDelivery,
): Promise<void> {
  await db
    .insertInto("delivery")
    .values({ notify, question, break_glass: breakGlass, person, made_at: at, due_at: at, held_until: null })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** One for each person in the place of one for all of them. */
export async function spread(db: Database, queued: Queued, people: readonly string[], at: number): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    for (const person of people) {
      if (queued.in === "delivery") {
        const { notify, question, break_glass: breakGlass } = queued.row;
        await addDelivery(transaction, { notify, question, breakGlass, person, at });
      } else {
        const { notify, about, count, rank, sealed_at, made_at } = queued.row;
        const copy = { notify, about, count, rank, sealed_at, made_at, topic: null, due_at: at, held_until: null };
        await transaction
          .insertInto("notice")
          .values({ ...copy, person })
          .execute();
      }
    }
    await forget(transaction, queued);
  });
}
