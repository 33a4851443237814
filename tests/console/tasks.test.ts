/** The page of tasks in Debian's chromium: what was asked for, its patch as text, review, cancellation and the form. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Client, signAs } from "@bailiwick/control-plane/contract";
import { makeHost, type TestHost } from "../../packages/control-plane/test/host.ts";
import type { Served } from "../../packages/control-plane/test/served.ts";
import { skipWithoutChromium } from "../support/chromium.ts";
import { axeFindings, PAYLOAD, startConsole, type Console } from "../support/console.ts";

let seen: Console;
let host: TestHost;

before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole(["viewTask", "submitTask", "reviewTask", "cancelTask", "viewPool", "viewRun"]);
  const { client: owner, server } = seen;
  host = await makeHost({ owner, server: { url: server.url } } as unknown as Served, "olivia");
});
after(async () => {
  if (skipWithoutChromium !== false) return;
  host.remove();
  await seen.close();
});

async function makePool(): Promise<void> {
  const body = { hosts: [host.id], repositories: ["/srv/git"] };
  await seen.client.call("putPool", { params: { pool: "builders" }, body });
}

async function submit(prompt: string): Promise<string> {
  const body = { agent: "claude-code", repository: "/srv/git/shop", prompt };
  return (await seen.client.call("submitTask", { params: { pool: "builders" }, body })).id;
}

/** As its host would, without running anything. */
async function finish(patch: string): Promise<void> {
  const client = new Client({ url: seen.server.url, by: signAs(host.id, host.privateKey) });
  const lease = randomBytes(16).toString("base64url");
  const { task } = await client.call("takeTask", { params: { host: host.id }, body: { pool: "builders", lease } });
  assert.ok(task !== undefined);
  const params = { host: host.id, task: task.id };
  await client.call("renewTask", { params, body: { lease, state: "running" } });
  await client.call("handInTask", {
    params,
    body: {
      ...{ lease, outcome: "succeeded", status: 0, base: "a".repeat(40), run: "0".repeat(26) },
      ...{ cost: { tokens: 1_200, money: 0.02, currency: "USD" }, patch: Buffer.from(patch).toString("base64") },
    },
  });
}

describe("the page of tasks", { skip: skipWithoutChromium }, () => {
  test("says how to begin, submits by its form, shows the patch as text, and accepts it", async (context) => {
    const { page, refused } = await seen.open(context, "/tasks");
    await page.getByText("No tasks that you may see.").waitFor();
    await makePool();
    await page.getByRole("link", { name: "Submit a task" }).click();
    await page.getByLabel("What the agent is to do").fill(`make it faster ${PAYLOAD}`);
    await page.getByLabel(/^Repository/).fill("/elsewhere/shop");
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByText(/runs nothing about/).waitFor();
    await page.getByLabel(/^Repository/).fill("/srv/git/shop");
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByRole("article", { name: "Task" }).getByText("waits").waitFor();
    await finish(`diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,3 @@\n-one\n+${PAYLOAD}\n+\u001b[2J\u202Ehidden\n`);
    const patch = page.getByRole("region", { name: "Patch" });
    await patch.getByText(`+${PAYLOAD}`).waitFor();
    await patch.getByText("+\\x1b[2J\\u{202e}hidden").waitFor();
    await page.getByText("1200 tokens, 0.0200 USD").waitFor();
    await page.getByRole("link", { name: /command by command/ }).waitFor();
    if (process.env["SHOTS"]) await page.screenshot({ path: `${process.env["SHOTS"]}/tasks.png` });
    assert.deepEqual(await axeFindings(page), []);
    await page.getByLabel(/^Why/).fill("good");
    await page.getByRole("button", { name: "Accept" }).click();
    await page.getByRole("article", { name: "Task" }).getByText("accepted").waitFor();
    assert.equal(await page.getByRole("button", { name: "Accept" }).count(), 0);
    assert.notEqual(await page.title(), "owned");
    assert.deepEqual(refused, []);
  });

  test("a task is chosen by keys, cancelled, and found by its address", async (context) => {
    const waits = await submit("one that waits");
    const { page } = await seen.open(context, "/tasks?state=open", { dark: true });
    const row = page.getByRole("row").filter({ hasText: "one that waits" });
    await row.waitFor();
    await page.keyboard.press("j");
    await page.getByRole("button", { name: "Cancel this task" }).click();
    await page.getByRole("article", { name: "Task" }).getByText("cancelled").waitFor();
    assert.equal((await seen.client.call("showTask", { params: { task: waits } })).outcome, "cancelled");
    assert.deepEqual(await axeFindings(page), []);
    const other = await seen.open(context, `/tasks/${waits}`);
    await other.page.getByRole("article", { name: "Task" }).getByText("one that waits").waitFor();
  });
});
