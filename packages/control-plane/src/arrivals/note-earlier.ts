/** Notes what was in the server's own log before there was a table of it, newest first, one bundle of entries a transaction. */
import type { Database } from "../store/tables.ts";
import type { Holding } from "./batch.ts";
import { parseNote } from "./note.ts";
import { keepNoted } from "./noted.ts";

/** Until all of it is noted, or the server ends. @throws TypeError for a log that lacks a file, errors of the database */
export async function noteEarlier(db: Database, holding: Holding, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await noteBundle(db, holding)));
}

/** @returns whether there is more */
async function noteBundle(db: Database, holding: Holding): Promise<boolean> {
  return await db.transaction().execute(async (transaction) => {
    const server = await transaction
      .selectFrom("server")
      .select(["checkpoint", "noted_from"])
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (server.noted_from === 0 || server.checkpoint === null) return false;
    const note = holding.parseNote(server.checkpoint);
    const head = note && holding.parseCheckpoint(note.text);
    if (head === undefined) throw new TypeError("the server's own log has no checkpoint that can be read");
    const index = Math.floor((server.noted_from - 1) / holding.TILE_WIDTH);
    const first = index * holding.TILE_WIDTH;
    const width = Math.min(holding.TILE_WIDTH, head.size - first);
    const path = holding.tilePath({ kind: "entries", index, width });
    const file = await transaction.selectFrom("log_file").select("bytes").where("path", "=", path).executeTakeFirst();
    const entries = file && holding.unpackEntries(file.bytes, width);
    if (entries === undefined) throw new TypeError(`the server's own log has no \`${path}\``);
    const notes = entries.slice(0, server.noted_from - first).map(parseNote);
    await keepNoted(transaction, first, notes);
    await transaction.updateTable("server").set({ noted_from: first }).execute();
    return index > 0;
  });
}
