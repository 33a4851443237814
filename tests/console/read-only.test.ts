/** The console on a database that can only be read: it says so, shows what is there, and what changes something says why not. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { makeHost, type TestHost } from "../../packages/control-plane/test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import { setReadOnly } from "../../packages/control-plane/test/read-only.ts";
import { skipWithoutChromium } from "../support/chromium.ts";
import { startConsole, type Console } from "../support/console.ts";
import { eventually } from "../support/going.ts";

const programs = findPostgres();
const skip = "missing" in programs ? programs.missing : skipWithoutChromium;
let postgres: Postgres;
let database = "";
let seen: Console;
let host: TestHost;
let run = "";

before(async () => {
  if (skip !== false || !("programs" in programs)) return;
  postgres = await startPostgres(programs.programs);
  database = await postgres.makeDatabase();
  const actions = ["viewRun", "watchRun", "readRun", "killRun", "viewQuestion", "viewHost", "revokeHost", "viewUse"];
  seen = await startConsole([...actions, "viewServerLog"], { database });
  host = await makeHost({ owner: seen.client, server: seen.server }, "olivia");
  run = await host.record({ project: "shop" });
  await host.send();
});
after(async () => {
  if (skip !== false) return;
  host.remove();
  await seen.close();
  await postgres.stop();
});

describe("a read-only database", { skip }, () => {
  test("is said, every page shows what is there, and what changes something says why not", async (context) => {
    const isReadOnly = async (): Promise<boolean> => (await seen.client.call("session", {})).readOnly === true;
    const { page } = await seen.open(context, "/runs");
    await page.getByRole("link", { name: "claude" }).waitFor();
    // Negative control: nothing is said as long as it takes something.
    assert.equal(await page.getByText("can only be read now").count(), 0);
    await setReadOnly(database, true);
    await eventually(isReadOnly, "the server finds it");
    for (const [path, shown] of [
      ["/runs", "claude"],
      [`/runs/${run}`, "ls -2"],
      ["/search?q=program:ls", "found"],
      ["/approvals", "Approvals"],
      ["/hosts", host.id],
      ["/audit", "right.used"],
      [`/audit/runs/${run}/2`, "proven: entry"],
    ] as const) {
      await page.goto(seen.server.url + path);
      await page.getByText("can only be read now").waitFor();
      const there = path === "/audit" ? page.getByRole("row").nth(3) : page.locator("main").getByText(shown).first();
      await there.waitFor();
    }
    await page.goto(`${seen.server.url}/hosts/${host.id}`);
    await page.getByRole("button", { name: "Revoke this host…" }).click();
    await page.keyboard.type("sold");
    await page.getByRole("button", { name: `Revoke ${host.id}` }).click();
    await page.getByRole("alert").getByText("nothing was changed").waitFor();

    await setReadOnly(database, false);
    await eventually(async () => !(await isReadOnly()), "the server finds that, too");
    await page.getByRole("button", { name: `Revoke ${host.id}` }).click();
    await page.getByText("nothing holds for it any more").waitFor();
    const { items } = await seen.client.call("report", { query: { action: "viewHost" } });
    assert.ok(
      items.some(({ note }) => note["late"] === true),
      "who looked meanwhile is in the log",
    );
  });
});
