/** Proofs of the server's own log, whose files are rows. */
import type { TileName } from "../arrivals/batch.ts";
import type { Server } from "../routes/handler.ts";
import type { Database } from "../store/tables.ts";

export interface OwnHead {
  readonly logKey: string;
  readonly witnessKey: string;
  readonly checkpoint: string;
  readonly consistency?: string[];
}

export interface OwnLog {
  readonly checkpoint: Uint8Array;
  readonly size: number;
  read(name: TileName): Promise<Uint8Array | undefined>;
}

/** The log as one moment has it: each question adds an entry, and what an entry adds takes partial tiles away. */
export async function withOwnLog<T>({ db, holding }: Server, use: (log: OwnLog) => Promise<T>): Promise<T> {
  return await db
    .transaction()
    .setIsolationLevel("repeatable read")
    .execute(async (moment) => {
      const { checkpoint } = await moment.selectFrom("server").select("checkpoint").executeTakeFirstOrThrow();
      if (checkpoint === null) throw new Error("who asks is in the log, so that there is one");
      const read = async (name: TileName) => await readFile(moment, holding.tilePath(name));
      return await use({ checkpoint, size: holding.sizeOfCheckpoint(checkpoint), read });
    });
}

/** @param since how many entries the caller saw before */
export async function headOf({ holding, keys }: Server, log: OwnLog, since: number | undefined): Promise<OwnHead> {
  const { log: logKey, witness: witnessKey } = holding.formatHolderKeys(keys.signer.verifier, keys.cosigner.verifier);
  const head = { logKey, witnessKey, checkpoint: Buffer.from(log.checkpoint).toString("utf8") };
  if (since === undefined || since >= log.size) return head;
  const consistency = await holding.proveGrowth(log, since);
  return { ...head, consistency: consistency.map((hash) => Buffer.from(hash).toString("base64")) };
}

/** Undefined where the log has no such entry. */
export async function readOwnEntry(
  { holding }: Server,
  { size, read }: OwnLog,
  index: number,
): Promise<Uint8Array | undefined> {
  const bundle = Math.floor(index / holding.TILE_WIDTH);
  const name = index < size ? holding.tileOf(size, "entries", bundle) : undefined;
  const bytes = name && (await read(name));
  const place = index - bundle * holding.TILE_WIDTH;
  return bytes && holding.decodeBundle(bytes, place + 1)[place];
}

async function readFile(db: Database, path: string): Promise<Uint8Array | undefined> {
  const row = await db.selectFrom("log_file").select("bytes").where("path", "=", path).executeTakeFirst();
  return row?.bytes;
}
