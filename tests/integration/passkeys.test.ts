/** Passkeys in Debian's chromium with its virtual authenticator, at a server by the shipped command whose people have a provider. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { addAuthenticator } from "../support/authenticator.ts";
import { skipWithoutChromium, startChromium } from "../support/chromium.ts";
import { startCompany, type Company } from "../support/company.ts";
import { type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { confirmIn } from "../support/identity-provider.ts";
import { readServerNotes } from "../support/server-log.ts";

let company: Company;
let server: RunningServer;
let owner: SignedIn;
let browser: Browser;

describe("passkeys in a browser", { skip: skipWithoutChromium }, () => {
  before(async () => {
    company = await startCompany("admins", "security-admin", "robin", "sam");
    ({ server, owner } = company);
    browser = await startChromium();
  });
  after(async () => {
    await browser.close();
    await company.stop();
  });

  /** The page of passkeys, and what its policy of content refused there. */
  async function open(): Promise<{ readonly page: Page; readonly refused: string[] }> {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(20_000);
    const refused: string[] = [];
    page.on("console", (message) => {
      if (/Content Security Policy/.test(message.text())) refused.push(message.text());
    });
    await page.goto(`${server.url}/passkeys`);
    await page.getByRole("link", { name: "Sign in" }).click();
    return { page, refused };
  }

  test("the first is added by who has just proven who they are, more by one that is there; each is named and removed", async () => {
    const { page, refused } = await open();
    await confirmIn(page, "robin");
    await page.getByText("You have none.").waitFor();
    const authenticator = await addAuthenticator(page);
    // The provider asked who it is, and was not asked to do it now: that is no proof.
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByRole("alert").getByText("within 10 minutes of proving").waitFor();
    assert.deepEqual(await authenticator.credentials(), []);
    await page.getByRole("link", { name: "Prove who you are" }).click();
    await confirmIn(page, "robin");
    await page.getByLabel("Name").fill("laptop");
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByText("Added: laptop.").waitFor();
    assert.equal((await authenticator.credentials()).length, 1);

    // Another authenticator: only with what the first one signs.
    await page.getByLabel("Name", { exact: true }).fill("key");
    const [asked] = await Promise.all([
      page.waitForResponse((response) => response.url().endsWith("/passkeys/start")),
      page.getByRole("button", { name: "Add a passkey" }).click(),
    ]);
    assert.ok("proof" in (asked.request().postDataJSON() as object));
    // This authenticator has one for this person already: browsers make no second.
    await page.getByRole("alert").getByText("previously registered").waitFor();

    await page.getByLabel("Name of laptop").fill("<b>work laptop</b>");
    await page.getByRole("button", { name: "Rename" }).click();
    await page.getByText("Its name is <b>work laptop</b> now.").waitFor();
    assert.ok(!(await page.locator("tbody").innerText()).includes("never"));
    await page.getByRole("button", { name: "Remove <b>work laptop</b>" }).click();
    await page.getByText("You have none.").waitFor();
    const types = (await readServerNotes(owner))
      .map(({ type }) => String(type))
      .filter((type) => /^passkey/.test(type));
    assert.deepEqual(types, ["passkey.added", "passkey.removed"]);
    assert.deepEqual(refused, []);
  });

  test("without the right finger, or by a copy, nothing is proven", async () => {
    const { page } = await open();
    await confirmIn(page, "sam");
    await page.getByText("You have none.").waitFor();
    const authenticator = await addAuthenticator(page);
    await page.getByRole("link", { name: "Prove who you are" }).click();
    await confirmIn(page, "sam");
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByText("Added: passkey.").waitFor();

    await authenticator.verifyUser(false);
    await page.getByRole("button", { name: "Remove passkey" }).click();
    await page.getByRole("alert").waitFor();
    await authenticator.verifyUser(true);
    await authenticator.setCounter(50);
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByRole("alert").getByText("previously registered").waitFor();
    await authenticator.setCounter(7);
    await page.getByRole("button", { name: "Remove passkey" }).click();
    await page.getByRole("alert").getByText("counter value").waitFor();
    assert.equal(await page.locator("tbody tr").count(), 1);
    const refused = (await readServerNotes(owner)).find(({ type }) => type === "passkey.refused");
    assert.match(String(refused?.["why"]), /counter value 8 was lower than expected 51/);
  });
});
