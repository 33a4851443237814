/** Browser sessions: what must not sign anybody in, and what must not be done with somebody's session. Beside each attack what is right passes. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { PUBLIC, TestBrowser } from "../test/browser.ts";
import { settingsOf, startFakeProvider, type FakeProvider } from "../test/fake-provider.ts";
import { serve, type Served } from "../test/served.ts";

const HOUR = 3_600_000;
let provider: FakeProvider;
let served: Served;
let clock = 0;
/** Each test has its own day, so that no other's sign-ins count against its address. */
let morning = 0;

before(async () => {
  provider = await startFakeProvider();
  served = await serve({
    now: () => Date.now() + clock,
    publicUrl: PUBLIC,
    oidc: settingsOf(provider, "security-admin"),
  });
});
after(async () => {
  await served.stop();
  await provider.stop();
});
beforeEach(() => {
  morning += 86_400_000 / 2;
  clock = morning;
  provider.authTime = () => nowS();
});

function nowS(): number {
  return Math.floor((Date.now() + clock) / 1000);
}

class Browser extends TestBrowser {
  constructor() {
    super(served.server.url, provider);
  }
}

async function signedIn(login = "robin"): Promise<Browser> {
  const browser = new Browser();
  const answer = await browser.signIn(login);
  assert.equal(answer.status, 303, await answer.text());
  return browser;
}

function codeOf(answer: Record<string, unknown>): string | undefined {
  return (answer["error"] as { code: string } | undefined)?.code;
}

const COOKIE = "__Host-bailiwick";

describe("a browser signs in", () => {
  test("by the provider; its cookie is of this host alone, and no script reads it", async () => {
    const browser = new Browser();
    const answer = await browser.signIn("robin");
    assert.equal(answer.headers.get("location"), "/auth");
    const [line = ""] = answer.headers.getSetCookie().filter((each) => each.startsWith(`${COOKIE}=`));
    for (const part of ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"]) assert.ok(line.includes(part), line);
    assert.ok(!/domain/i.test(line));
    const { type, id, name, actions, session } = await browser.session();
    assert.deepEqual([type, name], ["Person", "robin"]);
    assert.ok((actions as string[]).includes("managePeople") && !(actions as string[]).includes("grantOwner"));
    assert.equal((session as { current: boolean }).current, true);
    assert.match(await (await browser.get("/auth")).text(), new RegExp(`You are ${String(id)}`));
  });

  test("the page has no script, is framed nowhere, and tells nobody its address", async () => {
    const { headers } = await new Browser().get("/auth");
    const policy = headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.ok(!/script-src|unsafe/.test(policy));
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("referrer-policy"), "no-referrer");
  });

  for (const to of [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "/%0a/evil",
    "evil",
    "/\t/evil.example",
  ]) {
    const isLocal = to === "/%0a/evil";
    test(`afterwards it goes to ${JSON.stringify(to)} ${isLocal ? "here" : "never"}`, async () => {
      const started = await new Browser().get(`/auth/start?${String(new URLSearchParams({ to }))}`);
      assert.equal(started.status, isLocal ? 303 : 400);
    });
  }

  test("begins by itself or from the server's own pages; from a page of another site only when somebody wants it there", async () => {
    const start = async (site: string) =>
      await new Browser().get("/auth/start?to=/runs", site === "" ? {} : { "sec-fetch-site": site });
    for (const site of ["cross-site", "same-site"]) {
      const answer = await start(site);
      assert.equal(answer.headers.get("location"), "/auth?to=%2Fruns");
      assert.deepEqual(answer.headers.getSetCookie(), []);
    }
    assert.match(await (await new Browser().get("/auth?to=/runs")).text(), /href="\/auth\/start\?to=%2Fruns"/);
    for (const site of ["same-origin", "none", ""]) {
      assert.match((await start(site)).headers.get("location") ?? "", /\/authorize\?|response_type=code/);
    }
  });

  test("afterwards it goes to the path of this server that it came from", async () => {
    const answer = await new Browser().signIn("robin", "?to=/console/runs%3Fteam=payments");
    assert.equal(answer.headers.get("location"), "/console/runs?team=payments");
  });

  test("the address to come back to is the configured one, whatever the request says its host is", async () => {
    const response = await new Browser().get("/auth/start", { "x-forwarded-host": "evil.example" });
    const { searchParams } = new URL(response.headers.get("location") ?? "");
    assert.equal(searchParams.get("redirect_uri"), `${PUBLIC}/auth/callback`);
    assert.equal(searchParams.get("code_challenge_method"), "S256");
  });
});

