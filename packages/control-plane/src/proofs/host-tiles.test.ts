/** Tiles of a long record, made from its entries. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { loadHolding } from "@bailiwick/audit";
import { sql } from "kysely";
import { findPostgres, startPostgres, type Postgres } from "../../test/postgres.ts";
import { openStore, type Store } from "../store/open-store.ts";
import { hostTiles } from "./host-tiles.ts";

const programs = findPostgres();
const skip = "programs" in programs ? false : programs.missing;
/** A full tile of the second level and something of the next. */
const SIZE = 65_536 + 300;
let postgres: Postgres;
let store: Store;

before(async () => {
  if (!("programs" in programs)) return;
  postgres = await startPostgres(programs.programs);
  store = await openStore({ url: await postgres.makeDatabase(), state: "" });
  await sql`insert into person (id, name, created_at) values ('robin', 'Robin', 0)`.execute(store.db);
  await sql`insert into host (id, name, person, public_key, origin, log_key, enrolled_at)
    values ('laptop', 'laptop', 'robin', '', 'o', '', 0)`.execute(store.db);
  await sql`insert into event (seq, host, index, run, entry)
    select i + 1, 1, i, '', convert_to('entry ' || i, 'UTF8') from generate_series(0, ${sql.lit(SIZE - 1)}) as i`.execute(
    store.db,
  );
});
after(async () => {
  if (skip !== false) return;
  await store.close();
  await postgres.stop();
});

describe("tiles of a host's record", { skip }, () => {
  const keptTiles = async () => (await store.db.selectFrom("host_tile").select(["level", "index"]).execute()).length;

  test("are those of its entries, at both levels, and the full ones above the lowest are kept", async () => {
    const holding = await loadHolding();
    const hasher = holding.createTreeHasher(holding.sha256);
    const leaves = Array.from({ length: SIZE }, (_, index) => hasher.leaf(Buffer.from(`entry ${String(index)}`)));
    const range = new holding.CompactRange(hasher);
    for (const leaf of leaves) range.append(leaf);
    const text = `o\n${String(SIZE)}\n${Buffer.from(range.root()).toString("base64")}\n`;
    const checkpoint = Buffer.from(`${text}\n— o ${Buffer.alloc(68).toString("base64")}\n`);
    const unkept: unknown[] = [];
    const keeping = { ...{ db: store.db, holding }, onUnkept: (error: unknown) => unkept.push(error) };
    for (const index of [0, 255, 256, 40_000, 65_535, 65_536, SIZE - 1]) {
      const entry = Buffer.from(`entry ${String(index)}`);
      const read = hostTiles(keeping, 1);
      assert.ok((await holding.proveKept({ checkpoint, read }, { index, entry, committed: undefined })).length > 0);
    }
    const read = hostTiles(keeping, 1);
    const other = holding.proveKept({ checkpoint, read }, { index: 5, entry: Buffer.from("x"), committed: undefined });
    await assert.rejects(other, { code: "AUDIT_LOG_DAMAGED" });
    assert.deepEqual([await keptTiles(), unkept], [1, []]);
  });

  test("where none can be kept they are made again, and an entry that is missing is no tile", async () => {
    const holding = await loadHolding();
    await sql`delete from host_tile`.execute(store.db);
    await sql`alter table host_tile add check (false)`.execute(store.db);
    const unkept: unknown[] = [];
    const read = hostTiles({ ...{ db: store.db, holding }, onUnkept: (error) => unkept.push(error) }, 1);
    const name = { kind: 1, index: 0, width: 256 };
    assert.equal((await read(name))?.length, 256 * 32);
    assert.equal(unkept.length, 1);
    await sql`delete from event where index = 1000`.execute(store.db);
    assert.equal(await read(name), undefined);
    assert.equal(await keptTiles(), 0);
  });
});
