/** An analyst's day: who read the file of secrets last week, and what else that run did. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { NewEvent } from "@bailiwick/audit";
import { makeHost, type TestHost } from "../../../packages/control-plane/test/host.ts";
import { skipWithoutChromium } from "../../support/chromium.ts";
import { startConsole, type Console } from "../../support/console.ts";
import { eventually } from "../../support/going.ts";

const DAY_MS = 86_400_000;
const digest = `sha256:${"0".repeat(64)}`;
let seen: Console;
let hosts: TestHost[] = [];
let run = "";

function reading(exec: number, at: number, ...argv: string[]): NewEvent {
  return {
    ...{ type: "exec.allowed", at, exec, parent: 0, pid: 100 + exec, asked: "cat", cwd: "/home/robin/shop" },
    ...{ program: { path: "/usr/bin/cat", digest }, argv: { values: ["cat", ...argv] } },
    decision: { outcome: "allow", policies: [], reason: "", policyDigest: digest },
  };
}

before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole(["viewRun", "readRun", "watchRun"]);
  await seen.owner.call("addPerson", { body: { id: "robin", name: "Robin" } });
  const served = { owner: seen.client, server: seen.server };
  hosts = [await makeHost(served, "olivia"), await makeHost(served, "robin")];
  const [own, theirs] = hosts;
  if (own === undefined || theirs === undefined) return;
  await own.record({ execs: 40 });
  const now = Date.now();
  run = await theirs.record({ execs: 40 });
  const [before, lastWeek] = [now - 20 * DAY_MS, now - 6 * DAY_MS];
  await theirs.write([reading(60, before, "customers.key"), reading(61, lastWeek, "customers.key")], run as never);
  for (const host of hosts) await host.send();
  const found = async () =>
    (await seen.client.call("searchEvents", { query: { query: "customers.key" } })).items.length === 2;
  await eventually(found, "the index has it");
});
after(async () => {
  if (skipWithoutChromium !== false) return;
  for (const host of hosts) host.remove();
  await seen.close();
});

describe("an analyst", { skip: skipWithoutChromium }, () => {
  test("finds who read a file last week, goes to that event among what its run did, and hands on the link", async (context) => {
    const { page } = await seen.open(context, "/runs");
    await page.getByRole("link", { name: "Search" }).click();
    await page.getByLabel("Search the events of all runs").fill("program:cat customers.key since:7d");
    await page.keyboard.press("Enter");
    await page.getByText("1 found").waitFor();
    const row = page.getByRole("row").filter({ hasText: "cat customers.key" });
    await row.getByText(/^robin@/).waitFor();
    await row.getByRole("link").click();
    await page.waitForURL(`**/runs/${run}/events/*`);
    await page.locator('[aria-selected="true"]').filter({ hasText: "cat customers.key" }).waitFor();
    await page.getByLabel("Event", { exact: true }).getByText("/home/robin/shop").first().waitFor();
    const { page: colleague } = await seen.open(context, new URL(page.url()).pathname);
    await colleague.locator('[aria-selected="true"]').filter({ hasText: "cat customers.key" }).waitFor();
    // Negative control: what was read before that week is not last week's.
    const { items } = await seen.client.call("searchEvents", { query: { query: "customers.key until:7d" } });
    assert.equal(items.length, 1);
  });
});
