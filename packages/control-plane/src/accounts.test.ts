/** Local accounts: who is invited makes a passkey and signs in by it; what must sign nobody in. Beside each attack what is right passes. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { Authenticator } from "../test/authenticator.ts";
import { PUBLIC, TestBrowser, type Asked } from "../test/browser.ts";
import { settingsOf, startFakeProvider } from "../test/fake-provider.ts";
import { findPostgres, startPostgres, type Postgres } from "../test/postgres.ts";
import { serve, type Served } from "../test/served.ts";
import { makePasskey, readNotes } from "../test/somebody.ts";

const HOUR = 3_600_000;
const found = findPostgres();
let postgres: Postgres | undefined;
let served: Served;
let clock = 0;
let people = 0;

before(async () => {
  // Where there is none the embedded database serves as well, and takes longer.
  if ("programs" in found) postgres = await startPostgres(found.programs);
  const database = await postgres?.makeDatabase();
  served = await serve({ database, now: () => Date.now() + clock, publicUrl: PUBLIC, sessionHours: 2 });
});
after(async () => {
  await served.stop();
  await postgres?.stop();
});
// So that no other test's sign-ins count against its address.
beforeEach(() => {
  clock += HOUR / 2;
});

const OWN = { origin: PUBLIC, "sec-fetch-site": "same-origin" };

/** What needs no session, from a page of the server. */
async function post(browser: TestBrowser, path: string, body: object, headers: object = OWN): Promise<Asked> {
  const sent = { "content-type": "application/json", ...headers };
  const response = await browser.send("POST", path, sent, JSON.stringify(body));
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, answer, error: answer["error"] as Asked["error"] };
}

interface Invited {
  readonly person: string;
  readonly token: string;
}

async function invite(person = `guest${String((people += 1))}`): Promise<Invited> {
  const { items } = await served.owner.call("listPeople", {});
  if (!items.some(({ id }) => id === person))
    await served.owner.call("addPerson", { body: { id: person, name: person } });
  const { url } = await served.owner.call("invitePerson", { params: { person }, body: {} });
  const [page, token = ""] = url.split("#");
  assert.equal(page, `${PUBLIC}/invitation`);
  return { person, token };
}

interface Guest {
  readonly person: string;
  readonly browser: TestBrowser;
  readonly authenticator: Authenticator;
}

async function accept(
  token: string,
  { browser, authenticator }: Omit<Guest, "person">,
  headers?: object,
): Promise<Asked> {
  const started = await post(browser, "/api/v1/invitations/start", { token });
  if (started.status !== 200) return started;
  const made = authenticator.make(started.answer["options"] as object);
  return await post(browser, "/api/v1/invitations", { token, name: "laptop", made }, headers);
}

function newcomer(): Omit<Guest, "person"> {
  return { browser: new TestBrowser(served.server.url), authenticator: new Authenticator() };
}

async function guest(): Promise<Guest> {
  const [{ person, token }, who] = [await invite(), newcomer()];
  const accepted = await accept(token, who);
  assert.equal(accepted.status, 200, accepted.error?.message);
  return { person, ...who };
}

async function startSignIn(browser: TestBrowser): Promise<object> {
  const { status, answer, error } = await post(browser, "/api/v1/sign-ins/passkey", {});
  assert.equal(status, 200, error?.message);
  return answer;
}

async function finish(browser: TestBrowser, proof: object, headers?: object): Promise<Asked> {
  return await post(browser, "/api/v1/sign-ins/passkey/finish", { proof }, headers);
}

async function whoIs(browser: TestBrowser): Promise<unknown> {
  return (await browser.session())["id"];
}