describe("what signs nobody in", () => {
  async function refused(answer: Response, browser: Browser, status = 401): Promise<void> {
    assert.equal(answer.status, status);
    assert.match(answer.headers.get("content-type") ?? "", /^text\/html/);
    assert.equal(browser.jar.get(COOKIE), undefined);
  }

  test("an answer that a browser has used already", async () => {
    const browser = new Browser();
    const back = await browser.begin("robin");
    const cookie = browser.jar.get(`${COOKIE}-sign-in`) ?? "";
    assert.equal((await browser.get(back)).status, 303);
    const again = new Browser();
    again.jar.set(`${COOKIE}-sign-in`, cookie);
    await refused(await again.get(back), again);
  });

  test("an answer that another browser began for: nobody is signed in as somebody else", async () => {
    const attacker = new Browser();
    const back = await attacker.begin("mallory");
    const victim = new Browser();
    await victim.begin("robin");
    await refused(await victim.get(back), victim);
    const without = new Browser();
    await refused(await without.get(back), without);
    assert.equal((await attacker.get(back)).status, 303);
  });

  test("a state that was mixed up, which leaves the right one as it was", async () => {
    const browser = new Browser();
    const back = new URL(await browser.begin("robin"), PUBLIC);
    const wrong = new URL(back);
    wrong.searchParams.set("state", "x".repeat(43));
    await refused(await browser.get(`${wrong.pathname}${wrong.search}`), browser);
    assert.equal((await browser.get(`${back.pathname}${back.search}`)).status, 303);
  });

  test("a token with another nonce, and a code that another verifier belongs to", async () => {
    for (const wrong of ["nonce", "verifier"] as const) {
      const browser = new Browser();
      const back = await browser.begin("robin");
      provider.spoil(wrong);
      await refused(await browser.get(back), browser, wrong === "nonce" ? 503 : 401);
    }
  });

  test("what was denied at the provider", async () => {
    const browser = new Browser();
    const back = new URL(await browser.begin("robin"), PUBLIC);
    const state = back.searchParams.get("state") ?? "";
    await refused(await browser.get(`/auth/callback?error=access_denied&state=${state}`), browser);
  });

  test("an answer after ten minutes", async () => {
    const browser = new Browser();
    const back = await browser.begin("robin");
    clock += 11 * 60_000;
    await refused(await browser.get(back), browser);
  });

  test("a person who is in no group", async () => {
    const browser = new Browser();
    provider.groups.set("nobody", []);
    await refused(await browser.signIn("nobody"), browser, 403);
  });

  test("a provider that is away; and whoever is signed in stays so", async () => {
    const before = await signedIn();
    const browser = new Browser();
    const back = await browser.begin("robin");
    await provider.stop();
    try {
      await refused(await browser.get(back), browser, 503);
      assert.equal((await before.session())["name"], "robin");
    } finally {
      await provider.start();
    }
    assert.equal((await browser.signIn("robin")).status, 303);
  });
});

