/** Passkeys: what must not count as one, and whose session must not become somebody's. Beside each attack what is right passes. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { Authenticator, type Wrong } from "../test/authenticator.ts";
import { PUBLIC, TestBrowser } from "../test/browser.ts";
import { settingsOf, startFakeProvider, type FakeProvider } from "../test/fake-provider.ts";
import { findPostgres, startPostgres, type Postgres } from "../test/postgres.ts";
import { serve, type Served } from "../test/served.ts";
import { makePasskey, readNotes, signIn, type Somebody } from "../test/somebody.ts";
import { relyingPartyOf } from "./passkeys/relying-party.ts";

const MINUTE = 60_000;
const found = findPostgres();
let postgres: Postgres | undefined;
let provider: FakeProvider;
let served: Served;
let clock = 0;
/** Each test has its own day, so that nothing of another's counts against its address. */
let morning = 0;

before(async () => {
  provider = await startFakeProvider();
  // Where there is none the embedded database serves as well, and takes longer.
  if ("programs" in found) postgres = await startPostgres(found.programs);
  served = await serve({
    database: await postgres?.makeDatabase(),
    now: () => Date.now() + clock,
    publicUrl: PUBLIC,
    oidc: settingsOf(provider, "security-admin"),
  });
});
after(async () => {
  await served.stop();
  await postgres?.stop();
  await provider.stop();
});
beforeEach(() => {
  morning += 86_400_000 / 2;
  clock = morning;
  provider.authTime = () => Math.floor((Date.now() + clock) / 1000);
});

async function signedIn(login?: string): Promise<Somebody> {
  return await signIn(served, provider, login);
}

/** Somebody who has one passkey. */
async function withPasskey(): Promise<Somebody & { readonly id: string }> {
  const somebody = await signedIn();
  const { status, answer, error } = await makePasskey(somebody);
  assert.equal(status, 200, error?.message);
  return { ...somebody, id: String(answer["id"]) };
}

async function challengeFor({ browser }: Somebody, about: object = { for: "adding" }): Promise<object> {
  const { status, answer, error } = await browser.ask("POST", "/api/v1/passkeys/proof", about);
  assert.equal(status, 200, error?.message);
  return answer;
}

async function count({ browser }: Somebody): Promise<number> {
  return ((await browser.ask("GET", "/api/v1/passkeys")).answer["items"] as unknown[]).length;
}