describe("an invitation", () => {
  test("makes a passkey, signs in, and is over with that; the log has it", async () => {
    const [{ person, token }, who] = [await invite(), newcomer()];
    const accepted = await accept(token, who);
    assert.deepEqual(accepted.answer, { person, name: person });
    assert.equal(await whoIs(who.browser), person);
    assert.equal((await accept(token, newcomer())).error?.code, "SERVER_TOKEN_INVALID");
    const notes = await readNotes(served);
    assert.ok(notes.some(({ type, whom }) => type === "passkey.added" && whom === person));
    assert.ok(notes.some(({ what, whom }) => what === "accepted an invitation" && whom === person));
    assert.ok(!JSON.stringify(notes).includes(token));
  });

  test("is worth nothing to a token's API, after its time, after another one, and for who was ended", async () => {
    const one = await invite();
    await assert.rejects(served.as(one.token).call("whoAmI", {}), { code: "SERVER_UNKNOWN_CALLER" });
    const second = await invite(one.person);
    assert.equal((await accept(one.token, newcomer())).error?.code, "SERVER_TOKEN_INVALID");
    clock += 25 * HOUR;
    assert.equal((await accept(second.token, newcomer())).error?.code, "SERVER_TOKEN_INVALID");
    const third = await invite(one.person);
    await served.owner.call("endPerson", { params: { person: one.person }, query: {} });
    assert.equal((await accept(third.token, newcomer())).error?.code, "SERVER_TOKEN_INVALID");
  });

  test("accepts no passkey that was made for another one, nor by a page of another site", async () => {
    const [mine, theirs, who] = [await invite(), await invite(), newcomer()];
    const started = await post(who.browser, "/api/v1/invitations/start", { token: theirs.token });
    const made = who.authenticator.make(started.answer["options"] as object);
    const body = { token: mine.token, name: "x", made };
    assert.equal((await post(who.browser, "/api/v1/invitations", body)).error?.code, "SERVER_PROOF_REFUSED");
    for (const headers of [{}, { ...OWN, "sec-fetch-site": "cross-site" }, { origin: "https://evil.example" }]) {
      assert.equal((await accept(mine.token, who, headers)).error?.code, "SERVER_FORBIDDEN");
    }
    assert.equal((await who.browser.session())["error"] !== undefined, true);
    assert.equal((await accept(mine.token, who)).status, 200);
  });

  test("is made by an owner: not by a token for little, not by who has no right, not for oneself beside a passkey", async () => {
    await served.person("tina", ["security-admin", "Company", "company"]);
    const params = { person: "tina" };
    const body = { name: "x", actions: ["issueToken"], expiresInS: 600 };
    const { secret } = await served.owner.call("issueToken", { params, body });
    await assert.rejects(served.as(secret).call("invitePerson", { params, body: {} }), { code: "SERVER_FORBIDDEN" });
    const other = { params: { person: "olivia" }, body: {} };
    await assert.rejects(served.as(secret).call("invitePerson", other), { code: "SERVER_FORBIDDEN" });
    const who = newcomer();
    assert.equal((await accept((await invite("olivia")).token, who)).status, 200);
    await assert.rejects(served.owner.call("invitePerson", other), { code: "SERVER_CONFLICT" });
  });

  test("for who has lost all passkeys: an owner removes them, and invites anew", async () => {
    const { person, browser, authenticator } = await guest();
    await served.owner.call("removePasskeys", { params: { person } });
    assert.equal((await browser.get("/api/v1/session")).status, 401);
    const proof = authenticator.sign(await startSignIn(browser));
    assert.equal((await finish(browser, proof)).error?.code, "SERVER_PROOF_REFUSED");
    const who = newcomer();
    assert.equal((await accept((await invite(person)).token, who)).status, 200);
    assert.equal(await whoIs(who.browser), person);
  });
});

