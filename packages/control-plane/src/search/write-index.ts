/** The rows of a batch of events in the index, in a statement each whatever their number. */
import { findableOf } from "@bailiwick/search";
import type { Event } from "@bailiwick/audit";
import { sql } from "kysely";
import type { Database } from "../store/tables.ts";
import { storable } from "../store/text.ts";
import { wordsOf } from "./words.ts";

export interface Indexed {
  readonly seq: number;
  readonly host: number;
  readonly run: string;
  readonly event: Event;
}

export async function writeIndex(db: Database, events: readonly Indexed[]): Promise<void> {
  const rows = events.flatMap(rowsOf);
  if (rows.length > 0) {
    const json = JSON.stringify(rows);
    await sql`
      insert into search_entry (seq, host, run, at, type, exec, decision, line, reason, words, tags)
      select seq, host, run, at, type, exec, decision, line, reason, to_tsvector('simple', words), array(select json_array_elements_text(tags))
      from json_to_recordset(${json}::json) as new (seq bigint, host int, run text, at double precision, type text, exec bigint,
        decision text, line text, reason text, words text, tags json)
      on conflict (seq) do nothing`.execute(db);
    const tags = JSON.stringify([...new Set(rows.flatMap(({ tags: of }) => of))].sort());
    await sql`insert into search_tag select json_array_elements_text(${tags}::json) on conflict do nothing`.execute(db);
  }
  const ends = events.flatMap(endsOf);
  if (ends.length === 0) return;
  await sql`
    update search_entry as entry set status = new.status, signal = new.signal
    from json_to_recordset(${JSON.stringify(ends)}::json) as new (host int, run text, exec bigint, status int, signal text)
    where entry.host = new.host and entry.run = new.run and entry.exec = new.exec and entry.type = 'exec.allowed'`.execute(
    db,
  );
}

function rowsOf({ seq, host, run, event }: Indexed) {
  const found = findableOf(event);
  if (found === undefined) return [];
  const { exec, decision, line, reason, text, tags } = found;
  return [
    {
      ...{ seq, host, run, at: event.at, type: event.type, exec, decision, words: wordsOf(text) },
      ...{ line: storable(line), reason: storable(reason) },
      tags: [...new Set(tags.map(([kind, value]) => storable(`${kind}:${value}`)))],
    },
  ];
}

function endsOf({ host, run, event }: Indexed) {
  if (event.type !== "exec.ended") return [];
  const { exec, status, signal } = event;
  return [{ host, run, exec, status, signal }];
}

/** Forgets what is found of a run, in the transaction that erases it. What is left of it comes in again afterwards. */
export async function eraseFromIndex(db: Database, host: number, run: string): Promise<void> {
  // Nobody is putting something in that was read before.
  await db.selectFrom("search_state").select("indexed").forUpdate().execute();
  const { rows } = await sql<{ tags: string[] }>`
    delete from search_entry where host = ${host} and run = ${run} returning tags`.execute(db);
  const tags = JSON.stringify([...new Set(rows.flatMap(({ tags: of }) => of))]);
  await sql`
    delete from search_tag where value in (select json_array_elements_text(${tags}::json))
      and not exists (select from search_entry where tags @> array[search_tag.value])`.execute(db);
  await db
    .insertInto("search_again")
    .values({ host, run })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** The index is made anew from then on. */
export async function emptyIndex(db: Database): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction.updateTable("search_state").set({ indexed: 0 }).execute();
    await transaction.deleteFrom("search_entry").execute();
    await transaction.deleteFrom("search_tag").execute();
    await transaction.deleteFrom("search_again").execute();
  });
}
