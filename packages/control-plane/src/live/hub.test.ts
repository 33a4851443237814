/** Who watches while more is written than the database is read. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loadHolding } from "@bailiwick/audit";
import { sql, type KyselyPlugin } from "kysely";
import { openStore, type Store } from "../store/open-store.ts";
import { LiveHub, type Arrival } from "./hub.ts";

const AT_ONCE = 2_000;
let folder: string;
let store: Store;
let written = 0;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "bailiwick-hub-"));
  store = await openStore({ url: undefined, state: folder });
  await sql`insert into server (log_key, witness_key) values ('', '')`.execute(store.db);
  await sql`insert into person (id, name, created_at) values ('robin', 'Robin', 0)`.execute(store.db);
  await sql`insert into host (id, name, person, public_key, origin, log_key, enrolled_at)
    values ('laptop', 'laptop', 'robin', '', 'o', '', 0)`.execute(store.db);
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** What a transaction writes, as the hub that is beside it is given it. */
async function write(hub: Pick<LiveHub, "frame"> | undefined, count = AT_ONCE): Promise<readonly Arrival[]> {
  const first = written;
  written += count;
  await sql`insert into event (seq, host, index, run, entry)
    select i + 1, 1, i, '', 'x'::bytea from generate_series(${sql.lit(first)}, ${sql.lit(written - 1)}) as i`.execute(
    store.db,
  );
  await sql`update server set arrived = ${sql.lit(written)}`.execute(store.db);
  return Array.from({ length: count }, (_, offset) => {
    const place = { seq: first + offset + 1, host: 1, host_id: "laptop", index: first + offset, run: "" };
    return { ...place, entry: Buffer.from("x"), record: undefined, frame: hub?.frame(place, undefined) };
  });
}

/** The store, where something happens each time that events were read: before whoever reads them has them. */
function readingSlowly(meanwhile: () => Promise<void>): Store {
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      if ("entry" in (result.rows[0] ?? {})) await meanwhile();
      return result;
    },
  };
  return { ...store, db: store.db.withPlugin(plugin) };
}

async function seenAfter(hub: LiveHub, seq: number): Promise<readonly number[]> {
  const seen: number[] = [];
  for (let at = seq; ;) {
    const { frames, to } = await hub.after(at, undefined);
    if (frames.length === 0 && to === at) return seen;
    seen.push(...frames.map((frame) => frame.seq));
    at = to;
  }
}

describe("who watches", () => {
  test("reads what came before, however much is written meanwhile, and has each event once", async () => {
    let reads = 0;
    const hub: LiveHub = new LiveHub(
      readingSlowly(async () => {
        reads += 1;
        // As long as it reads, as much comes as it reads.
        if (reads < 20) hub.arrived(await write(hub));
      }),
      await loadHolding(),
    );
    const from = await hub.enter();
    await write(undefined, 3 * AT_ONCE);
    hub.lost();
    await hub.close();
    assert.ok(reads <= 4, `read ${String(reads)} times`);
    hub.arrived(await write(hub));
    const expected = Array.from({ length: written - from }, (_, index) => from + index + 1);
    assert.deepEqual(await seenAfter(hub, from), expected);
    assert.ok(reads <= 4);
    hub.leave();
  });

  test("has what another instance wrote in between", async () => {
    const hub = new LiveHub(store, await loadHolding());
    const from = await hub.enter();
    hub.arrived(await write(hub, 10));
    await write(undefined, 5);
    hub.arrived(await write(hub, 10));
    await write(undefined, 5);
    hub.arrived(await write(hub, 10));
    await hub.close();
    const expected = Array.from({ length: written - from }, (_, index) => from + index + 1);
    assert.deepEqual(await seenAfter(hub, from), expected);
    hub.leave();
  });

  test("begins with the newest where nobody watched, although what the last one wanted is still being read", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const hub = new LiveHub(
      readingSlowly(async () => await held),
      await loadHolding(),
    );
    await hub.enter();
    await write(undefined, 10);
    hub.lost();
    hub.leave();
    const from = await hub.enter();
    release();
    await hub.close();
    hub.arrived(await write(hub, 10));
    const { frames, to } = await hub.after(from, undefined);
    assert.deepEqual([frames.length, to], [10, written]);
    hub.leave();
  });
});