describe("signing in by a passkey", () => {
  test("signs in whose it is, for the hours that the server's file says", async () => {
    const { person, authenticator } = await guest();
    const browser = new TestBrowser(served.server.url);
    const started = await browser.get("/auth/start?to=/runs");
    assert.deepEqual([started.status, started.headers.get("location")], [303, "/auth/passkey?to=%2Fruns"]);
    const signedIn = await finish(browser, authenticator.sign(await startSignIn(browser)));
    assert.deepEqual(signedIn.answer, { person, name: person });
    const { session } = (await browser.session()) as { session: { expiresAt: number; verifiedAt: number } };
    assert.ok(Math.abs(session.expiresAt - (Date.now() + clock + 2 * HOUR)) < 60_000);
    assert.ok(Math.abs(session.verifiedAt - (Date.now() + clock)) < 60_000);
    assert.match(await (await browser.get("/auth")).text(), new RegExp(`You are ${person}`));
  });

  test("not by what another browser was asked, by a page of another site, or twice", async () => {
    const { authenticator } = await guest();
    const [victim, attacker] = [new TestBrowser(served.server.url), new TestBrowser(served.server.url)];
    await startSignIn(victim);
    const proof = authenticator.sign(await startSignIn(attacker));
    assert.equal((await finish(victim, proof)).error?.code, "SERVER_PROOF_REFUSED");
    assert.equal((await finish(new TestBrowser(served.server.url), proof)).error?.code, "SERVER_PROOF_REFUSED");
    assert.equal((await finish(attacker, proof, { "sec-fetch-site": "cross-site" })).error?.code, "SERVER_FORBIDDEN");
    assert.equal((await finish(attacker, proof)).status, 200);
    assert.equal((await finish(attacker, proof)).error?.code, "SERVER_PROOF_REFUSED");
  });

  test("not without a finger or a PIN, on another origin, by a copy, or for who was ended", async () => {
    const { person, authenticator } = await guest();
    const browser = new TestBrowser(served.server.url);
    for (const wrong of [{ userVerified: false }, { origin: "https://evil.example" }, { rpId: "evil.example" }]) {
      const proof = authenticator.sign(await startSignIn(browser), wrong);
      assert.equal((await finish(browser, proof)).error?.code, "SERVER_PROOF_REFUSED");
    }
    assert.equal((await finish(browser, authenticator.sign(await startSignIn(browser), { counter: 40 }))).status, 200);
    const copy = authenticator.sign(await startSignIn(browser), { counter: 39 });
    assert.equal((await finish(browser, copy)).error?.code, "SERVER_PROOF_REFUSED");
    await served.owner.call("endPerson", { params: { person }, query: {} });
    const ended = authenticator.sign(await startSignIn(browser), { counter: 41 });
    assert.equal((await finish(browser, ended)).error?.code, "SERVER_PROOF_REFUSED");
  });

  test("what signs in signs nothing else, and what confirms something signs nobody in", async () => {
    const { browser, authenticator } = await guest();
    const signing = authenticator.sign(await startSignIn(browser));
    const adding = await makePasskey({ browser, authenticator }, {}, signing);
    assert.equal(adding.error?.code, "SERVER_PROOF_REFUSED");
    const options = (await browser.ask("POST", "/api/v1/passkeys/proof", { for: "adding" })).answer;
    assert.equal((await finish(browser, authenticator.sign(options))).error?.code, "SERVER_PROOF_REFUSED");
  });

  test("the only passkey stays: without it nobody could sign in", async () => {
    const { browser, authenticator } = await guest();
    const { answer } = await browser.ask("GET", "/api/v1/passkeys");
    const [{ id }] = answer["items"] as [{ id: string }];
    const remove = async () => {
      const options = (await browser.ask("POST", "/api/v1/passkeys/proof", { for: "removing", passkey: id })).answer;
      return await browser.ask("POST", `/api/v1/passkeys/${id}/remove`, { proof: authenticator.sign(options) });
    };
    assert.equal((await remove()).error?.code, "SERVER_CONFLICT");
    const options = (await browser.ask("POST", "/api/v1/passkeys/proof", { for: "adding" })).answer;
    assert.equal((await makePasskey({ browser, authenticator }, {}, authenticator.sign(options))).status, 200);
    assert.equal((await remove()).status, 204);
  });
});

