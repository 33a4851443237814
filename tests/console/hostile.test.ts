/** What pages of others and texts of agents must not bring about, in a browser. Beside each attack what is right passes. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { makeHost, type TestHost } from "../../packages/control-plane/test/host.ts";
import { skipWithoutChromium, startChromium } from "../support/chromium.ts";
import { startCompany, type Company } from "../support/company.ts";
import { PAYLOAD, startConsole, type Console } from "../support/console.ts";
import { eventually } from "../support/going.ts";
import { confirmIn } from "../support/identity-provider.ts";

describe("pages of another site", { skip: skipWithoutChromium }, () => {
  let company: Company;
  let browser: Browser;
  let elsewhere: Server;
  let elsewhereUrl = "";
  before(async () => {
    company = await startCompany("admins", "security-admin", "robin");
    browser = await startChromium();
    const { url } = company.server;
    elsewhere = createServer((request, response) => {
      const frame = request.url === "/own" ? "/" : `${url}${request.url ?? ""}`;
      response.setHeader("content-type", "text/html").end(`<!doctype html><title>elsewhere</title>
        <iframe src="${frame}"></iframe><a href="${url}/auth/start?to=/runs">Win</a>`);
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    elsewhereUrl = `http://127.0.0.1:${String((elsewhere.address() as AddressInfo).port)}`;
  });
  after(async () => {
    await browser.close();
    await company.stop();
    elsewhere.close();
    elsewhere.closeAllConnections();
  });

  async function newPage(context: TestContext): Promise<readonly [BrowserContext, Page]> {
    const seen = await browser.newContext();
    context.after(() => seen.close());
    const page = await seen.newPage();
    page.setDefaultTimeout(20_000);
    return [seen, page];
  }
  async function signIn(page: Page): Promise<void> {
    await page.goto(`${company.server.url}/runs`);
    await page.getByRole("link", { name: "Sign in" }).click();
    await confirmIn(page, "robin");
    await page.getByText("● live").waitFor();
  }

  test("have none of the server's in a frame, whoever is signed in (clickjacking)", async (context) => {
    const [, page] = await newPage(context);
    await signIn(page);
    const refused: string[] = [];
    page.on("console", (message) => {
      if (message.text().includes("frame-ancestors")) refused.push(message.text());
    });
    const paths = ["/runs", "/approvals", "/hosts", "/audit", "/audit/check", "/auth", "/passkeys"];
    for (const [before, path] of paths.entries()) {
      await page.goto(elsewhereUrl + path);
      await eventually(() => refused.length > before, `${path} is in no frame`);
      assert.equal(await page.frameLocator("iframe").getByText("Bailiwick").count(), 0, path);
    }
    // Negative control: what says nothing against it is framed.
    await page.goto(`${elsewhereUrl}/own`);
    await page.frameLocator("iframe").getByRole("link", { name: "Win" }).waitFor();
  });

  test("change nothing by somebody's session, by a request nor by a form", async (context) => {
    const [, page] = await newPage(context);
    await signIn(page);
    const { url } = company.server;
    await page.goto(`${elsewhereUrl}/own`);
    const asked = await page.evaluate(async (to) => {
      const body = JSON.stringify({ id: "by-fetch", name: "x" });
      const simple = { method: "POST", credentials: "include", mode: "no-cors", body } as const;
      await fetch(to, simple).catch(() => undefined);
      const json = { ...simple, mode: "cors", headers: { "content-type": "application/json" } } as const;
      return await fetch(to, json).then(
        () => "answered",
        () => "refused",
      );
    }, `${url}/api/v1/teams`);
    assert.equal(asked, "refused");
    const teams = async (): Promise<string> => JSON.stringify(await company.owner.call("listTeams"));
    assert.doesNotMatch(await teams(), /by-fetch/);
    // Negative control: the server's own page does, with what its session gave it.
    await page.goto(`${url}/runs`);
    await page.getByText("● live").waitFor();
    const status = await page.evaluate(async () => {
      const { csrfToken } = (await (await fetch("/api/v1/session")).json()) as { csrfToken: string };
      const headers = { "content-type": "application/json", "x-bailiwick-csrf": csrfToken };
      const body = JSON.stringify({ id: "by-page", name: "x" });
      return (await fetch("/api/v1/teams", { method: "POST", headers, body })).status;
    });
    assert.equal(status, 200);
    assert.match(await teams(), /by-page/);
  });

  test("sign nobody in without their wanting it (login CSRF)", async (context) => {
    const [seen, page] = await newPage(context);
    await page.goto(`${elsewhereUrl}/own`);
    await page.getByRole("link", { name: "Win" }).click();
    await page.waitForURL(`${company.server.url}/auth?to=%2Fruns`);
    assert.deepEqual(await seen.cookies(company.server.url), []);
    // Who wants it goes on from there, and comes to where the link led.
    await page.getByRole("link", { name: "Sign in" }).click();
    await confirmIn(page, "robin");
    await page.waitForURL(`${company.server.url}/runs`);
  });

  test("plant no session that is signed in later (session fixation)", async (context) => {
    const [seen, page] = await newPage(context);
    const { url } = company.server;
    // A cookie of this name is of a secure place alone, which browsers take localhost for.
    const secure = url.replace("http:", "https:");
    const name = "__Host-bailiwick";
    const planted = `bwb_${"A".repeat(43)}`;
    await seen.addCookies([{ name, value: planted, url: secure, secure: true, httpOnly: true, sameSite: "Lax" }]);
    await signIn(page);
    const cookie = (await seen.cookies(url)).find((each) => each.name === name);
    assert.ok(cookie !== undefined && cookie.value !== planted);
    const [other, attacker] = await newPage(context);
    await other.addCookies([{ name, value: planted, url: secure, secure: true, httpOnly: true, sameSite: "Lax" }]);
    await attacker.goto(`${url}/runs`);
    await attacker.getByRole("heading", { name: "You are not signed in" }).waitFor();
  });
});

describe("texts of agents", { skip: skipWithoutChromium }, () => {
  let seen: Console;
  let host: TestHost;
  let run = "";
  let refusedAt = 0;
  const digest = `sha256:${"0".repeat(64)}`;
  const denied = { outcome: "deny" as const, policies: [PAYLOAD], reason: PAYLOAD, instead: PAYLOAD };
  const decision = { ...denied, policyDigest: digest };
  before(async () => {
    if (skipWithoutChromium !== false) return;
    seen = await startConsole([
      ...["viewRun", "watchRun", "readRun", "viewQuestion", "answerQuestion", "viewHost", "viewOrder"],
      ...["viewUse", "viewServerLog", "viewPolicy", "exportAudit"],
    ]);
    host = await makeHost({ owner: seen.client, server: seen.server }, "olivia");
    const enforcement = [{ layer: PAYLOAD, state: "unavailable", detail: PAYLOAD } as const];
    run = await host.record({ project: PAYLOAD, agent: PAYLOAD, kernel: PAYLOAD, enforcement });
    await host.write(
      [
        {
          ...{
            type: "exec.refused",
            at: Date.now(),
            exec: 9,
            parent: 0,
            pid: 9,
            asked: PAYLOAD,
            cwd: PAYLOAD,
            decision,
          },
          program: { path: `/${PAYLOAD}`, digest },
          argv: { values: ["curl", PAYLOAD] },
        },
        { type: "host.refused", at: Date.now(), host: PAYLOAD, port: 443, exec: 9, decision },
        { type: "files.changed", at: Date.now(), paths: [PAYLOAD], count: 1 } as never,
      ],
      run as never,
    );
    await host.send();
    const { items } = await seen.client.call("readRun", { params: { run }, query: {} });
    refusedAt = items.find(({ event }) => event?.["type"] === "exec.refused")?.seq ?? 0;
    await host.client.call("askQuestion", {
      params: { host: host.id },
      body: {
        ...{ id: "q".repeat(22), run, agent: PAYLOAD, project: PAYLOAD, labels: [], exec: 1, bound: digest },
        ...{ policyDigest: digest, argv: ["git", PAYLOAD], cwd: PAYLOAD, files: [], reason: PAYLOAD },
        ...{ policies: [PAYLOAD], expiresInS: 3_600 },
      },
    });
    await seen.client.call("killRuns", { body: { scope: { type: "Host", id: host.id }, reason: PAYLOAD } });
    await seen.client.call("makeEvidence", { body: { scope: { type: "Agent", id: PAYLOAD }, reason: PAYLOAD } });
    const found = async () =>
      (await seen.client.call("searchEvents", { query: { query: "onerror" } })).items.length > 0;
    await eventually(found, "the index has it");
  });
  after(async () => {
    if (skipWithoutChromium !== false) return;
    host.remove();
    await seen.close();
  });

  for (const [name, path] of [
    ["runs", () => "/runs"],
    ["a run", () => `/runs/${run}`],
    ["an event", () => `/runs/${run}/events/${String(refusedAt)}`],
    ["approvals", () => "/approvals"],
    ["a question", () => `/approvals/${"q".repeat(22)}`],
    ["search", () => "/search?q=onerror"],
    ["hosts", () => "/hosts"],
    ["a host", () => `/hosts/${host.id}`],
    ["audit", () => "/audit?action=order.given"],
    ["evidence", () => `/evidence?scope=Run:${encodeURIComponent(PAYLOAD)}`],
    ["a proof", () => `/audit/runs/${run}/${String(refusedAt)}`],
  ] as const) {
    test(`are text on the page of ${name}, and nothing of them runs, loads or is markup`, async (context) => {
      const { page, refused, asked } = await seen.open(context, path());
      await page.getByText("onerror").filter({ visible: true }).first().waitFor();
      assert.deepEqual([await page.title(), await page.locator("img").count(), refused], ["Bailiwick", 0, []]);
      assert.equal(await page.locator("main script").count(), 0);
      assert.ok(
        asked.every((url) => url.startsWith(seen.server.url)),
        "nothing is asked for elsewhere",
      );
    });
  }

  test("negative control: as markup they would be seen", async (context) => {
    const { page } = await seen.open(context, "/runs");
    await page.evaluate(`document.querySelector("main").insertAdjacentHTML("beforeend", ${JSON.stringify(PAYLOAD)})`);
    assert.equal(await page.locator("img").count(), 1);
  });
});
