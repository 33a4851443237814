/** A yes that a policy wants signed (`@stepUp`): by a passkey of who says it, for this answer to this question, and by nothing else. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { AskTerms } from "../contract/questions.ts";
import { PUBLIC, TestBrowser, type Asked } from "../test/browser.ts";
import { settingsOf, startFakeProvider, type FakeProvider } from "../test/fake-provider.ts";
import { makeHost, type TestHost } from "../test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../test/postgres.ts";
import { serve, type Served } from "../test/served.ts";
import { makePasskey, readNotes, signIn, type Somebody } from "../test/somebody.ts";

const BOUND = `sha256:${"a".repeat(64)}`;
const found = findPostgres();
let postgres: Postgres | undefined;
let provider: FakeProvider;
let served: Served;
let host: TestHost;
let robin: Somebody;
let sam: Somebody;
let clock = 0;
let asked = 0;

before(async () => {
  // Where there is none the embedded database serves as well, and takes longer.
  if ("programs" in found) postgres = await startPostgres(found.programs);
  provider = await startFakeProvider();
  served = await serve({
    database: await postgres?.makeDatabase(),
    now: () => Date.now() + clock,
    publicUrl: PUBLIC,
    oidc: settingsOf(provider, "run-approver"),
  });
  await served.person("dana");
  host = await makeHost(served, "dana");
  [robin, sam] = [await signIn(served, provider), await signIn(served, provider)];
  for (const each of [robin, sam]) assert.equal((await makePasskey(each)).status, 200);
});
after(async () => {
  host.remove();
  await served.stop();
  await postgres?.stop();
  await provider.stop();
});

async function ask(terms: Partial<AskTerms> = { stepUpMinutes: 15 }): Promise<string> {
  const id = String((asked += 1)).padStart(22, "q");
  const policyDigest = `sha256:${"b".repeat(64)}`;
  const body = {
    ...{
      id,
      run: "0".repeat(25) + "1",
      agent: "claude-code",
      project: "shop",
      exec: asked,
      bound: BOUND,
      policyDigest,
    },
    ...{ argv: ["git", "push"], cwd: "/", files: [], reason: "it leaves", policies: ["push"], expiresInS: 3_600 },
    terms: { classes: [], links: true, approvals: 1, ...terms },
  };
  await host.client.call("askQuestion", { params: { host: host.id }, body });
  return id;
}

type Answer = "once" | "run" | "no";

async function answer(by: Pick<Somebody, "browser">, id: string, body: object): Promise<Asked> {
  return await by.browser.ask("POST", `/api/v1/questions/${id}/answer`, { answer: "once", bound: BOUND, ...body });
}

/** What somebody's passkey signs for an answer to a question. */
async function proofFor(by: Somebody, id: string, given: Answer = "once"): Promise<object> {
  const body = { answer: given, bound: BOUND };
  const started = await by.browser.ask("POST", `/api/v1/questions/${id}/proof`, body);
  assert.equal(started.status, 200, started.error?.message);
  return by.authenticator.sign(started.answer);
}

async function stateOf(id: string): Promise<string> {
  const { state, answer: given } = await served.owner.call("showQuestion", { params: { question: id } });
  return `${state} ${given ?? ""}`.trim();
}