describe("a session", () => {
  test("is another one after a sign-in than the one that the browser had (fixation)", async () => {
    const browser = new Browser();
    const planted = `bwb_${"A".repeat(43)}`;
    browser.jar.set(COOKIE, planted);
    await browser.signIn("robin");
    const first = browser.jar.get(COOKIE) ?? "";
    assert.notEqual(first, planted);
    await browser.signIn("robin");
    const old = new Browser();
    old.jar.set(COOKIE, first);
    assert.equal(codeOf(await old.session()), "SERVER_SESSION_OVER");
    old.jar.set(COOKIE, planted);
    assert.equal(codeOf(await old.session()), "SERVER_UNKNOWN_CALLER");
    assert.equal((await browser.session())["name"], "robin");
  });

  test("counts no more when it was copied and its person signed out", async () => {
    const browser = await signedIn();
    const thief = new Browser();
    thief.jar.set(COOKIE, browser.jar.get(COOKIE) ?? "");
    assert.equal((await thief.session())["name"], "robin");
    const out = await browser.send("DELETE", "/api/v1/session", await browser.ofOwnPage());
    assert.equal(out.status, 204);
    assert.equal(browser.jar.get(COOKIE), undefined);
    assert.equal(codeOf(await thief.session()), "SERVER_SESSION_OVER");
  });

  test("ends when nothing was asked for an hour, and after twelve in any case", async () => {
    const idle = await signedIn();
    clock += 59 * 60_000;
    assert.equal((await idle.session())["name"], "robin");
    clock += 59 * 60_000;
    assert.equal((await idle.session())["name"], "robin");
    clock += 61 * 60_000;
    assert.equal(codeOf(await idle.session()), "SERVER_SESSION_OVER");
    const busy = await signedIn();
    for (let asked = 0; asked < 15; asked++) {
      clock += 0.75 * HOUR;
      assert.equal((await busy.session())["name"], "robin");
    }
    clock += 0.75 * HOUR + 1;
    assert.equal(codeOf(await busy.session()), "SERVER_SESSION_OVER");
  });

  test("is not kept by a page that only looks whether it counts still", async () => {
    const idle = await signedIn();
    const look = async (): Promise<Response> =>
      await idle.send("GET", "/api/v1/session", { "x-bailiwick-looking": "1" });
    const { session } = (await (await look()).json()) as { session: { endsAt: number; lastUsedAt: number } };
    assert.equal(session.endsAt, session.lastUsedAt + HOUR);
    clock += 59 * 60_000;
    assert.equal((await look()).status, 200);
    clock += 60_001;
    assert.equal((await look()).status, 401);
  });

  test("does not count beside a token: which one is meant would be for an attacker to choose", async () => {
    const browser = await signedIn();
    const both = await browser.session({ authorization: `Bearer ${served.ownerToken}` });
    assert.equal(codeOf(both), "SERVER_UNKNOWN_CALLER");
    assert.equal((await new Browser().session({ authorization: `Bearer ${served.ownerToken}` }))["id"], "olivia");
  });

  test("is listed to its person alone, who ends one of them", async () => {
    const [browser, other] = [await signedIn("sam"), await signedIn("sam")];
    const robin = await signedIn();
    const list = async (of: Browser) =>
      ((await (await of.get("/api/v1/sessions")).json()) as { items: { id: string; current: boolean }[] }).items;
    const items = await list(browser);
    assert.deepEqual(items.map(({ current }) => current).sort(), [false, true]);
    const id = items.find(({ current }) => !current)?.id ?? "";
    const path = `/api/v1/sessions/${id}`;
    assert.equal((await robin.send("DELETE", path, await robin.ofOwnPage())).status, 404);
    assert.equal((await other.session())["name"], "sam");
    assert.equal((await browser.send("DELETE", path, await browser.ofOwnPage())).status, 204);
    assert.equal(codeOf(await other.session()), "SERVER_SESSION_OVER");
    assert.equal((await list(browser)).length, 1);
  });

  test("ends with all of its person's, and with the person", async () => {
    const first = await signedIn("tina");
    const { id } = await first.session();
    const person = String(id);
    await served.owner.call("endSessions", { params: { person } });
    assert.equal(codeOf(await first.session()), "SERVER_SESSION_OVER");
    const second = await signedIn("tina");
    await served.owner.call("endPerson", { params: { person }, query: {} });
    assert.equal(codeOf(await second.session()), "SERVER_SESSION_OVER");
  });

  test("a stream that it opened ends with it", async () => {
    const browser = await signedIn("uma");
    const stream = await browser.get("/api/v1/stream");
    assert.equal(stream.status, 200);
    const ended = stream.text().then(
      () => "ended",
      () => "ended",
    );
    const { id } = await browser.session();
    await served.owner.call("endSessions", { params: { person: String(id) } });
    assert.equal(await ended, "ended");
  });
});

