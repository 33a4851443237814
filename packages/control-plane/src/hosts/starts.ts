/** What the newest runs of hosts said at their start: version, kernel, and what is enforced. */
import type { EventOf } from "@bailiwick/audit";
import { sql } from "kysely";
import type { Holding } from "../arrivals/batch.ts";
import type { Database } from "../store/tables.ts";

export type Start = EventOf<"run.started">;

interface StartRow {
  readonly host: number;
  readonly entry: Uint8Array;
  readonly record: Uint8Array | null;
}

/** @param most of each host @returns by the host's number, newest first; of entries that this version does not know, none */
export async function startsOf(
  { db, holding }: { readonly db: Database; readonly holding: Holding },
  hosts: readonly number[],
  most: number,
): Promise<ReadonlyMap<number, readonly Start[]>> {
  const found = new Map<number, Start[]>();
  if (hosts.length === 0) return found;
  const { rows } = await sql<StartRow>`
    select newest.host, event.entry, event.record
    from (select value::int as host from json_array_elements_text(${JSON.stringify(hosts)}::json)) as wanted
    cross join lateral (
      select run.host, run.first_seq from run where run.host = wanted.host order by run.first_seq desc limit ${sql.lit(most)}
    ) as newest
    join event on event.seq = newest.first_seq
    order by newest.first_seq desc`.execute(db);
  for (const { host, entry, record } of rows) {
    const opened = holding.openHeldEvent(entry, record ?? undefined);
    if (typeof opened !== "object" || opened.event.type !== "run.started") continue;
    found.set(host, [...(found.get(host) ?? []), opened.event]);
  }
  return found;
}

/** How many runs of each have no end yet. */
export async function goingOf(db: Database, hosts: readonly number[]): Promise<ReadonlyMap<number, number>> {
  if (hosts.length === 0) return new Map();
  const rows = await db
    .selectFrom("run")
    .select(["host", (is) => is.fn.countAll<number>().as("going")])
    .where("host", "in", [...hosts])
    .where("ended_at", "is", null)
    .groupBy("host")
    .execute();
  return new Map(rows.map(({ host, going }) => [host, Number(going)]));
}
