/** A run whose machine was switched off: it stays without an end, and is said to be silent, on a command line and in pages, until its host is heard again. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import { skipWithoutChromium } from "../support/chromium.ts";
import { startConsole, type Console } from "../support/console.ts";
import { enrol } from "../support/control-plane.ts";
import { eventually, startGoing } from "../support/going.ts";
import { bailiwick, type Place } from "../support/governed.ts";

const found = findPostgres();
const skip = "missing" in found ? found.missing : skipWithoutChromium;
const HOUR_MS = 3_600_000;
let postgres: Postgres;
let database: string;
let seen: Console;
let place: Place;
let host: string;
before(async () => {
  if (skip !== false || "missing" in found) return;
  postgres = await startPostgres(found.programs);
  database = await postgres.makeDatabase();
  seen = await startConsole(["viewRun", "readRun", "watchRun", "viewHost"], { database });
  place = seen.place();
  host = await enrol(seen.owner, seen.server, place);
});
after(async () => {
  if (skip !== false) return;
  await seen.close();
  await postgres.stop();
});

/** As if all that came of the host had come so long ago. */
async function ago(ms: number): Promise<void> {
  const direct = new pg.Client({ connectionString: database });
  await direct.connect();
  await direct.query("update host set seen_at = seen_at - $1, enrolled_at = enrolled_at - $1", [ms]);
  await direct.query("update host_policy set heard_at = heard_at - $1", [ms]);
  await direct.end();
}

const listed = async (): Promise<string> =>
  (await bailiwick(seen.owner.place, ["runs", "list", "--server"])).stdout.split("\n").find((line) => line !== "") ??
  "";
const shown = async (run: string) => await seen.client.call("showRun", { params: { run } });

describe("a run of whose host nothing comes any more", { skip }, () => {
  test("is silent since then, everywhere, and has no end; heard again, it is not", async (context) => {
    const going = await startGoing(place);
    const { run } = going;
    await eventually(async () => (await seen.client.call("listRuns", { query: {} })).items.length > 0, "it is there");
    // As a power cut would: nobody writes its end.
    going.child.kill("SIGKILL");
    await going.ended();
    await ago(HOUR_MS / 6);
    // Negative control: ten minutes are not long.
    assert.match(await listed(), / {2}running {2}/);
    assert.equal((await shown(run)).silentSince, undefined);

    const { page } = await seen.open(context, "/runs");
    await page.getByRole("row").getByText("running").waitFor();
    await ago(HOUR_MS);
    const { silentSince = 0, endedAt } = await shown(run);
    assert.equal(endedAt, undefined);
    assert.ok(silentSince > 0 && silentSince < Date.now() - HOUR_MS, String(silentSince));
    assert.match(await listed(), / {2}silent since \d/);
    await page.goto(`${seen.server.url}/runs?q=state:silent`);
    await page.getByRole("row").filter({ hasText: host }).getByText("silent since").waitFor();
    await page.goto(`${seen.server.url}/runs/${run}`);
    await page.getByText("Silent since").waitFor();
    await page.goto(`${seen.server.url}/hosts`);
    await page.getByRole("row").filter({ hasText: host }).getByText("silent").waitFor();
    await page.goto(`${seen.server.url}/hosts/${host}`);
    await page.getByText("Silent since").waitFor();

    // Another run there: its machine is on again.
    assert.equal((await bailiwick(place, ["run", "--approvals", "deny", "--", "true"])).status, 0);
    assert.equal((await bailiwick(place, ["sync"])).status, 0);
    const again = await shown(run);
    assert.deepEqual([again.silentSince, again.endedAt], [undefined, undefined]);
    const [ofHost] = (await seen.client.call("listHosts", { query: {} })).items;
    assert.deepEqual([ofHost?.silentSince, ofHost?.going], [undefined, 1]);
  });
});
