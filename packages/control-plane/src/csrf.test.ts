/** Every route that changes something: not by a browser's session from another site, and not without what its own pages carry. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ROUTE_NAMES, ROUTES, type Route } from "../contract/index.ts";
import { PUBLIC, TestBrowser } from "../test/browser.ts";
import { settingsOf, startFakeProvider, type FakeProvider } from "../test/fake-provider.ts";
import { findPostgres, startPostgres, type Postgres } from "../test/postgres.ts";
import { serve, type Served } from "../test/served.ts";

const programs = findPostgres();
let postgres: Postgres | undefined;
let provider: FakeProvider;
let served: Served;
let browser: TestBrowser;
before(async () => {
  provider = await startFakeProvider();
  if ("programs" in programs) postgres = await startPostgres(programs.programs);
  const database = await postgres?.makeDatabase();
  served = await serve({ database, publicUrl: PUBLIC, oidc: settingsOf(provider, "security-admin") });
  browser = new TestBrowser(served.server.url, provider);
  await browser.signIn("robin");
});
after(async () => {
  await served.stop();
  await provider.stop();
  await postgres?.stop();
});

const CHANGING = ROUTE_NAMES.filter((name) => ROUTES[name].method !== "get" && !("open" in ROUTES[name].needs));
const REFUSED = /from a page of another site|does not carry the session's/;

/** @returns what the server says against it, or undefined where it was let through to its form and rights */
async function refusal(name: (typeof CHANGING)[number], headers: Record<string, string>): Promise<string | undefined> {
  const route: Route = ROUTES[name];
  const path = route.path.replaceAll(/\{[a-z]+\}/g, "none");
  const sent = { "content-type": "application/json", ...headers };
  const answer = await (await browser.send(route.method.toUpperCase(), path, sent, "{}")).text();
  return REFUSED.exec(answer)?.[0];
}

describe("a page of another site", () => {
  for (const name of CHANGING.filter((each) => each !== "signOut")) {
    test(`does not reach ${name}, nor does one of this server's without its token`, async () => {
      const own = await browser.ofOwnPage();
      const without = { origin: PUBLIC, "sec-fetch-site": "same-origin" };
      const elsewhere = { ...own, origin: "https://evil.example", "sec-fetch-site": "cross-site" };
      assert.equal(await refusal(name, without), "does not carry the session's");
      assert.equal(await refusal(name, elsewhere), "from a page of another site");
      // Negative control: the server's own page gets as far as the form and the rights of the route.
      assert.equal(await refusal(name, own), undefined);
    });
  }

  test("does not sign anybody out", async () => {
    const own = await browser.ofOwnPage();
    const without = { origin: PUBLIC, "sec-fetch-site": "same-origin" };
    assert.notEqual(await refusal("signOut", without), undefined);
    assert.notEqual(await refusal("signOut", { ...own, "sec-fetch-site": "cross-site" }), undefined);
    assert.equal((await browser.session())["type"], "Person");
  });
});
