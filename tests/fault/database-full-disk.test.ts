/** The disk of the server's database is full: what hosts send waits with them, what is there is shown, and when there is room again everything arrives, once. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findPostgres, startPostgres } from "../../packages/control-plane/test/postgres.ts";
import { enrol, heldOf, setUp, startServer } from "../support/control-plane.ts";
import { bailiwick, makePlace, runGoverned } from "../support/governed.ts";
import { eventually } from "../support/going.ts";

const found = findPostgres();
const missing =
  "missing" in found ? found.missing : process.getuid?.() === 0 ? false : "a disk of its own for a database takes root";

test(
  "a full disk of the database: nothing is lost or doubled, and what is there can be seen",
  { skip: missing },
  async (context) => {
    if (!("programs" in found)) return;
    const postgres = await startPostgres(found.programs, "320m");
    context.after(() => postgres.stop());
    const [serverPlace, place] = [makePlace(), makePlace()];
    const server = await startServer(serverPlace, { database: await postgres.makeDatabase() });
    const owner = await setUp(server);
    context.after(async () => {
      await server.stop();
      for (const each of [serverPlace, owner.place, place]) each.remove();
    });
    await enrol(owner, server, place);
    const before = await runGoverned(place, { argv: ["true"] });
    assert.equal((await bailiwick(place, ["sync"])).status, 0);

    await postgres.fill();
    // More than what free pages of the tables may still take.
    const script = `i=0; while [ $i -lt 400 ]; do i=$((i+1)); /bin/true ${"x".repeat(2_000)} $i; done; touch done`;
    const during = await runGoverned(place, { argv: ["sh", "-c", script] });
    assert.equal(during.status, 0, "a run does not wait for its server");
    assert.ok(existsSync(join(place.workspace, "done")));
    const refused = await bailiwick(place, ["sync"]);
    assert.notEqual(refused.status, 0);
    assert.match(refused.stderr, /store|database/);
    const run = String(before.events[0]?.run);
    assert.deepEqual(
      (await heldOf(owner, run)).map(({ event }) => event),
      before.events,
      "what is there is shown",
    );

    postgres.free();
    await eventually(async () => (await bailiwick(place, ["sync"])).status === 0, "everything has arrived");
    const held = await heldOf(owner, String(during.events[0]?.run));
    assert.deepEqual(
      held.map(({ event }) => event),
      during.events,
    );
    const places = held.map(({ index }) => index);
    assert.deepEqual(
      places,
      [...new Set(places)].sort((a, b) => a - b),
    );
  },
);
