/** Settings in the console: oneself and this browser, the role break-glass opened and ended with its reason, and what the server is. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { skipWithoutChromium } from "../support/chromium.ts";
import { startCompany } from "../support/company.ts";
import { axeFindings, PAYLOAD, startConsole, type Console } from "../support/console.ts";
import { confirmIn } from "../support/identity-provider.ts";

const SEE = ["viewRun", "viewServerLog", "viewBreakGlass", "grantRole", "viewPeople", "manageNotify"];

let seen: Console;
before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole(SEE);
  await seen.owner.call("addPerson", { body: { id: "gina", name: "gina" } });
  const scope = { type: "Company", id: "company" };
  await seen.owner.call("grantRole", { body: { to: { type: "Person", id: "gina" }, role: "break-glass", scope } });
});
after(async () => {
  if (skipWithoutChromium !== false) return;
  await seen.close();
});

async function shot(page: Page, name: string): Promise<void> {
  if (process.env["SHOTS"]) await page.screenshot({ path: `${process.env["SHOTS"]}/${name}.png`, fullPage: true });
}

describe("settings", { skip: skipWithoutChromium, concurrency: false }, () => {
  test("say who one is, what the server is with its keys, and the zone of times; keys that act alone are turned off", async (context) => {
    const { page, refused } = await seen.open(context, "/settings");
    await page.getByRole("list", { name: "Your roles" }).getByText("owner for the company").waitFor();
    const facts = page.getByRole("region", { name: "The server" });
    await facts.getByText(seen.server.logKey).waitFor();
    await facts.getByText("tokens alone").waitFor();
    await facts.getByText("Nowhere but here").waitFor();
    // The checkpoint is signed by that key.
    const name = seen.server.logKey.split("+")[0] ?? "";
    await facts.locator("pre").getByText(`— ${name}`).waitFor();
    await page.getByText(/Times are shown in \S+/).waitFor();
    await page.getByText("Who came by a token has no session of a browser here.").waitFor();
    await page.getByRole("region", { name: "This browser" }).getByLabel("Theme").selectOption("dark");
    assert.equal(await page.getByRole("navigation").getByLabel("Theme").inputValue(), "dark");
    await page.locator("html[data-theme=dark]").waitFor();
    await page.getByRole("checkbox", { name: /Keys that act alone/ }).uncheck();
    await page.goto(`${seen.server.url}/runs`);
    await page.getByRole("searchbox").waitFor();
    await page.keyboard.press("/");
    assert.equal(await page.locator("#filter:focus").count(), 0);
    assert.deepEqual(refused, []);
  });

  test("who may not see the server's log or openings is told so, and sees the rest", async (context) => {
    const { page } = await seen.open(context, "/settings", { token: await seen.tokenOf("gina", ["viewRun"]) });
    const facts = page.getByRole("region", { name: "The server" });
    await facts.getByText("takes the right viewServerLog").waitFor();
    await facts.getByText(seen.server.logKey).waitFor();
    assert.equal(await facts.getByText("Where people are told").count(), 0);
    await page.getByText("that takes a role with breakGlass").waitFor();
  });

  test("break-glass is opened with a reason, seen by others, and ended; markup in its reason is text", async (context) => {
    const token = await seen.tokenOf("gina", ["breakGlass", "viewRun"]);
    const { page } = await seen.open(context, "/settings", { token });
    await page.getByRole("button", { name: "Open …" }).click();
    const form = page.getByRole("form", { name: "Open" });
    await form.getByLabel("Minutes").fill("5");
    assert.equal(await form.getByRole("button", { name: "Open", exact: true }).isDisabled(), true);
    await form.getByLabel("Why").fill(PAYLOAD);
    await form.getByRole("button", { name: "Open", exact: true }).click();
    await page.getByText(/Open as b-[0-9a-f]{12}/).waitFor();
    const { page: owner, refused } = await seen.open(context, "/settings");
    const openings = owner.getByRole("list", { name: "Openings" });
    await openings.getByText("● open").waitFor();
    await openings.getByText("gina for the company").getByText("onerror").waitFor();
    await page.getByRole("button", { name: "End it …" }).click();
    await page.getByRole("form", { name: "End it" }).getByRole("button", { name: "End it" }).click();
    await page.getByRole("button", { name: "Open …" }).waitFor();
    await owner.reload();
    await openings.getByText("over").waitFor();
    const { items } = await seen.client.call("listBreakGlasses", { query: {} });
    assert.deepEqual([items[0]?.person, items[0]?.reason, items[0]?.endedBy], ["gina", PAYLOAD, "gina"]);
    assert.deepEqual([await owner.title(), await owner.locator("img").count(), refused], ["Bailiwick", 0, []]);
  });

  test("of one's browsers the other is signed out, and this one stays", async (context) => {
    const company = await startCompany("staff", "developer", "sam");
    context.after(() => company.stop());
    const pages: Page[] = [];
    for (let count = 0; count < 2; count++) {
      const browser = await seen.browser.newContext();
      context.after(() => browser.close());
      const page = await browser.newPage();
      page.setDefaultTimeout(30_000);
      await page.goto(`${company.server.url}/settings`);
      await page.getByRole("link", { name: "Sign in" }).click();
      await confirmIn(page, "sam");
      pages.push(page);
    }
    const [other, own] = pages as [Page, Page];
    const sessions = own.getByRole("list", { name: "Sessions" });
    await sessions.getByText("this one:").waitFor();
    assert.equal(await sessions.getByRole("listitem").count(), 2);
    await sessions.getByRole("button", { name: "End …" }).click();
    await own.getByRole("form", { name: "End" }).getByRole("button", { name: "End", exact: true }).click();
    await sessions.getByRole("listitem").nth(1).waitFor({ state: "detached" });
    await sessions.getByText("this one:").waitFor();
    await other.reload();
    await other.getByText("You are not signed in").waitFor();
    await own.reload();
    await sessions.getByText("this one:").waitFor();
  });

  for (const dark of [undefined, true] as const) {
    test(`axe finds nothing in the ${dark ? "dark" : "light"} theme`, async (context) => {
      const { page } = await seen.open(context, "/settings", dark ? { dark } : {});
      await page.getByRole("region", { name: "The server" }).locator("pre").waitFor();
      await page.getByRole("list", { name: "Your roles" }).getByText("owner").waitFor();
      await shot(page, `settings-${dark ? "dark" : "light"}`);
      assert.deepEqual(await axeFindings(page), []);
    });
  }
});
