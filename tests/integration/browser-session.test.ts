/** Browsers that sign in at a company's identity provider: a real provider, the shipped command, and Debian's chromium. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { skipWithoutChromium, startChromium } from "../support/chromium.ts";
import { startCompany, type Company } from "../support/company.ts";
import { type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { confirmIn } from "../support/identity-provider.ts";
import { readServerNotes } from "../support/server-log.ts";

let company: Company;
let server: RunningServer;
let owner: SignedIn;
let browser: Browser;
let elsewhere: Server;
let elsewhereUrl: string;

describe("a browser at the server", { skip: skipWithoutChromium }, () => {
  before(async () => {
    company = await startCompany("admins", "security-admin", "robin", "sam");
    ({ server, owner } = company);
    browser = await startChromium();
    // A page of somebody else's, on the same machine and another site: localhost and 127.0.0.1 are two.
    elsewhere = createServer((_, response) => {
      response.setHeader("content-type", "text/html").end(`<!doctype html><title>elsewhere</title>
        <form method="post" enctype="text/plain" action="${server.url}/api/v1/teams">
          <input name='{"id":"by-form","name":"' value='"}'><button>Win</button>
        </form>`);
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    elsewhereUrl = `http://127.0.0.1:${String((elsewhere.address() as AddressInfo).port)}/`;
  });
  after(async () => {
    await browser.close();
    await company.stop();
    elsewhere.close();
    elsewhere.closeAllConnections();
  });

  /** A browser of its own, signed in by the provider's pages. */
  async function signIn(login: string): Promise<Page> {
    // The pages that are there have no script and let none ask anything; those that will have some are spoken for here.
    const page = await (await browser.newContext({ bypassCSP: true })).newPage();
    page.setDefaultTimeout(10_000);
    await page.goto(`${server.url}/auth`);
    await page.click('a[href="/auth/start"]');
    await confirm(page, login);
    return page;
  }

  async function confirm(page: Page, login: string): Promise<void> {
    await confirmIn(page, login);
    await page.waitForURL(`${server.url}/auth`);
  }

  interface Asked {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
    readonly mode?: "no-cors";
  }

  /** As a script of the page would ask. @returns the status, or what the browser says */
  async function ask(page: Page, path: string, options: Asked = {}): Promise<{ status: number; text: string }> {
    return await page.evaluate(
      async ([url, init]) => {
        try {
          const response = await fetch(url, { credentials: "include", ...init });
          return { status: response.status, text: await response.text() };
        } catch (error) {
          return { status: -1, text: String(error) };
        }
      },
      [new URL(path, server.url).href, options] as const,
    );
  }

  async function csrfTokenOf(page: Page): Promise<string> {
    const { status, text } = await ask(page, "/api/v1/session");
    assert.equal(status, 200, text);
    return (JSON.parse(text) as { csrfToken: string }).csrfToken;
  }

  test("is signed in by the provider; its cookie is for this host, and not for scripts", async () => {
    const page = await signIn("robin");
    assert.match(await page.innerText("body"), /You are robin-/);
    const cookies = await page.context().cookies(server.url);
    const cookie = cookies.find(({ name }) => name === "__Host-bailiwick");
    assert.deepEqual([cookie?.secure, cookie?.httpOnly, cookie?.sameSite, cookie?.path], [true, true, "Lax", "/"]);
    assert.ok(!cookies.some(({ name }) => name === "__Host-bailiwick-sign-in"));
    assert.doesNotMatch(String(await page.evaluate("document.cookie")), /bailiwick/);
    const notes = await readServerNotes(owner);
    assert.ok(notes.some(({ type, what }) => type === "identity.changed" && what === "signed in by a browser"));
  });

  test("changes things by a page of the server's; a page of another site does not", async () => {
    const page = await signIn("robin");
    const csrf = await csrfTokenOf(page);
    const team = (id: string): string => JSON.stringify({ id, name: id });
    const headers = { "content-type": "application/json", "x-bailiwick-csrf": csrf };
    const made = await ask(page, "/api/v1/teams", { method: "POST", headers, body: team("by-own-page") });
    assert.equal(made.status, 200, made.text);
    const without = { "content-type": "application/json" };
    const bare = await ask(page, "/api/v1/teams", { method: "POST", headers: without, body: team("without-token") });
    assert.equal(bare.status, 403);

    const other = await page.context().newPage();
    await other.goto(elsewhereUrl);
    // What needs no permission of the server: the browser sends it, whatever becomes of it.
    const simple = { method: "POST", headers: { "content-type": "text/plain" }, mode: "no-cors" } as const;
    await ask(other, "/api/v1/teams", { ...simple, body: team("by-no-cors") });
    // With the token, had it leaked: the browser asks the server first, which does not answer that.
    const preflight = await ask(other, "/api/v1/teams", { method: "POST", headers, body: team("by-preflight") });
    assert.equal(preflight.status, -1);
    // A form takes the whole page along, and with it cookies that are Lax enough.
    const [posted] = await Promise.all([other.waitForResponse(`${server.url}/api/v1/teams`), other.click("button")]);
    assert.ok(posted.status() === 401 || posted.status() === 403);
    const { items } = (await owner.call("listTeams")) as { items: { id: string }[] };
    assert.deepEqual(
      items.map(({ id }) => id),
      ["by-own-page"],
    );
  });

  test("proves again who it is when that is asked, and the session says when", async () => {
    const page = await signIn("sam");
    const before = Date.now();
    await page.goto(`${server.url}/auth/start?fresh=true`);
    await confirm(page, "sam");
    const { session } = JSON.parse((await ask(page, "/api/v1/session")).text) as { session: { verifiedAt: number } };
    assert.ok(session.verifiedAt >= before - 1_000);
  });

  test("is signed out at the server too: a copied cookie is worth nothing then", async () => {
    const page = await signIn("robin");
    const headers = { "x-bailiwick-csrf": await csrfTokenOf(page) };
    const [cookie] = (await page.context().cookies(server.url)).filter(({ name }) => name === "__Host-bailiwick");
    const thief = await browser.newContext({ bypassCSP: true });
    assert.ok(cookie);
    await thief.addCookies([cookie]);
    const copy = await thief.newPage();
    await copy.goto(`${server.url}/auth`);
    assert.equal((await ask(copy, "/api/v1/session")).status, 200);
    assert.equal((await ask(page, "/api/v1/session", { method: "DELETE", headers })).status, 204);
    assert.equal((await ask(copy, "/api/v1/session")).status, 401);
    await page.goto(`${server.url}/auth`);
    assert.match(await page.innerText("h1"), /Sign in/);
  });

  test("loses its session and what it watches when an owner ends its person", async () => {
    const page = await signIn("sam");
    const { id } = JSON.parse((await ask(page, "/api/v1/session")).text) as { id: string };
    const opened = page.waitForResponse(`${server.url}/api/v1/stream`);
    const watched = page.evaluate(async () => {
      const response = await fetch("/api/v1/stream");
      await response.text().catch(() => undefined);
      return response.status;
    });
    await opened;
    await owner.call("endPerson", { params: { person: id } });
    assert.equal(await watched, 200);
    assert.equal((await ask(page, "/api/v1/session")).status, 401);
  });
});
