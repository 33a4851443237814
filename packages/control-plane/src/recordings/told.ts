/** What the records of hosts say of recordings, as it arrives. */
import type { Event } from "@bailiwick/audit";
import { sql } from "kysely";
import { announceRecording } from "../store/open-store.ts";
import type { Database } from "../store/tables.ts";
import { topicOf, type RecordingKey } from "./pieces.ts";

interface Opened extends RecordingKey {
  readonly opened_at: number;
  readonly columns: number;
  readonly rows: number;
  readonly sent: boolean;
  readonly wanted: boolean;
}

interface Claim extends RecordingKey {
  readonly bytes: number;
  readonly digest: string;
}

interface Closed extends RecordingKey {
  readonly whole: number | null;
}

/** What the events of one transaction say of recordings. */
export class ToldOfRecordings {
  readonly #opened: Opened[] = [];
  readonly #claims: Claim[] = [];
  readonly #closed: Closed[] = [];

  /** @param event undefined when it is of a form that this version does not know */
  add({ host, run }: RecordingKey, event: Event | undefined): void {
    if (event?.type === "recording.opened") {
      const { at, columns, rows, send = false } = event;
      this.#opened.push({ host, run, opened_at: at, columns, rows, sent: send, wanted: send });
    } else if (event?.type === "recording.grown" || event?.type === "recording.closed") {
      const { bytes, digest } = event;
      if (bytes !== undefined && digest !== undefined) this.#claims.push({ host, run, bytes, digest });
      if (event.type === "recording.closed") this.#closed.push({ host, run, whole: bytes ?? null });
    }
  }

  /** Before anything of these runs is erased. */
  async keep(db: Database): Promise<void> {
    if (this.#opened.length > 0) {
      await db
        .insertInto("recording")
        .values(this.#opened)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
    if (this.#claims.length > 0) {
      // Of a recording that was never opened nobody asks anything.
      await sql`
        insert into recording_claim (host, run, bytes, digest)
        select new.host, new.run, new.bytes, new.digest
        from json_to_recordset(${JSON.stringify(this.#claims)}::json) as new (host int, run text, bytes bigint, digest text)
        join recording on recording.host = new.host and recording.run = new.run and sent and not erased
        on conflict do nothing`.execute(db);
    }
    for (const { host, run, whole } of this.#closed) {
      await sql`
        update recording set closed = true, whole = ${whole}::bigint, wanted = wanted and coalesce(bytes < ${whole}::bigint, false)
        where host = ${host} and run = ${run}`.execute(db);
      await announceRecording(db, topicOf({ host, run }));
    }
  }
}

/** What a host says that was erased there is erased here; nothing of it is taken any more. */
export async function eraseRecording(db: Database, key: RecordingKey): Promise<void> {
  await db
    .updateTable("recording")
    .set({ erased: true, wanted: false, bytes: 0, checked: 0, whole: null })
    .where("host", "=", key.host)
    .where("run", "=", key.run)
    .execute();
  for (const table of ["recording_piece", "recording_claim"] as const) {
    await db.deleteFrom(table).where("host", "=", key.host).where("run", "=", key.run).execute();
  }
  await announceRecording(db, topicOf(key));
}
