/** Searching all runs in the console: by words and filters, to the event in its run. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { makeHost, type TestHost } from "../../packages/control-plane/test/host.ts";
import { skipWithoutChromium } from "../support/chromium.ts";
import { axeFindings, PAYLOAD, startConsole, type Console } from "../support/console.ts";
import { eventually } from "../support/going.ts";

let seen: Console;
let host: TestHost;
let run = "";

before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole(["viewRun", "watchRun", "readRun"]);
  host = await makeHost({ owner: seen.client, server: seen.server }, "olivia");
  run = await host.record({ project: "shop", execs: 130 });
  await host.write([
    {
      ...{ type: "exec.refused", at: Date.now(), exec: 999, parent: 0, pid: 9, asked: "curl", cwd: "/" },
      program: { path: "/usr/bin/curl", digest: `sha256:${"0".repeat(64)}` },
      argv: { values: ["curl", PAYLOAD] },
      decision: {
        outcome: "deny",
        policies: ["no-curl"],
        reason: `no ${PAYLOAD}`,
        policyDigest: `sha256:${"0".repeat(64)}`,
      },
    },
  ]);
  await host.send();
  const isFound = async (query: string): Promise<boolean> =>
    (await seen.client.call("searchEvents", { query: { query } })).items.length > 0;
  await eventually(async () => (await isFound("130")) && (await isFound("curl")), "the index has it");
});
after(async () => {
  if (skipWithoutChromium !== false) return;
  host.remove();
  await seen.close();
});

describe("search", { skip: skipWithoutChromium }, () => {
  test("says how to begin; a query is in the address, and what is found leads to its event", async (context) => {
    const { page } = await seen.open(context, "/search");
    await page.getByRole("link", { name: "decision:refused since:1d" }).waitFor();
    await page.locator("h1").click();
    await page.keyboard.press("/");
    await page.keyboard.type("program:ls 17");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/search?q=program%3Als+17");
    await page.getByText("1 found").waitFor();
    await page.locator("h1").click();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/runs/${run}/events/*`);
    await page.locator('[aria-selected="true"]').filter({ hasText: "ls -17" }).waitFor();
    await page.goBack();
    await page.getByText("1 found").waitFor();
  });

  test("shows a page of what it found, and more when asked", async (context) => {
    const { page } = await seen.open(context, "/search?q=program:ls");
    await page.getByText("100 found, and there are more").waitFor();
    await page.getByRole("button", { name: "Look for more" }).click();
    await page.getByText("130 found").waitFor();
  });

  test("a query that is none says what to write; one that finds nothing what to do; who may read nothing why", async (context) => {
    const { page } = await seen.open(context, "/search?q=hots:x");
    await page
      .getByRole("alert")
      .getByText(/no filter `hots:`/)
      .waitFor();
    await page
      .getByRole("alert")
      .getByText(/What to do: .*host/)
      .waitFor();
    await page.goto(`${seen.server.url}/search?q=nothing-of-that`);
    await page.getByText("Nothing that you may read has all of this").waitFor();
    // Another person's rights are asked for, not the page's.
    await seen.owner.call("addPerson", { body: { id: "robin", name: "robin" } });
    const token = await seen.tokenOf("robin", ["viewRun", "readRun"]);
    const { page: robin } = await seen.open(context, "/search?q=program:ls", { token });
    await robin.getByText("Nothing that you may read has all of this").waitFor();
  });

  for (const dark of [undefined, true] as const) {
    test(`markup that is found is text, and axe finds nothing, in the ${dark ? "dark" : "light"} theme`, async (context) => {
      const { page, refused } = await seen.open(context, "/search", dark ? { dark } : {});
      await page.getByRole("link", { name: "decision:refused since:1d" }).waitFor();
      assert.deepEqual(await axeFindings(page), []);
      await page.getByRole("link", { name: "decision:refused since:1d" }).click();
      await page.getByRole("row").filter({ hasText: "onerror" }).waitFor();
      await page.keyboard.press("j");
      if (process.env["SHOTS"])
        await page.screenshot({ path: `${process.env["SHOTS"]}/search-${dark ? "dark" : "light"}.png` });
      assert.deepEqual(await axeFindings(page), []);
      assert.deepEqual([await page.title(), await page.locator("img").count(), refused], ["Bailiwick", 0, []]);
    });
  }
});
