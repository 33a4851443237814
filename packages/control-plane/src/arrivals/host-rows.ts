/** The rows of the hosts of a group of batches, in one statement each whatever their number. */
import { sql } from "kysely";
import type { Database, HostRow } from "../store/tables.ts";

/** A host as whoever writes of it needs it. What stays undefined is not changed. */
export type Writer = Pick<HostRow, "number" | "id" | "origin" | "log_key" | "size" | "edge" | "seen_at" | "alarm"> &
  Readonly<Pick<HostRow, "revoked_at">> & {
    readonly active: boolean;
    checkpoint?: Uint8Array;
    evidence?: Uint8Array;
  };

export async function readWriters(db: Database, ids: readonly string[]): Promise<ReadonlyMap<string, Writer>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<Writer>`
    select number, host.id, origin, log_key, size, edge, seen_at, revoked_at, alarm, active
    from host join person on person.id = host.person
    where host.id in (select json_array_elements_text(${JSON.stringify([...new Set(ids)])}::json))`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}

export async function changeHosts(db: Database, hosts: readonly Writer[]): Promise<void> {
  if (hosts.length === 0) return;
  const json = hosts.map(({ number, size, edge, log_key, checkpoint, seen_at, alarm, evidence }) => ({
    ...{ number, size, log_key, seen_at, alarm },
    edge: base64(edge),
    checkpoint: checkpoint && base64(checkpoint),
    evidence: evidence && base64(evidence),
  }));
  await sql`
    update host set size = new.size, edge = decode(new.edge, 'base64'), log_key = new.log_key, seen_at = new.seen_at, alarm = new.alarm,
      checkpoint = coalesce(decode(new.checkpoint, 'base64'), host.checkpoint),
      evidence = coalesce(decode(new.evidence, 'base64'), host.evidence)
    from json_to_recordset(${JSON.stringify(json)}::json)
      as new (number int, size bigint, edge text, log_key text, seen_at double precision, alarm text, checkpoint text, evidence text)
    where host.number = new.number`.execute(db);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}
