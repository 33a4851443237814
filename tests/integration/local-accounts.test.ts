/** A server without identity provider: an invitation, a passkey in Debian's chromium, and a device that is signed in by it; by the shipped command. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { addAuthenticator, type VirtualAuthenticator } from "../support/authenticator.ts";
import { skipWithoutChromium, startChromium } from "../support/chromium.ts";
import { setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { loginConfirmedBy } from "../support/device-login.ts";
import { freePort } from "../support/free-port.ts";
import { bailiwick, makePlace, type Place } from "../support/governed.ts";

let place: Place;
let device: Place;
let server: RunningServer;
let owner: SignedIn;
let browser: Browser;
let page: Page;
let authenticator: VirtualAuthenticator;
const refused: string[] = [];

describe("an account without identity provider", { skip: skipWithoutChromium }, () => {
  before(async () => {
    const port = await freePort();
    const url = `http://localhost:${String(port)}`;
    [place, device] = [makePlace(), makePlace()];
    const config = join(place.root, "server.toml");
    writeFileSync(config, `public-url = "${url}"\n[sessions]\nhours = 1\n`, { mode: 0o600 });
    server = { ...(await startServer(place, { port, options: ["--config", config] })), url };
    owner = await setUp(server);
    browser = await startChromium();
    page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(20_000);
    page.on("console", (message) => {
      if (/Content Security Policy/.test(message.text())) refused.push(message.text());
    });
    authenticator = await addAuthenticator(page);
  });
  after(async () => {
    await browser.close();
    await server.stop();
    for (const each of [place, device, owner.place]) each.remove();
  });

  async function invite(...words: string[]): Promise<string> {
    const { status, stdout, stderr } = await bailiwick(owner.place, ["server", "invite", ...words]);
    assert.equal(status, 0, stderr);
    return stdout.split("\n")[0] ?? "";
  }

  /** Without what a browser of axe would need of the page's policy: its rules, run in a world of their own. */
  async function violations(): Promise<readonly string[]> {
    const devtools = await page.context().newCDPSession(page);
    const { frameTree } = await devtools.send("Page.getFrameTree");
    const { executionContextId: contextId } = await devtools.send("Page.createIsolatedWorld", {
      frameId: frameTree.frame.id,
    });
    const expression = `${axe.source}; axe.run().then(({ violations }) => violations.map(({ id }) => id))`;
    const { result } = await devtools.send("Runtime.evaluate", {
      ...{ expression, contextId, awaitPromise: true, returnByValue: true },
    });
    return result.value as string[];
  }

  test("begins with an invitation, which makes a passkey and counts once", async () => {
    const url = await invite("robin", "--name", "Robin Roe");
    assert.ok(url.startsWith(`${server.url}/invitation#bwi_`), url);
    await page.goto(url);
    await page.getByText("You are invited as Robin Roe").waitFor();
    assert.deepEqual(await violations(), []);
    await page.getByLabel("Name of the passkey").fill("laptop");
    await authenticator.verifyUser(false);
    await page.getByRole("button", { name: "Make a passkey" }).click();
    await page.getByRole("alert").waitFor();
    assert.deepEqual(await authenticator.credentials(), []);
    await authenticator.verifyUser(true);
    await page.getByRole("button", { name: "Make a passkey" }).click();
    await page.getByText("You are signed in as robin.").waitFor();
    assert.equal((await authenticator.credentials()).length, 1);
    assert.ok(!page.url().includes("bwi_"));
    await page.goto(url);
    await page.reload();
    await page.getByRole("alert").getByText("was used, has expired, or never was").waitFor();
  });

  test("signs in by the passkey, back to the page that was asked for", async () => {
    await page.context().clearCookies();
    await page.goto(`${server.url}/runs`);
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Sign in with a passkey" }).waitFor();
    assert.deepEqual(await violations(), []);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.waitForURL(`${server.url}/runs`);
    await page.locator(".who").getByText("robin").waitFor();
    await page.goto(`${server.url}/passkeys`);
    await page.getByLabel("Name of laptop").waitFor();
    assert.deepEqual(await violations(), []);
    await page.getByRole("button", { name: "Remove laptop" }).click();
    await page.getByRole("alert").getByText("it is the only one").waitFor();
    // Nor elsewhere than on this server: a page cannot be sent on.
    await page.goto(`${server.url}/auth/passkey?to=https://evil.example/`);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.waitForURL(`${server.url}/auth`);
    await page.getByText("You are robin.").waitFor();
  });

  test("`bailiwick login` shows a code, which its person confirms by the passkey", async () => {
    await page.context().clearCookies();
    const login = await loginConfirmedBy(device, server.url, async (url) => {
      assert.ok(url.startsWith(`${server.url}/device?code=`), url);
      await page.goto(url);
      await page.getByRole("link", { name: "Sign in" }).click();
      await page.getByRole("button", { name: "Sign in with a passkey" }).click();
      await page.waitForURL(url);
      await page.getByText(new URL(url).searchParams.get("code") ?? "").waitFor();
      assert.deepEqual(await violations(), []);
      await page.getByRole("button", { name: "It is mine" }).click();
      await page.getByText("The device is signed in.").waitFor();
    });
    assert.equal(login.status, 0, login.stderr);
    assert.match(login.stdout, /as Person robin/);
    const { stdout } = await bailiwick(device, ["server", "whoami"]);
    assert.equal((JSON.parse(stdout) as { id: string }).id, "robin");
    const denied = await loginConfirmedBy(device, server.url, async (url) => {
      await page.goto(url);
      await page.getByRole("button", { name: "It is not mine" }).click();
      await page.getByText("Nobody was signed in.").waitFor();
    });
    assert.equal(denied.status, 125);
    assert.match(denied.stderr, /was denied, has expired, or never was/);
    assert.deepEqual(refused, []);
  });

  test("whom nobody named is not invited, and no time is too long", async () => {
    const nobody = await bailiwick(owner.place, ["server", "invite", "nobody"]);
    assert.match(nobody.stderr, /there is no person `nobody`/);
    const long = await bailiwick(owner.place, ["server", "invite", "robin", "--for", "30d"]);
    assert.match(long.stderr, /is no time from 1m to 7d/);
  });
});