describe("a device", () => {
  const begin = async () => await served.as("none").call("startSignIn", {});
  const ask = async (deviceCode: string) => await served.as("none").call("finishSignIn", { body: { deviceCode } });
  const over = { code: "SERVER_TOKEN_INVALID" };

  async function confirm({ browser, authenticator }: Guest, code: string, signed = code): Promise<Asked> {
    const options = await browser.ask("POST", `/api/v1/sign-ins/devices/${signed}/proof`);
    if (options.status !== 200) return options;
    const body = { proof: authenticator.sign(options.answer) };
    return await browser.ask("POST", `/api/v1/sign-ins/devices/${code}`, body);
  }

  test("is signed in as who confirms its code by a passkey, once", async () => {
    const who = await guest();
    const { deviceCode, userCode, verificationUrl } = await begin();
    assert.equal(verificationUrl, `${PUBLIC}/device?code=${userCode}`);
    assert.match(userCode, /^[B-Z]{4}-[B-Z]{4}$/);
    assert.deepEqual(await ask(deviceCode), { state: "waiting" });
    assert.equal((await confirm(who, userCode)).status, 204);
    assert.equal((await confirm(who, userCode)).status, 404);
    const { token } = await ask(deviceCode);
    const { id } = await served.as(token?.secret ?? "").call("whoAmI", {});
    assert.equal(id, who.person);
    await assert.rejects(ask(deviceCode), over);
  });

  test("not by what was signed for another code, nor by a session alone", async () => {
    const who = await guest();
    const [mine, theirs] = [await begin(), await begin()];
    assert.equal((await confirm(who, theirs.userCode, mine.userCode)).error?.code, "SERVER_PROOF_REFUSED");
    const bare = await who.browser.ask("POST", `/api/v1/sign-ins/devices/${theirs.userCode}`, {});
    assert.equal(bare.error?.code, "SERVER_MALFORMED");
    assert.deepEqual(await ask(theirs.deviceCode), { state: "waiting" });
    await assert.rejects(served.owner.call("startConfirming", { params: { code: mine.userCode } }), {
      code: "SERVER_PROOF_NEEDED",
    });
    await assert.rejects(served.owner.call("denyDevice", { params: { code: mine.userCode } }), {
      code: "SERVER_PROOF_NEEDED",
    });
  });

  test("not after it was denied, or after ten minutes, or as who was ended meanwhile", async () => {
    const who = await guest();
    const [denied, late, ended] = [await begin(), await begin(), await begin()];
    assert.equal((await who.browser.ask("DELETE", `/api/v1/sign-ins/devices/${denied.userCode}`)).status, 204);
    assert.equal((await confirm(who, denied.userCode)).status, 404);
    await assert.rejects(ask(denied.deviceCode), over);
    assert.equal((await confirm(who, ended.userCode)).status, 204);
    await served.owner.call("endPerson", { params: { person: who.person }, query: {} });
    await assert.rejects(ask(ended.deviceCode), over);
    clock += 11 * 60_000;
    await assert.rejects(ask(late.deviceCode), over);
  });
});

test("where there is an identity provider nobody is invited, and nobody signs in by a passkey", async () => {
  const provider = await startFakeProvider();
  const other = await serve({
    database: await postgres?.makeDatabase(),
    publicUrl: PUBLIC,
    oidc: settingsOf(provider, "auditor"),
  });
  const refused = { code: "SERVER_NOT_FOUND", message: /at the identity provider/ };
  const params = { person: "olivia" };
  await assert.rejects(other.owner.call("invitePerson", { params, body: {} }), refused);
  const browser = new TestBrowser(other.server.url);
  for (const path of ["/api/v1/sign-ins/passkey", "/api/v1/invitations/start"]) {
    assert.equal((await post(browser, path, { token: "x" })).error?.code, "SERVER_NOT_FOUND");
  }
  await other.stop();
  await provider.stop();
});
