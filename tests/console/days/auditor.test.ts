/** An auditor's day: who ended a run and why, proven on a machine that knows no server. */
import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makeHost, type TestHost } from "../../../packages/control-plane/test/host.ts";
import { skipWithoutChromium } from "../../support/chromium.ts";
import { startConsole, type Console } from "../../support/console.ts";
import { bailiwick } from "../../support/governed.ts";

let seen: Console;
let host: TestHost;
let token = "";

before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole(["viewRun"]);
  await seen.owner.call("addPerson", { body: { id: "norbert", name: "Norbert" } });
  const [to, scope] = [
    { type: "Person", id: "norbert" },
    { type: "Company", id: "company" },
  ];
  await seen.owner.call("grantRole", { body: { to, role: "auditor", scope } });
  token = await seen.tokenOf("norbert", ["viewUse", "viewServerLog", "viewRun", "readRun", "viewHost"]);
  host = await makeHost({ owner: seen.client, server: seen.server }, "olivia");
  const run = await host.record();
  await host.send();
  await seen.client.call("killRuns", {
    body: { scope: { type: "Run", id: run }, reason: "it reads what it should not" },
  });
});
after(async () => {
  if (skipWithoutChromium !== false) return;
  host.remove();
  await seen.close();
});

describe("an auditor", { skip: skipWithoutChromium }, () => {
  test("finds who ended a run, takes the proof along, and verifies it offline, by the command and by the page", async (context) => {
    const { page } = await seen.open(context, "/runs", { token });
    await page.getByRole("link", { name: "Audit" }).click();
    await page.getByLabel("Action").fill("order.given");
    await page.keyboard.press("Enter");
    await page.getByRole("row").filter({ hasText: "it reads what it should not" }).getByRole("link").click();
    await page.getByRole("heading", { name: /✓ proven: entry/ }).waitFor();
    const waiting = page.waitForEvent("download");
    await page.getByRole("link", { name: /^Download/ }).click();
    const download = await waiting;
    // A machine that never heard of the server, and its key, which came by another way.
    const place = seen.place();
    const path = join(place.root, "handed-over.tlog-proof");
    copyFileSync(await download.path(), path);
    const key = join(place.root, "log.vkey");
    writeFileSync(key, `${seen.server.logKey}\n`);
    const checked = await bailiwick(place, ["audit", "check", path, "--key", key]);
    assert.equal(checked.status, 0, checked.stderr);
    assert.match(checked.stdout, /it reads what it should not/);

    await page.getByRole("link", { name: "Audit", exact: true }).first().click();
    await page.getByRole("link", { name: "Check a proof" }).click();
    await page.getByLabel("Proof", { exact: true }).waitFor();
    await page.context().setOffline(true);
    await page.getByLabel("Verifier key of the log").fill(seen.server.logKey);
    await page.getByLabel("Proof", { exact: true }).setInputFiles(path);
    await page.getByRole("heading", { name: /✓ proven: entry/ }).waitFor();
    await page.locator("pre").filter({ hasText: "it reads what it should not" }).waitFor();
  });
});
