/** What is told beside questions and alarms: kept in the transaction that makes it. */
import type { Severity } from "@bailiwick/policy";
import { sql } from "kysely";
import type { Database, NoticeRow } from "../store/tables.ts";
import type { About, Notify } from "./config.ts";

interface Scope {
  readonly type: string;
  readonly id: string;
}

/** Hosts by their number, events by their place of arrival. */
export type Notice =
  | {
      readonly type: "order.given";
      readonly kind: "pause" | "kill" | "lease";
      readonly scope: Scope;
      readonly by: string;
      readonly reason: string;
      readonly seconds?: number;
      readonly expiresAt?: number;
    }
  | {
      readonly type: "order.lifted";
      readonly kind: "pause" | "kill" | "lease";
      readonly scope: Scope;
      readonly by: string;
      readonly reason: string;
    }
  /** `seq`: of the first among the most severe. */
  | {
      readonly type: "run.refused";
      readonly host: number;
      readonly run: string;
      readonly seq: number;
      readonly severity: Severity;
    }
  /** `at`: when it was heard last, or again. */
  | { readonly type: "host.silent" | "host.heard"; readonly host: number; readonly at: number }
  | { readonly type: "host.weaker"; readonly host: number; readonly run: string; readonly layers: readonly string[] }
  | { readonly type: "policy.refused"; readonly host: number }
  | { readonly type: "test"; readonly by: string };

/** A topic is told once a minute at most. */
export const PACE_MS = 60_000;

/** For every receiver that is told such things. */
export async function addNotice(
  db: Database,
  {
    notify,
    about,
    notice,
    at,
  }: { readonly notify: readonly Notify[]; readonly about: About; readonly notice: Notice; readonly at: number },
): Promise<void> {
  for (const each of notify) {
    if (each.about.includes(about)) await insertNotice(db, { notify: each.receiver, person: null, notice, at });
  }
}

export async function insertNotice(
  db: Database,
  {
    notify,
    person,
    notice,
    at,
  }: { readonly notify: string; readonly person: string | null; readonly notice: Notice; readonly at: number },
): Promise<void> {
  await db
    .insertInto("notice")
    .values({
      notify,
      person,
      about: JSON.stringify(notice),
      topic: null,
      sealed_at: at,
      made_at: at,
      due_at: at,
      held_until: null,
    })
    .execute();
}

interface Counted {
  readonly notify: string;
  readonly topic: string;
  readonly notice: Notice;
  readonly count: number;
  readonly rank: number;
  readonly at: number;
}

/** Adds to what is not told yet of this topic; what is told of it next comes a minute after the last, at the earliest. */
export async function countNotice(db: Database, { notify, topic, notice, count, rank, at }: Counted): Promise<void> {
  const about = JSON.stringify(notice);
  await sql`
    insert into notice (notify, about, topic, count, rank, made_at, due_at)
    values (${notify}, ${about}, ${topic}, ${count}, ${rank}, ${at}, greatest(${at}::double precision, coalesce(
      (select told_at + ${PACE_MS}::double precision from notice_pace where notify = ${notify} and topic = ${topic}), 0)))
    on conflict (notify, topic) where topic is not null and sealed_at is null do update set
      count = notice.count + excluded.count,
      about = case when excluded.rank > notice.rank then excluded.about else notice.about end,
      rank = greatest(notice.rank, excluded.rank)`.execute(db);
}

/** From then on nothing is added to it, so that each try says the same. @returns it as it stays; undefined when it is gone */
export async function seal(db: Database, { id }: Pick<NoticeRow, "id">, now: number): Promise<NoticeRow | undefined> {
  return await db.transaction().execute(async (transaction) => {
    const row = await transaction
      .updateTable("notice")
      .set({ sealed_at: sql<number>`coalesce(sealed_at, ${now})` })
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined || row.topic === null) return row;
    await transaction
      .deleteFrom("notice_pace")
      .where("told_at", "<", now - PACE_MS)
      .execute();
    await transaction
      .insertInto("notice_pace")
      .values({ notify: row.notify, topic: row.topic, told_at: now })
      .onConflict((conflict) => conflict.columns(["notify", "topic"]).doUpdateSet({ told_at: now }))
      .execute();
    return row;
  });
}

export function readNotice({ about }: Pick<NoticeRow, "about">): Notice {
  const notice: Notice = JSON.parse(about);
  return notice;
}
