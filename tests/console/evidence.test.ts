/** Archives of evidence in the console: made of one run and of many, saved, compared with the server's log, and checked by the command. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { unzipSync } from "fflate";
import type { Page } from "playwright-core";
import { makeHost, type TestHost } from "../../packages/control-plane/test/host.ts";
import { skipWithoutChromium } from "../support/chromium.ts";
import { axeFindings, PAYLOAD, startConsole, type Console } from "../support/console.ts";
import { bailiwick } from "../support/governed.ts";

const ALL = ["viewRun", "readRun", "watchRun", "replayRun", "viewUse", "viewServerLog", "exportAudit"];
const REASON = `the audit of October ${PAYLOAD}`;

let seen: Console;
let host: TestHost;
let run = "";
before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole(ALL);
  host = await makeHost({ owner: seen.client, server: seen.server }, "olivia");
  run = await host.record({ execs: 20 });
  await host.record({ project: "bank" });
  await host.send();
});
after(async () => {
  if (skipWithoutChromium !== false) return;
  host.remove();
  await seen.close();
});

/** Sends the form, and saves what comes. */
async function make(page: Page): Promise<{ readonly path: string; readonly bytes: Buffer; readonly command: string }> {
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Make the archive" }).click();
  const download = await waiting;
  const path = join(seen.serverPlace.root, download.suggestedFilename());
  await download.saveAs(path);
  const command = (await page.locator("pre").filter({ hasText: "evidence check" }).textContent()) ?? "";
  return { path, bytes: readFileSync(path), command };
}

const check = async (path: string, key: string) =>
  await bailiwick(seen.serverPlace, ["evidence", "check", path, "--key", key]);

const runsIn = (archive: Uint8Array): string[] =>
  Object.keys(unzipSync(archive)).filter((name) => name.includes("/runs/"));

describe("evidence", { skip: skipWithoutChromium }, () => {
  test("of one run is made from its page, saved, the same as the server's log says, and holds by the command; a changed byte does not", async (context) => {
    const { page, refused } = await seen.open(context, `/runs/${run}`);
    await page.locator(".crumbs").getByRole("link", { name: "Evidence" }).click();
    await page.waitForURL(`**/evidence?scope=Run:${run}`);
    assert.equal(await page.getByLabel("Run, by its id").inputValue(), run);
    await page.getByLabel("Why").fill(REASON);
    const { path, bytes, command } = await make(page);
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    await page.getByRole("status", { name: "The archive" }).getByText(digest).waitFor();
    assert.deepEqual(runsIn(bytes), [`hosts/${host.id}/runs/${run}.ndjson`]);
    const [, key = ""] = /--key '([^']+)'/.exec(command) ?? [];
    assert.equal(key, seen.server.logKey);
    const held = await check(path, key);
    assert.match(held.stdout, /^holds: \d+ files, \d+ proofs?, signed by the log's key/, held.stderr);
    const row = page.getByRole("row").filter({ hasText: `run ${run}` });
    await row.getByText("the audit of October").waitFor();
    await page.getByRole("link", { name: /^entry \d+, with a proof/ }).click();
    await page.getByRole("heading", { name: /✓ proven: entry/ }).waitFor();
    await page.locator("pre").filter({ hasText: digest }).waitFor();
    assert.deepEqual(refused, []);
    // Negative control: the file that is checked is the one that is looked at.
    const changed = Buffer.from(bytes);
    const at = changed.indexOf("report.html") + 200;
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(path, changed);
    const broken = await check(path, key);
    assert.ok(broken.status !== 0, broken.stdout);
  });

  test("of a time and a project is made by the keyboard alone", async (context) => {
    const { page } = await seen.open(context, "/runs");
    await page.getByText("● live").waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("evidence");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/evidence");
    await page.getByLabel("Runs of").focus();
    await page.keyboard.type("a pro");
    await page.keyboard.press("Tab");
    await page.keyboard.type("bank");
    await page.getByLabel("Why").focus();
    await page.keyboard.type("by keys");
    const waiting = page.waitForEvent("download");
    await page.keyboard.press("Enter");
    const path = join(seen.serverPlace.root, "bank.zip");
    await (await waiting).saveAs(path);
    assert.equal(runsIn(readFileSync(path)).length, 1);
    await page.getByRole("row").filter({ hasText: "project bank" }).getByText("by keys").waitFor();
    // j and Enter go to the entry of the newest.
    await page.locator("h1").click();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/audit\/\d+$/);
  });

  test("what there is none of is said with what to do, and nothing is saved", async (context) => {
    const { page } = await seen.open(context, "/evidence?scope=Project:nowhere");
    await page.getByLabel("Why").fill("x");
    await page.getByRole("button", { name: "Make the archive" }).click();
    await page.getByRole("alert").getByText("no run of this scope that you may read").waitFor();
    assert.equal(await page.getByRole("link", { name: /\.zip$/ }).count(), 0);
  });

  test("who may not make or see them is told which right is missing", async (context) => {
    const token = await seen.tokenOf("olivia", ["viewRun", "readRun"]);
    const { page } = await seen.open(context, `/evidence?scope=Run:${run}`, { token });
    await page.getByText("Making an archive takes the right exportAudit").waitFor();
    await page.getByText("is for those with viewUse").waitFor();
    assert.equal(await page.getByRole("button", { name: "Make the archive" }).count(), 0);
    await page.goto(`${seen.server.url}/runs/${run}`);
    await page.locator(".crumbs").getByRole("link", { name: "Evidence" }).waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("evidence of this run");
    await page.getByText("takes a role with exportAudit").waitFor();
  });

  for (const dark of [false, true]) {
    test(`nothing keeps people out of it, ${dark ? "dark" : "light"}`, async (context) => {
      const { page } = await seen.open(context, `/evidence?scope=Run:${run}`, dark ? { dark } : {});
      await page.getByRole("row").nth(1).waitFor();
      await page.getByLabel("Why").fill("to be looked at");
      await make(page);
      await page.getByText("The server’s log has the same").waitFor();
      assert.deepEqual(await axeFindings(page), []);
      const shots = process.env["SHOTS"];
      if (shots !== undefined) await page.screenshot({ path: join(shots, `evidence-${dark ? "dark" : "light"}.png`) });
    });
  }
});
