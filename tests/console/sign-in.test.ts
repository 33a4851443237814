/** Signing in from the console at a real identity provider, back to the page that was asked for, and out again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { skipWithoutChromium, startChromium } from "../support/chromium.ts";
import { startCompany } from "../support/company.ts";
import { confirmIn } from "../support/identity-provider.ts";

test(
  "who is not signed in gets there from the console, comes back to their page, and signs out",
  { skip: skipWithoutChromium },
  async (context) => {
    const company = await startCompany("admins", "security-admin", "robin");
    context.after(() => company.stop());
    const {
      owner,
      server: { url },
    } = company;
    const browser = await startChromium();
    context.after(() => browser.close());
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);

    await page.goto(`${url}/runs?q=[x]`);
    await page.getByRole("link", { name: "Sign in" }).click();
    await confirmIn(page, "robin");
    await page.waitForURL(`${url}/runs?q=%5Bx%5D`);
    await page.getByText("● live").waitFor();
    assert.match(await page.locator(".who").innerText(), /^robin-/);

    // Negative control: the server takes no such request without what `session` gave.
    const status = `fetch("/api/v1/session", { method: "DELETE" }).then(({ status }) => status)`;
    assert.equal(await page.evaluate(status), 403);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "You are not signed in" }).waitFor();
    const answer = `fetch("/api/v1/session").then(({ status }) => status)`;
    assert.equal(await page.evaluate(answer), 401);

    // Ended elsewhere: the page leaves by itself, with all that it showed.
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.getByText("● live").waitFor();
    const robin = await page.locator(".who").innerText();
    await page.evaluate("globalThis.kept = true");
    await owner.call("endSessions", { params: { person: robin } });
    await page.getByRole("heading", { name: "You are not signed in" }).waitFor({ timeout: 60_000 });
    assert.equal(await page.evaluate("globalThis.kept"), undefined);
    assert.equal(await page.locator(".who").innerText(), "");
    assert.equal(await page.getByRole("link", { name: "Sign in" }).count(), 1);
  },
);
