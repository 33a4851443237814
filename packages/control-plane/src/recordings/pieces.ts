/** The bytes of recordings, in the database that all instances share. */
import { sql } from "kysely";
import { ServerError } from "../../contract/errors.ts";
import { announceRecording } from "../store/open-store.ts";
import type { Database, RecordingRow } from "../store/tables.ts";

/** A recording, as tables name it. */
export interface RecordingKey {
  readonly host: number;
  readonly run: string;
}

/** Of one recording; what comes behind it is left out. */
export const MOST_BYTES = 256 << 20;
/** What comes in little pieces is kept in ones of this length: as many rows as a page of output, not as keys that were pressed. */
const JOINED_BYTES = 16 << 10;
/** Rows that are read at a time: no more than some MiB. */
const ROWS = 16;

/** What all instances are told of a recording by. */
export function topicOf({ host, run }: RecordingKey): string {
  return `${String(host)} ${run}`;
}

export interface Appended {
  readonly bytes: number;
  readonly wanted: boolean;
}

/**
 * Keeps what follows what is here. What begins elsewhere is left out: nothing is ever written over.
 * @throws ServerError SERVER_NOT_FOUND when the host's record does not speak of it
 */
export async function appendPiece(db: Database, key: RecordingKey, from: number, bytes: Buffer): Promise<Appended> {
  return await db.transaction().execute(async (transaction) => {
    const row = await oneRow(transaction, key).forUpdate().executeTakeFirst();
    if (row === undefined) {
      throw new ServerError(
        "SERVER_NOT_FOUND",
        `no record of this host speaks of a recording of the run \`${key.run}\``,
        {
          remedy: "send the record first",
        },
      );
    }
    // INVARIANT(erased): nothing is written of what was erased; that is said under the same lock.
    if (!row.wanted || from !== row.bytes) return { bytes: row.bytes, wanted: row.wanted };
    const most = Math.min(MOST_BYTES, row.whole ?? MOST_BYTES);
    const taken = bytes.subarray(0, most - row.bytes);
    await keep(transaction, key, row.bytes, taken);
    const end = row.bytes + taken.length;
    const wanted = end < most;
    await transaction
      .updateTable("recording")
      .set({ bytes: end, wanted })
      .where("host", "=", key.host)
      .where("run", "=", key.run)
      .execute();
    await announceRecording(transaction, topicOf(key));
    return { bytes: end, wanted };
  });
}

async function keep(db: Database, key: RecordingKey, at: number, bytes: Buffer): Promise<void> {
  const joined = await sql`
    update recording_piece set bytes = bytes || ${bytes}::bytea
    where host = ${key.host} and run = ${key.run} and length(bytes) + ${bytes.length}::int <= ${JOINED_BYTES}
      and at = (select max(at) from recording_piece where host = ${key.host} and run = ${key.run})`.execute(db);
  if (joined.numAffectedRows === 1n) return;
  await db
    .insertInto("recording_piece")
    .values({ ...key, at, bytes })
    .execute();
}

export function oneRow(db: Database, { host, run }: RecordingKey) {
  return db.selectFrom("recording").selectAll().where("host", "=", host).where("run", "=", run);
}

/** What whoever reads it gets of it: nothing behind what its host said is its end. */
export function visibleOf({ bytes, whole }: Pick<RecordingRow, "bytes" | "whole">): number {
  return whole === null ? bytes : Math.min(bytes, whole);
}

/** Bytes from one place up to another, piece by piece: no more than some MiB are in memory. */
export async function* readPieces(db: Database, key: RecordingKey, from: number, to: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to;) {
    const rows = await db
      .selectFrom("recording_piece")
      // Cut where they lie: who is given little at a time would else be sent each row again and again.
      .select([
        "at",
        sql<Uint8Array>`substring(bytes from greatest(0, ${at}::bigint - at)::int + 1 for (${to}::bigint - greatest(at, ${at}::bigint))::int)`.as(
          "bytes",
        ),
      ])
      .where("host", "=", key.host)
      .where("run", "=", key.run)
      .where("at", "<", to)
      .where("at", ">=", (inner) =>
        inner
          .selectFrom("recording_piece")
          .select((each) => each.fn.coalesce(each.fn.max("at"), sql<number>`0`).as("at"))
          .where("host", "=", key.host)
          .where("run", "=", key.run)
          .where("at", "<=", at),
      )
      .orderBy("at")
      .limit(ROWS)
      .execute();
    const before = at;
    for (const row of rows) {
      const piece = Buffer.from(row.bytes.buffer, row.bytes.byteOffset, row.bytes.length);
      if (piece.length === 0) continue;
      at = Math.max(at, row.at) + piece.length;
      yield piece;
    }
    // Erased meanwhile.
    if (at === before) return;
  }
}
