/** The rows of a group of batches, in one statement each whatever their number. */
import { sql } from "kysely";
import { eraseRecording } from "../recordings/told.ts";
import { eraseFromIndex } from "../search/write-index.ts";
import type { Database } from "../store/tables.ts";
import { storable } from "../store/text.ts";
import type { RunChange } from "./run-rows.ts";

export interface NewEventRow {
  readonly seq: number;
  readonly host: number;
  readonly index: number;
  readonly run: string;
  readonly entry: Uint8Array;
  readonly record: Uint8Array | undefined;
}

/**
 * The bytes of all rows go as one value, of which each row takes its pieces: nothing is written as text and read again, and
 * either database takes it as any other statement of the transaction.
 * @param rows whose `seq` follow each other
 */
export async function insertEvents(db: Database, rows: readonly NewEventRow[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const bytes = Buffer.concat(rows.flatMap(({ entry, record }) => (record === undefined ? [entry] : [entry, record])));
  const list = (of: (row: NewEventRow) => number | string): string => `{${rows.map(of).join(",")}}`;
  let end = 0;
  const starts = list(({ entry, record }) => {
    const start = end + 1;
    end += entry.length + (record?.length ?? 0);
    return start;
  });
  await sql`
    insert into event (seq, host, index, run, entry, record)
    select ${first.seq}::bigint - 1 + place, host, index, run, substring(bytes from at for entry),
      case when record >= 0 then substring(bytes from at + entry for record) end
    from (select ${bytes}::bytea as bytes) as whole, unnest(
      ${list(({ host }) => host)}::text::int[], ${list(({ index }) => index)}::text::bigint[],
      ${list(({ run }) => (run === "" ? '""' : run))}::text::text[], ${starts}::text::int[],
      ${list(({ entry }) => entry.length)}::text::int[], ${list(({ record }) => record?.length ?? -1)}::text::int[]
    ) with ordinality as new (host, index, run, at, entry, record, place)`.execute(db);
}

export async function changeRuns(db: Database, changes: readonly RunChange[]): Promise<void> {
  if (changes.length === 0) return;
  await sql`
    insert into run (host, id, first_seq, entries, started_at, ended_at, name, agent, project, profile, command, labels, status, reason)
    select host, id, first_seq, entries, started_at, ended_at, name, agent, project, profile,
      array(select json_array_elements_text(command)), array(select json_array_elements_text(labels)), status, reason
    from json_to_recordset(${JSON.stringify(changes.map(wellFormed))}::json) as new (host int, id text, first_seq bigint, entries bigint,
      started_at double precision, ended_at double precision, name text, agent text, project text, profile text, command json,
      labels json, status int, reason text)
    on conflict (host, id) do update set
      entries = run.entries + excluded.entries,
      ended_at = coalesce(excluded.ended_at, run.ended_at),
      status = coalesce(excluded.status, run.status),
      reason = coalesce(excluded.reason, run.reason)`.execute(db);
  for (const { host, id } of changes.filter(({ erased }) => erased)) await eraseRun(db, host, id);
}

/** What is personal of a run is gone here when its host says that it is gone there. */
async function eraseRun(db: Database, host: number, run: string): Promise<void> {
  await db.updateTable("event").set({ record: null }).where("host", "=", host).where("run", "=", run).execute();
  await db
    .updateTable("run")
    .set({ name: null, project: "", command: [], labels: [], erased: true })
    .where("host", "=", host)
    .where("id", "=", run)
    .execute();
  await eraseFromIndex(db, host, run);
  await eraseRecording(db, { host, run });
}

function wellFormed(change: RunChange): RunChange {
  return {
    ...change,
    name: change.name === null ? null : storable(change.name),
    agent: storable(change.agent),
    project: storable(change.project),
    profile: storable(change.profile),
    command: change.command.map(storable),
    reason: change.reason === null ? null : storable(change.reason),
  };
}