describe("a passkey", () => {
  test("is added by who has just proven to the provider who they are, is listed, renamed and removed; the log has it", async () => {
    const robin = await withPasskey();
    const { answer } = await robin.browser.ask("GET", "/api/v1/passkeys");
    const [listed] = answer["items"] as Record<string, unknown>[];
    assert.deepEqual([listed?.["name"], listed?.["transports"], listed?.["backedUp"]], ["laptop", ["internal"], false]);
    assert.ok(!JSON.stringify(answer).includes("publicKey"));
    const named = await robin.browser.ask("PUT", `/api/v1/passkeys/${robin.id}`, { name: "phone" });
    assert.equal(named.answer["name"], "phone");
    const proof = robin.authenticator.sign(await challengeFor(robin, { for: "removing", passkey: robin.id }));
    assert.equal((await robin.browser.ask("POST", `/api/v1/passkeys/${robin.id}/remove`, { proof })).status, 204);
    assert.equal(await count(robin), 0);
    const credential = robin.authenticator.credentials[0];
    const types = (await readNotes(served)).filter((note) => note["credential"] === credential).map(({ type }) => type);
    assert.deepEqual(types, ["passkey.added", "passkey.removed"]);
  });

  test("is not added by a session alone: the first wants a fresh proof of the provider, another wants one that is there", async () => {
    const robin = await signedIn();
    clock += 11 * MINUTE;
    const late = await makePasskey(robin);
    assert.deepEqual([late.status, late.error?.code], [403, "SERVER_PROOF_NEEDED"]);
    assert.match(late.error?.remedy ?? "", /\/auth\/start\?fresh=true&to=\/passkeys/);
    const plain = new TestBrowser(served.server.url, provider);
    provider.authTime = () => undefined;
    await plain.signIn(robin.login);
    provider.authTime = () => Math.floor((Date.now() + clock) / 1000);
    assert.equal((await makePasskey({ ...robin, browser: plain })).error?.code, "SERVER_PROOF_NEEDED");
    const sam = await withPasskey();
    const thief = { ...sam, authenticator: new Authenticator() };
    assert.equal((await makePasskey(thief)).error?.code, "SERVER_PROOF_NEEDED");
    // A key that nobody knows signs nothing.
    const start = await sam.browser.ask("POST", "/api/v1/passkeys/start", {});
    assert.equal(start.status, 403);
    assert.equal((await makePasskey(sam, {}, sam.authenticator.sign(await challengeFor(sam)))).status, 200);
    assert.equal(await count(sam), 2);
  });

  const WRONG: readonly (readonly [string, Wrong, RegExp])[] = [
    ["by a page of another origin", { origin: "https://bailiwick.company.example.evil.example" }, /origin/],
    ["by a page within another site's", { crossOrigin: true }, /another site/],
    ["for another server", { rpId: "evil.example" }, /RP ID/i],
    ["without a finger or a PIN", { userVerified: false }, /[Uu]ser verification/],
    ["for another ceremony", { type: "payment.get" }, /type/],
  ];
  for (const [name, wrong, says] of WRONG) {
    test(`that signs ${name} proves nothing`, async () => {
      const robin = await withPasskey();
      const refused = await makePasskey(robin, {}, robin.authenticator.sign(await challengeFor(robin), wrong));
      assert.deepEqual([refused.status, refused.error?.code], [403, "SERVER_PROOF_REFUSED"]);
      assert.match(refused.error?.message ?? "", says);
      assert.equal(await count(robin), 1);
      const right = robin.authenticator.sign(await challengeFor(robin));
      assert.equal((await makePasskey(robin, {}, right)).status, 200);
      const { id } = await robin.browser.session();
      assert.ok((await readNotes(served)).some(({ type, by }) => type === "passkey.refused" && by === id));
    });
    if (wrong.crossOrigin) continue;
    test(`that is made ${name} is not kept`, async () => {
      const robin = await signedIn();
      const refused = await makePasskey(robin, wrong);
      assert.deepEqual([refused.status, refused.error?.code], [403, "SERVER_PROOF_REFUSED"]);
      assert.match(refused.error?.message ?? "", says);
      assert.equal(await count(robin), 0);
      assert.equal((await makePasskey(robin)).status, 200);
    });
  }

  test("with certificates that nobody asked for is not even looked at", async () => {
    const robin = await signedIn();
    assert.match(
      (await makePasskey(robin, { certificates: true })).error?.message ?? "",
      /attestation that nobody asked for/,
    );
    assert.equal((await makePasskey(robin)).status, 200);
  });

  test("of another person proves nothing, also when it says that it is this one's", async () => {
    const [robin, sam] = [await withPasskey(), await withPasskey()];
    const options = await challengeFor(robin);
    const refused = await makePasskey(robin, {}, sam.authenticator.sign(options));
    assert.match(refused.error?.message ?? "", /none of this person's/);
    const { id } = robin.authenticator.sign(await challengeFor(robin)) as { id: string };
    const forged = { ...sam.authenticator.sign(await challengeFor(robin)), id, rawId: id };
    assert.match((await makePasskey(robin, {}, forged)).error?.message ?? "", /another person's/);
    const { response } = robin.authenticator.sign({ ...options, challenge: "x" }) as {
      response: { userHandle: string };
    };
    const { userHandle } = response;
    const disguised = { ...sam.authenticator.sign(await challengeFor(robin), { userHandle }), id, rawId: id };
    assert.match((await makePasskey(robin, {}, disguised)).error?.message ?? "", /signature is wrong/);
  });

  test("whose counter goes back, or stands still, is a copy's", async () => {
    const robin = await withPasskey();
    assert.equal(
      (await makePasskey(robin, {}, robin.authenticator.sign(await challengeFor(robin), { counter: 9 }))).status,
      200,
    );
    const [first] = robin.authenticator.credentials;
    for (const counter of [9, 3]) {
      const proof = robin.authenticator.sign(await challengeFor(robin), { counter, by: first ?? "" });
      assert.match((await makePasskey(robin, {}, proof)).error?.message ?? "", /counter value/);
    }
    const ahead = robin.authenticator.sign(await challengeFor(robin), { counter: 10, by: first ?? "" });
    assert.equal((await makePasskey(robin, {}, ahead)).status, 200);
  });
});

describe("a challenge", () => {
  test("counts once, whatever became of it", async () => {
    const robin = await withPasskey();
    const proof = robin.authenticator.sign(await challengeFor(robin));
    assert.equal((await robin.browser.ask("POST", "/api/v1/passkeys/start", { proof })).status, 200);
    const again = await robin.browser.ask("POST", "/api/v1/passkeys/start", { proof });
    assert.equal(again.error?.code, "SERVER_PROOF_REFUSED");
    const options = await challengeFor(robin);
    await makePasskey(robin, {}, robin.authenticator.sign(options, { userVerified: false }));
    assert.equal((await makePasskey(robin, {}, robin.authenticator.sign(options))).error?.code, "SERVER_PROOF_REFUSED");
  });

  test("is of one session: another of the same person's can't use it", async () => {
    const robin = await withPasskey();
    const other = await signedIn(robin.login);
    const proof = robin.authenticator.sign(await challengeFor(robin));
    const refused = await makePasskey({ ...robin, browser: other.browser }, {}, proof);
    assert.match(refused.error?.message ?? "", /this browser was not asked/);
    // It was not used up by that: whose it is can still.
    assert.equal((await makePasskey(robin, {}, proof)).status, 200);
  });

  test("is for one thing, and over after five minutes", async () => {
    const robin = await withPasskey();
    const forRemoving = robin.authenticator.sign(await challengeFor(robin, { for: "removing", passkey: robin.id }));
    assert.equal((await makePasskey(robin, {}, forRemoving)).error?.code, "SERVER_PROOF_REFUSED");
    const forAnother = robin.authenticator.sign(await challengeFor(robin, { for: "removing", passkey: "k-another" }));
    const remove = `/api/v1/passkeys/${robin.id}/remove`;
    assert.equal((await robin.browser.ask("POST", remove, { proof: forAnother })).error?.code, "SERVER_PROOF_REFUSED");
    const late = robin.authenticator.sign(await challengeFor(robin));
    clock += 5 * MINUTE + 1_000;
    assert.equal((await makePasskey(robin, {}, late)).error?.code, "SERVER_PROOF_REFUSED");
    const made = await robin.browser.ask("POST", "/api/v1/passkeys/start", {
      proof: robin.authenticator.sign(await challengeFor(robin)),
    });
    clock += 5 * MINUTE + 1_000;
    const body = { name: "late", made: robin.authenticator.make(made.answer) };
    assert.equal((await robin.browser.ask("POST", "/api/v1/passkeys", body)).error?.code, "SERVER_PROOF_REFUSED");
    assert.equal(await count(robin), 1);
  });
});

describe("around passkeys", () => {
  test("a token is no browser: it starts nothing, and shows its own person's alone", async () => {
    const robin = await withPasskey();
    const { id } = await robin.browser.session();
    const actions = ["issueToken", "viewRun"];
    const body = { name: "x", actions, expiresInS: 600 };
    const { secret } = await served.owner.call("issueToken", { params: { person: String(id) }, body });
    await assert.rejects(served.as(secret).call("listPasskeys", {}), { code: "SERVER_FORBIDDEN" });
    const needed = { code: "SERVER_PROOF_NEEDED" };
    await assert.rejects(served.owner.call("startPasskey", { body: {} }), needed);
    await assert.rejects(served.owner.call("startProof", { body: { for: "adding" } }), needed);
    assert.deepEqual((await served.owner.call("listPasskeys", {})).items, []);
    await assert.rejects(
      served.owner.call("renamePasskey", { params: { passkey: robin.id }, body: { name: "mine" } }),
      { code: "SERVER_NOT_FOUND" },
    );
  });

  test("an owner removes somebody else's, with their sessions, and not their own", async () => {
    const robin = await withPasskey();
    const { id } = await robin.browser.session();
    await assert.rejects(served.owner.call("removePasskeys", { params: { person: "olivia" } }), {
      code: "SERVER_CONFLICT",
    });
    await served.owner.call("removePasskeys", { params: { person: String(id) } });
    assert.equal((await robin.browser.get("/api/v1/session")).status, 401);
    const again = await signedIn(robin.login);
    assert.equal(await count(again), 0);
    const removed = (await readNotes(served)).find(({ type, whom }) => type === "passkey.removed" && whom === id);
    assert.equal(removed?.["by"], "olivia");
  });

  test("one name is one person's, and who was ended has none", async () => {
    const [robin, sam] = [await withPasskey(), await signedIn()];
    const credential = robin.authenticator.credentials[0] ?? "";
    assert.equal((await makePasskey(sam, { credential })).error?.code, "SERVER_CONFLICT");
    const { id } = await robin.browser.session();
    await served.owner.call("endPerson", { params: { person: String(id) }, query: {} });
    assert.equal((await makePasskey(sam, { credential })).status, 200);
  });

  test("the page has the server's own script and nothing else", async () => {
    const { headers } = await new TestBrowser(served.server.url).get("/passkeys");
    const policy = headers.get("content-security-policy") ?? "";
    assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'self'; connect-src 'self'; form-/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.ok(!policy.includes("unsafe"));
  });
});

test("a server without a name of its own has no passkeys, and says so", async () => {
  const other = await serve({ database: await postgres?.makeDatabase() });
  await assert.rejects(other.owner.call("startPasskey", { body: {} }), /no name of its own/);
  await other.stop();
  for (const origin of ["https://192.0.2.1", "https://[2001:db8::1]:8443"]) {
    assert.throws(() => relyingPartyOf({ origin }), /no name of its own/);
  }
  assert.equal(relyingPartyOf({ origin: "https://bailiwick.example:8443" }).id, "bailiwick.example");
});
