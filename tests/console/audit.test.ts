/** Who did what in the console: found, proven in the browser, and a log that was changed is seen. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Download, Page } from "playwright-core";
import { makeHost, type TestHost } from "../../packages/control-plane/test/host.ts";
import { skipWithoutChromium } from "../support/chromium.ts";
import { axeFindings, PAYLOAD, startConsole, type Console } from "../support/console.ts";
import { bailiwick } from "../support/governed.ts";

let seen: Console;
let host: TestHost;
let run = "";
const REASON = `why ${PAYLOAD}`;

before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole(["viewUse", "viewServerLog", "viewRun", "readRun", "watchRun"]);
  host = await makeHost({ owner: seen.client, server: seen.server }, "olivia");
  run = await host.record({ project: PAYLOAD, execs: 300 });
  await host.send();
  await seen.client.call("killRuns", { body: { scope: { type: "Run", id: run }, reason: REASON } });
});
after(async () => {
  if (skipWithoutChromium !== false) return;
  host.remove();
  await seen.close();
});

/** The place of an entry in the server's log. */
async function indexOf(action: string): Promise<number> {
  const { items } = await seen.client.call("report", { query: { action } });
  assert.ok(items[0] !== undefined, action);
  return items[0].index;
}

/** Saves what a link downloads. @returns its path, and what the page says to check it by */
async function takeAlong(page: Page): Promise<{ readonly path: string; readonly words: readonly string[] }> {
  const waiting: Promise<Download> = page.waitForEvent("download");
  await page.getByRole("link", { name: /^Download/ }).click();
  const download = await waiting;
  const path = join(seen.serverPlace.root, download.suggestedFilename());
  await download.saveAs(path);
  const line = (await page.locator("pre").filter({ hasText: "audit check" }).textContent()) ?? "";
  return { path, words: [...line.matchAll(/'([^']+)'/g)].map(([, key]) => key ?? "") };
}

const proven = (page: Page) => page.getByRole("heading", { name: /✓ proven: entry/ });
const notProven = (page: Page) => page.getByRole("heading", { name: /✕ NOT PROVEN/ });

describe("audit", { skip: skipWithoutChromium }, () => {
  test("is found by person and by what was done, as part of the address, and leads to the entry and its proof", async (context) => {
    const { page } = await seen.open(context, "/audit");
    await page.getByText("seen by this browser for the first time").waitFor();
    await page.getByLabel("Person").fill("olivia");
    await page.getByLabel("Action").fill("killRun");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/audit?person=olivia&action=killRun");
    await page.getByRole("row").filter({ hasText: "killRun (killRuns)" }).waitFor();
    assert.equal(await page.getByRole("row").count(), 2);
    await page.getByLabel("From").fill("2020-01-01T00:00");
    await page.getByLabel("To").fill("2020-02-01T00:00");
    await page.getByRole("button", { name: "Look", exact: true }).click();
    await page.getByText("Nothing of this that you may see").waitFor();
    await page.goBack();
    const row = page.getByRole("row").filter({ hasText: "killRun (killRuns)" });
    await row.waitFor();
    await page.locator("h1").click();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/audit/${String(await indexOf("killRun"))}`);
    await proven(page).waitFor();
    await page.locator("pre").filter({ hasText: '"action": "killRun"' }).waitFor();
    await page.getByText("that this browser saw").waitFor();
  });

  test("a proof that is taken along is checked by the command, and by the page without a network", async (context) => {
    const { page } = await seen.open(context, `/audit/${String(await indexOf("killRun"))}`);
    await proven(page).waitFor();
    const { path, words } = await takeAlong(page);
    const [key = ""] = words;
    const checked = await bailiwick(seen.serverPlace, ["audit", "check", path, "--key", key]);
    assert.equal(checked.status, 0, checked.stderr);
    assert.match(checked.stdout, /proven: entry/);
    await page.goto(`${seen.server.url}/audit/check`);
    await page.getByLabel("Proof", { exact: true }).waitFor();
    await page.context().setOffline(true);
    await page.getByLabel("Proof", { exact: true }).setInputFiles(path);
    await page.getByText("Give the key of the log.").waitFor();
    await page.getByRole("button", { name: "The key that this browser knows" }).click();
    await proven(page).waitFor();
    // Negative controls: another key, and a changed byte of the entry.
    await page.getByLabel("Verifier key of the log").fill(key.replace(/.$/, (last) => (last === "A" ? "B" : "A")));
    await notProven(page).waitFor();
    await page.getByLabel("Verifier key of the log").fill(key);
    await proven(page).waitFor();
    const text = readFileSync(path, "latin1");
    const changed = text.replace(
      /^extra (.{40})(.)/m,
      (_, before: string, one: string) => `extra ${before}${one === "A" ? "B" : "A"}`,
    );
    await page
      .getByLabel("Proof", { exact: true })
      .setInputFiles({ name: "changed", mimeType: "text/plain", buffer: Buffer.from(changed, "latin1") });
    await notProven(page).waitFor();
    await page.context().setOffline(false);
  });

  test("negative control: a server that answers with a changed proof is found out", async (context) => {
    const index = await indexOf("killRun");
    const { page } = await seen.open(context, "/audit");
    await page.getByText("first time").waitFor();
    await page.route("**/api/v1/log-proofs/**", async (route) => {
      const response = await route.fetch();
      const told = (await response.json()) as { proof: string };
      const proof = told.proof.replace(/^index [0-9]+/m, "index 0");
      await route.fulfill({ response, json: { ...told, proof } });
    });
    await page.goto(`${seen.server.url}/audit/${String(index)}`);
    await notProven(page).waitFor();
    await page.getByText("the entry is not what the log has at this index").waitFor();
  });

  for (const [what, change, said] of [
    [
      "rolled back",
      (text: string) => text.replace(/^([^\n]*)\n[0-9]+/, "$1\n99999"),
      "fewer entries than this browser has seen",
    ],
    ["forked", (text: string) => text.replace(/^([^\n]*\n[0-9]+\n)..../, "$1AAAA"), "its past was written anew"],
  ] as const) {
    test(`a log that was ${what} is shown in red, and is not taken for what was seen`, async (context) => {
      const { page } = await seen.open(context, "/audit");
      await page.getByText("first time").waitFor();
      const text = (await page.evaluate(() => localStorage.getItem("bailiwick-log-head"))) ?? "{}";
      const kept = JSON.parse(text) as { checkpoint: string };
      const other = JSON.stringify({ ...kept, checkpoint: change(kept.checkpoint) });
      const put = (value: string) => page.evaluate((each) => localStorage.setItem("bailiwick-log-head", each), value);
      const get = () => page.evaluate(() => localStorage.getItem("bailiwick-log-head"));
      await put(other);
      await page.reload();
      await page.getByRole("alert").getByText(said).waitFor();
      assert.equal(await get(), other);
      // Negative control: what was really seen is continued.
      await put(text);
      await page.reload();
      await page.getByText("that this browser saw").waitFor();
      assert.equal(await page.getByRole("alert").count(), 0);
    });
  }

  test("an event of a run is proven in its host's record, with the server's cosignature; without what is personal", async (context) => {
    const { page } = await seen.open(context, `/runs/${run}/events/7`);
    await page.getByRole("link", { name: "Prove that it is in the record" }).click();
    await page.waitForURL(`**/audit/runs/${run}/7`);
    await proven(page).waitFor();
    await page.getByText(/saw the log with it by then/).waitFor();
    await page.locator("pre").filter({ hasText: '"ls"' }).waitFor();
    const { path, words } = await takeAlong(page);
    const [key = "", witness = ""] = words;
    const checked = await bailiwick(seen.serverPlace, ["audit", "check", path, "--key", key, "--witness", witness]);
    assert.equal(checked.status, 0, checked.stderr);
    await page.getByRole("checkbox").uncheck();
    await page.getByText("which are not in this proof").waitFor();
    assert.equal(await page.locator("pre").filter({ hasText: '"ls"' }).count(), 0);
  });

  test("who may not see it is told which right it takes", async (context) => {
    await seen.owner.call("addPerson", { body: { id: "robin", name: "robin" } });
    const token = await seen.tokenOf("robin", ["viewUse", "viewServerLog", "readRun"]);
    const { page } = await seen.open(context, "/audit", { token });
    await page.getByText("Nothing of this that you may see").waitFor();
    await page.goto(`${seen.server.url}/audit/0`);
    await page.getByText("need the right viewServerLog").waitFor();
    await page.goto(`${seen.server.url}/audit/runs/${run}/7`);
    await page.getByText("needs the right to read this run").waitFor();
  });

  for (const dark of [undefined, true] as const) {
    test(`texts of others are text, and axe finds nothing, in the ${dark ? "dark" : "light"} theme`, async (context) => {
      const { page, refused } = await seen.open(context, "/audit?action=order.given", dark ? { dark } : {});
      const shot = async (name: string): Promise<void> => {
        const folder = process.env["SHOTS"];
        if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}-${dark ? "dark" : "light"}.png` });
      };
      await page.getByRole("row").filter({ hasText: "onerror" }).waitFor();
      await page.getByText("first time").waitFor();
      await shot("audit");
      assert.deepEqual(await axeFindings(page), []);
      for (const path of [`/audit/${String(await indexOf("order.given"))}`, `/audit/runs/${run}/1`]) {
        await page.goto(seen.server.url + path);
        await proven(page).waitFor();
        await page.locator("pre").filter({ hasText: "onerror" }).first().waitFor();
        await shot(path.includes("runs") ? "event-proof" : "entry");
        assert.deepEqual(await axeFindings(page), []);
      }
      await page.goto(`${seen.server.url}/audit/check`);
      await page.getByRole("button", { name: "The key that this browser knows" }).waitFor();
      await shot("check");
      assert.deepEqual(await axeFindings(page), []);
      assert.deepEqual([await page.title(), await page.locator("img").count(), refused], ["Bailiwick", 0, []]);
    });
  }
});