describe("where a policy wants a yes signed", () => {
  test("a session that was just proven is not enough, nor a token; a no wants no signature", async () => {
    const id = await ask();
    const refused = await answer(robin, id, {});
    assert.deepEqual([refused.status, refused.error?.code], [403, "SERVER_PROOF_NEEDED"]);
    assert.equal(refused.error?.remedy, `answer in a browser: ${PUBLIC}/questions/${id}`);
    const params = { question: id };
    const body = { answer: "run", bound: BOUND } as const;
    const needed = { code: "SERVER_PROOF_NEEDED" };
    await assert.rejects(served.owner.call("answerQuestion", { params, body: { ...body, same: true } }), needed);
    await assert.rejects(served.owner.call("startAnswer", { params, body }), needed);
    assert.equal(await stateOf(id), "open");
    const notes = await readNotes(served);
    assert.ok(notes.some((note) => note["type"] === "answer.refused" && note["question"] === id));
    assert.equal((await answer(robin, id, { answer: "no" })).status, 200);
    assert.equal(await stateOf(id), "answered no");
  });

  test("a passkey's signature for it is; the log says which passkey it was", async () => {
    const id = await ask();
    const proof = await proofFor(robin, id, "run");
    const given = await answer(robin, id, { answer: "run", proof });
    assert.equal(given.status, 200, given.error?.message);
    assert.equal(await stateOf(id), "answered run");
    const note = (await readNotes(served)).find(
      ({ type, question }) => type === "question.answered" && question === id,
    );
    assert.equal(note?.["credential"], robin.authenticator.credentials[0]);
    // Negative control: who has not signed is not said to have.
    const plain = await ask({});
    assert.equal((await answer(robin, plain, {})).status, 200);
    const other = (await readNotes(served)).find(({ question }) => question === plain);
    assert.equal(other !== undefined && "credential" in other, false);
  });

  test("a signature for another question is worth nothing, also when both ask the same", async () => {
    const [one, other] = [await ask(), await ask()];
    const refused = await answer(robin, one, { proof: await proofFor(robin, other) });
    assert.equal(refused.error?.code, "SERVER_PROOF_REFUSED");
    assert.equal(await stateOf(one), "open");
    const both = await answer(robin, one, { same: true, proof: await proofFor(robin, one) });
    assert.deepEqual(both.answer["answered"], [one]);
    assert.equal(await stateOf(other), "open");
    assert.equal((await answer(robin, other, { proof: await proofFor(robin, other) })).status, 200);
  });

  test("nor one for another answer, by somebody else, in another session, or once more", async () => {
    const id = await ask({ stepUpMinutes: 15, approvals: 2 });
    const refusals = [
      await answer(robin, id, { answer: "run", proof: await proofFor(robin, id, "once") }),
      await answer(sam, id, { proof: await proofFor(robin, id) }),
      await answer({ browser: (await signIn(served, provider, robin.login)).browser }, id, {
        proof: await proofFor(robin, id),
      }),
      await answer(robin, id, { proof: sam.authenticator.sign(await proofOptions(robin, id)) }),
    ];
    for (const { error } of refusals) assert.equal(error?.code, "SERVER_PROOF_REFUSED");
    assert.equal(await stateOf(id), "open");
    const proof = await proofFor(robin, id);
    assert.deepEqual((await answer(robin, id, { proof })).answer["waiting"], [{ question: id, has: 1, needs: 2 }]);
    assert.equal((await answer(robin, id, { proof })).error?.code, "SERVER_PROOF_REFUSED");
    assert.equal((await answer(sam, id, {})).error?.code, "SERVER_PROOF_NEEDED");
    assert.equal((await answer(sam, id, { proof: await proofFor(sam, id) })).status, 200);
    assert.equal(await stateOf(id), "answered once");
  });

  test("nor one that is older than the policy says, or than five minutes", async () => {
    const cases = [
      [await ask({ stepUpMinutes: 1 }), 61],
      [await ask({ stepUpMinutes: 60 }), 301],
    ] as const;
    for (const [id, seconds] of cases) {
      const proof = await proofFor(robin, id);
      clock += seconds * 1_000;
      assert.equal((await answer(robin, id, { proof })).error?.code, "SERVER_PROOF_REFUSED");
      const fresh = await proofFor(robin, id);
      clock += (seconds - 3) * 1_000;
      assert.equal((await answer(robin, id, { proof: fresh })).status, 200);
    }
    clock = 0;
  });

  test("who has no passkey is told where to add one, and nobody signs what is not theirs to answer", async () => {
    const tina = await signIn(served, provider);
    const id = await ask();
    const body = { answer: "once", bound: BOUND };
    const started = await tina.browser.ask("POST", `/api/v1/questions/${id}/proof`, body);
    assert.deepEqual(
      [started.error?.code, started.error?.remedy],
      ["SERVER_PROOF_NEEDED", `add one in a browser: \`${PUBLIC}/passkeys\``],
    );
    const { id: person } = await sam.browser.session();
    const { items } = await served.owner.call("listGrants", {});
    for (const { id: grant, to } of items) {
      if (to.id === person) await served.owner.call("endGrant", { params: { grant } });
    }
    assert.equal((await sam.browser.ask("POST", `/api/v1/questions/${id}/proof`, body)).status, 403);
  });
});

async function proofOptions(by: Somebody, id: string): Promise<object> {
  return (await by.browser.ask("POST", `/api/v1/questions/${id}/proof`, { answer: "once", bound: BOUND })).answer;
}

test("without a name of its own a server takes no such yes, and says what is missing", async () => {
  const other = await serve({ database: await postgres?.makeDatabase() });
  await other.person("dana");
  const theirs = await makeHost(other, "dana");
  const before = { served, host };
  [served, host] = [other, theirs];
  try {
    const id = await ask();
    const body = { answer: "once", bound: BOUND } as const;
    await assert.rejects(other.owner.call("answerQuestion", { params: { question: id }, body }), {
      code: "SERVER_PROOF_NEEDED",
      remedy: /set `public-url`/,
    });
  } finally {
    ({ served, host } = before);
    theirs.remove();
    await other.stop();
  }
});

test("the page of a question is the same for everybody, signed in or not", async () => {
  const id = await ask();
  const [mine, nobodys] = [robin.browser, new TestBrowser(served.server.url)];
  const pages = await Promise.all(
    [mine, nobodys].map(async (each) => await (await each.get(`/questions/${id}`)).text()),
  );
  assert.equal(pages[0], pages[1]);
  assert.ok(!pages[0]?.includes("git push"));
});
