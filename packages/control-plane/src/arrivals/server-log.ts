import { announceArrival } from "../store/open-store.ts";
import type { Database } from "../store/tables.ts";
import type { Holding } from "./batch.ts";
import { encodeNote, type DatedNote } from "./note.ts";
import { keepNoted } from "./noted.ts";

type KeptLog = InstanceType<Holding["KeptLog"]>;

/** The server's own log, whose files are rows. */
export class ServerLog {
  readonly #log: KeptLog;

  constructor(holding: Holding, signer: ConstructorParameters<Holding["KeptLog"]>[0]) {
    this.#log = new holding.KeptLog(signer);
  }

  /** Within the transaction that writes what the notes are about, and that has locked the row of the server. */
  async extend(
    db: Database,
    checkpoint: Uint8Array | undefined,
    { notes, arrived }: { readonly notes: readonly DatedNote[]; readonly arrived: number },
  ): Promise<void> {
    const read = async (paths: readonly string[]): Promise<Map<string, Uint8Array>> => {
      if (paths.length === 0) return new Map();
      const rows = await db
        .selectFrom("log_file")
        .selectAll()
        .where("path", "in", [...paths])
        .execute();
      return new Map(rows.map(({ path, bytes }) => [path, bytes]));
    };
    const extension = await this.#log.extend(checkpoint, read, notes.map(encodeNote));
    await db
      .insertInto("log_file")
      .values(extension.files.map(({ path, bytes }) => ({ path, bytes: Buffer.from(bytes) })))
      .onConflict((conflict) => conflict.column("path").doUpdateSet({ bytes: (row) => row.ref("excluded.bytes") }))
      .execute();
    if (extension.superseded.length > 0) {
      await db
        .deleteFrom("log_file")
        .where("path", "in", [...extension.superseded])
        .execute();
    }
    await db
      .updateTable("server")
      .set({ checkpoint: Buffer.from(extension.checkpoint), arrived })
      .execute();
    await keepNoted(db, extension.size - notes.length, notes);
    await announceArrival(db, arrived);
  }
}
