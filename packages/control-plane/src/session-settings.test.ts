/** What `server.toml` says of browsers' sessions: `idle-minutes` and `step-up-acr`. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startFakeProvider, type FakeProvider } from "../test/fake-provider.ts";
import { serve, type Served } from "../test/served.ts";
import { readServerFile } from "./server-file.ts";

const MINUTE = 60_000;
let directory: string;
let provider: FakeProvider;
let served: Served;
let clock = 0;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "bailiwick-settings-"));
  provider = await startFakeProvider();
  process.env["SETTINGS_TEST_SECRET"] = "secret";
  const { oidc, sessions, "public-url": publicUrl } = readServerFile(writeFile("idle-minutes = 5"));
  const now = (): number => Date.now() + clock;
  served = await serve({ oidc, publicUrl, idleMinutes: sessions?.["idle-minutes"], now });
});
after(async () => {
  await served.stop();
  await provider.stop();
  rmSync(directory, { recursive: true, force: true });
});

function writeFile(sessions: string): string {
  const path = join(directory, "server.toml");
  const text = `public-url = "https://bailiwick.company.example"
[oidc]
issuer = "${provider.issuer}"
client-id = "${provider.clientId}"
client-secret = { env = "SETTINGS_TEST_SECRET" }
step-up-acr = ["phr", "phrh"]
groups = [{ group = "admins", roles = ["auditor"] }]
[sessions]
${sessions}
`;
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

async function get(path: string, cookie = ""): Promise<Response> {
  return await fetch(new URL(path, served.server.url), {
    redirect: "manual",
    headers: cookie === "" ? {} : { cookie },
  });
}

function cookieOf(response: Response, name: string): string {
  const line = response.headers.getSetCookie().find((each) => each.startsWith(`${name}=`)) ?? "";
  return line.split(";")[0] ?? "";
}

/** @returns the session's cookie, and where the browser was sent for it */
async function signIn(query = ""): Promise<{ readonly cookie: string; readonly sentTo: URL }> {
  const started = await get(`/auth/start${query}`);
  const sentTo = started.headers.get("location") ?? "";
  const back = await get(provider.authorize(sentTo, "robin"), cookieOf(started, "__Host-bailiwick-sign-in"));
  assert.equal(back.status, 303, await back.text());
  return { cookie: cookieOf(back, "__Host-bailiwick"), sentTo: new URL(sentTo) };
}

async function verifiedAtOf(cookie: string): Promise<number | undefined> {
  const { session } = (await (await get("/api/v1/session", cookie)).json()) as { session: { verifiedAt?: number } };
  return session.verifiedAt;
}

describe("`idle-minutes`", () => {
  test("ends a session that asks nothing for so long, and none that asks before", async () => {
    const { cookie } = await signIn();
    for (let times = 0; times < 3; times++) {
      clock += 4 * MINUTE;
      assert.equal((await get("/api/v1/session", cookie)).status, 200);
    }
    clock += 5 * MINUTE + 1;
    assert.equal((await get("/api/v1/session", cookie)).status, 401);
    clock = 0;
  });

  test("that would end none, or each at once, is refused at the start", () => {
    for (const minutes of ["0", "1441", '"5"']) {
      assert.throws(() => readServerFile(writeFile(`idle-minutes = ${minutes}`)), { code: "SERVER_CANNOT_START" });
    }
  });
});

test("`hours` that would end each session at once, or none for weeks, are refused at the start; either setting can be alone", () => {
  for (const hours of ["0", "169", '"5"']) {
    assert.throws(() => readServerFile(writeFile(`hours = ${hours}`)), { code: "SERVER_CANNOT_START" });
  }
  assert.deepEqual(readServerFile(writeFile("hours = 2")).sessions, { hours: 2 });
});

describe("`step-up-acr`", () => {
  test("is asked for when a proof has to be fresh; only one of that quality is one", async () => {
    for (const [acr, counts] of [
      ["phr", true],
      ["phrh", true],
      [undefined, false],
      ["pwd", false],
      ["phr2", false],
    ] as const) {
      provider.acr = acr;
      const { cookie } = await signIn();
      assert.equal((await verifiedAtOf(cookie)) !== undefined, counts, acr);
    }
    provider.acr = "phr";
    const { sentTo, cookie } = await signIn("?fresh=true");
    assert.equal(sentTo.searchParams.get("acr_values"), "phr phrh");
    assert.notEqual(await verifiedAtOf(cookie), undefined);
    provider.acr = "pwd";
    const started = await get("/auth/start?fresh=true");
    const way = provider.authorize(started.headers.get("location") ?? "", "robin");
    assert.equal((await get(way, cookieOf(started, "__Host-bailiwick-sign-in"))).status, 503);
  });
});