describe("pages of others", () => {
  const body = { name: "ci", actions: ["viewRun"], expiresInS: 60 };

  async function post(browser: Browser, headers: Record<string, string>): Promise<number> {
    const cookie = `${COOKIE}=${browser.jar.get(COOKIE) ?? ""}`;
    const url = `${served.server.url}/api/v1/tokens`;
    const json = { "content-type": "application/json", cookie };
    const response = await fetch(url, { method: "POST", headers: { ...json, ...headers }, body: JSON.stringify(body) });
    return response.status;
  }

  test("change nothing by somebody's session; the server's own does", async () => {
    const browser = await signedIn();
    const own = await browser.ofOwnPage();
    const { "x-bailiwick-csrf": csrf = "", ...context } = own;
    const other = String((await (await signedIn()).session())["csrfToken"]);
    assert.equal(await post(browser, own), 200);
    assert.equal(await post(browser, { "x-bailiwick-csrf": csrf, origin: PUBLIC }), 200);
    for (const [name, headers] of Object.entries<Record<string, string>>({
      "another site": { ...own, "sec-fetch-site": "cross-site", origin: "https://evil.example" },
      "another site whose browser tells no origin": { ...own, "sec-fetch-site": "cross-site" },
      "another host of the same domain": { ...own, "sec-fetch-site": "same-site" },
      "another origin": { ...own, origin: "https://bailiwick.company.example.evil.example" },
      "an origin that is none": { ...own, origin: "null" },
      "no page": { ...own, "sec-fetch-site": "none" },
      "without the token": context,
      "with another session's token": { ...own, "x-bailiwick-csrf": other },
      "with an empty token": { ...own, "x-bailiwick-csrf": "" },
      "whence is not said": { "x-bailiwick-csrf": csrf },
    })) {
      assert.equal(await post(browser, headers), 403, name);
    }
  });

  test("read nothing by it either", async () => {
    const browser = await signedIn();
    assert.equal(codeOf(await browser.session({ "sec-fetch-site": "cross-site" })), "SERVER_FORBIDDEN");
    assert.equal((await browser.session({ "sec-fetch-site": "same-origin" }))["name"], "robin");
    assert.equal((await browser.session({ "sec-fetch-site": "none" }))["name"], "robin");
  });
});

describe("a proof that is fresh", () => {
  test("is asked of the provider, which says when it was given", async () => {
    const browser = new Browser();
    const started = await browser.get("/auth/start?fresh=true");
    const asked = new URL(started.headers.get("location") ?? "").searchParams;
    assert.deepEqual([asked.get("prompt"), asked.get("max_age")], ["login", "0"]);
    assert.equal((await browser.get(provider.authorize(started.headers.get("location") ?? "", "robin"))).status, 303);
    const { session } = await browser.session();
    const { verifiedAt, createdAt } = session as { verifiedAt: number; createdAt: number };
    assert.ok(Math.abs(verifiedAt - createdAt) < 30_000);
  });

  test("an old one, or none, is not taken for it; a sign-in that asked for none has none", async () => {
    for (const authTime of [nowS() - 300, undefined]) {
      const browser = new Browser();
      const back = await browser.begin("robin", "?fresh=true");
      provider.authTime = () => authTime;
      assert.equal((await browser.get(back)).status, 503);
      assert.equal((await browser.signIn("robin")).status, 303);
    }
    provider.authTime = () => undefined;
    const { session } = await (await signedIn()).session();
    assert.equal("verifiedAt" in (session as object), false);
  });
});
