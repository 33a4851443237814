import { ServerError } from "../../contract/errors.ts";
import { MOST_PIECE_BYTES, type RecordingOfServer } from "../../contract/recording-routes.ts";
import { findRun } from "../access/resources.ts";
import type { Handlers } from "../routes/handler.ts";
import { lastEventOf } from "../routes/last-event.ts";
import { notFound } from "../routes/people.ts";
import { takesNoWrites } from "../store/takes-no-writes.ts";
import type { Database, RecordingRow } from "../store/tables.ts";
import { appendPiece, MOST_BYTES, oneRow, readPieces, visibleOf, type RecordingKey } from "./pieces.ts";

/** Of one host that are told of at a time. */
const MOST_WANTED = 100;

export const recordings = {
  wantedRecordings: async ({ db, recordings: { checks } }, { params: { host } }) => {
    const { number } = await hostOf(db, host);
    // What the record said meanwhile of what is here already: its host asks whenever it has sent such a thing.
    for (const run of await claimedBy(db, number)) await checks.catchUp({ host: number, run });
    const rows = await db
      .selectFrom("recording")
      .select(["run", "bytes"])
      .where("host", "=", number)
      .where("wanted", "=", true)
      // Ids begin with the time.
      .orderBy("run", "desc")
      .limit(MOST_WANTED)
      .execute();
    return { items: rows };
  },

  appendRecording: async ({ db, recordings: { checks } }, { params: { host, run }, body: { from, bytes } }) => {
    const key = { host: (await hostOf(db, host)).number, run };
    const appended = await appendPiece(db, key, from, decode(bytes));
    await checks.catchUp(key);
    return appended;
  },

  showRecording: async ({ db, recordings: { checks } }, { params: { run } }) => {
    const { key, row } = await findRecording(db, run);
    if (row === undefined) return { state: "none", bytes: 0, checked: 0, differs: false };
    try {
      await checks.catchUp(key);
    } catch (error) {
      if (!takesNoWrites(error)) throw error;
      // What comes of it can be said, and is kept when the database takes something again.
      return recordingOf({ ...row, ...(await checks.compare(key, row)) });
    }
    return recordingOf((await oneRow(db, key).executeTakeFirst()) ?? row);
  },

  readRecording: async ({ db }, { params: { run }, query: { from, most } }) => {
    const { key, row } = await findRecording(db, run);
    const to = Math.min(from + most, row === undefined ? 0 : visibleOf(row));
    const pieces: Buffer[] = [];
    for await (const piece of readPieces(db, key, from, to)) pieces.push(piece);
    return Buffer.concat(pieces);
  },

  watchRecording: async ({ db }, { caller, params: { run }, headers }) => {
    const { key, row } = await findRecording(db, run);
    if (row === undefined) throw notFound(`the run \`${run}\` has no recording that its host told of yet`);
    return { recording: key, from: lastEventOf(headers) ?? 0, caller, action: "watchTerminal" };
  },
} as const satisfies Partial<Handlers>;

async function hostOf(db: Database, id: string): Promise<{ readonly number: number }> {
  return await db.selectFrom("host").select("number").where("id", "=", id).executeTakeFirstOrThrow();
}

async function claimedBy(db: Database, host: number): Promise<readonly string[]> {
  const rows = await db.selectFrom("recording_claim").select("run").distinct().where("host", "=", host).execute();
  return rows.map(({ run }) => run);
}

async function findRecording(
  db: Database,
  run: string,
): Promise<{ readonly key: RecordingKey; readonly row: RecordingRow | undefined }> {
  const found = await findRun(db, run);
  if (found === undefined) throw notFound(`there is no run \`${run}\``);
  const key = { host: found.host, run };
  return { key, row: await oneRow(db, key).executeTakeFirst() };
}

function recordingOf(row: RecordingRow): RecordingOfServer {
  const { opened_at, columns, rows, whole, checked, differs } = row;
  return {
    state: stateOf(row),
    ...{ openedAt: opened_at, columns, rows },
    bytes: visibleOf(row),
    ...(whole !== null && { whole }),
    checked,
    differs,
  };
}

function stateOf({ erased, sent, bytes, closed, whole }: RecordingRow): RecordingOfServer["state"] {
  if (erased) return "erased";
  if (!sent) return "host";
  if (whole !== null && bytes >= whole) return "whole";
  if (bytes >= MOST_BYTES || (closed && whole === null)) return "part";
  return "growing";
}

/** Node passes over what is no base 64; then what comes out is not what that many letters are. */
function decode(text: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length > 0 && bytes.length <= MOST_PIECE_BYTES && bytes.toString("base64") === text) return bytes;
  throw new ServerError(
    "SERVER_MALFORMED",
    `a piece of a recording is base 64 of 1 to ${String(MOST_PIECE_BYTES)} bytes`,
  );
}
