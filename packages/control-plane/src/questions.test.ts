/** Questions at the server: their time, their one answer, their binding, and whose they are. The clock is the test's. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { readStatement } from "@bailiwick/audit";
import { ORDERS_STATEMENT, standing, type Client, type Standing } from "../contract/index.ts";
import { makeHost, type TestHost } from "../test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../test/postgres.ts";
import { serve, type Served } from "../test/served.ts";

const found = findPostgres();
const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const run = "0".repeat(25) + "1";
let postgres: Postgres | undefined;
let served: Served;
let host: TestHost;
let approver: Client;
let clockMs = Date.now();
let asked = 0;

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  served = await serve({ database: await postgres?.makeDatabase(), now: () => clockMs });
  await served.person("robin");
  approver = await served.person("norbert", ["run-approver", "Person", "robin"]);
  host = await makeHost(served, "robin");
});
after(async () => {
  host.remove();
  await served.stop();
  await postgres?.stop();
});
// A minute is how far a host's clock may be from the server's.
beforeEach(() => {
  clockMs = Date.now();
});

async function ask(
  by: TestHost = host,
  more: { readonly expiresInS?: number; readonly bound?: string; readonly role?: string } = {},
): Promise<string> {
  asked += 1;
  const id = String(asked).padStart(22, "q");
  const body = {
    ...{ id, run, agent: "claude-code", project: "shop", exec: asked, bound: digest("a"), policyDigest: digest("b") },
    ...{ argv: ["git", "push"], cwd: "/", files: [], reason: "it leaves", policies: ["push"], expiresInS: 30, ...more },
  };
  await by.client.call("askQuestion", { params: { host: by.id }, body });
  return id;
}

const answer = async (question: string, given: "once" | "no" = "once", bound = digest("a")): Promise<unknown> =>
  await approver.call("answerQuestion", { params: { question }, body: { answer: given, bound } });

async function told(by: TestHost = host, known?: string, waitMs = 0): Promise<Standing> {
  const nonce = "n".repeat(22);
  const body = { run, agent: "", project: "", nonce, waitMs, ...(known !== undefined && { known }) };
  const { statement } = await by.client.call("followOrders", { params: { host: by.id }, body });
  const lines = await readStatement(Buffer.from(statement), ORDERS_STATEMENT, served.server.keys.log);
  return standing.parse(JSON.parse(lines?.[0] ?? ""));
}

describe("a question", () => {
  test("is answered once, and its host is told while it waits", async () => {
    const id = await ask();
    const before = await told();
    const waiting = told(host, before.tag, 20_000);
    await answer(id);
    const { answers } = await waiting;
    assert.deepEqual(answers?.at(-1), { question: id, answer: "once", by: "norbert", bound: digest("a") });
    await assert.rejects(answer(id, "no"), { code: "SERVER_CONFLICT", message: /was answered by norbert/ });
  });

  test("a list says which of its open ones the caller may answer, and no others", async () => {
    const [usual, forOthers, over] = [await ask(), await ask(host, { role: "security" }), await ask()];
    await answer(over);
    const { items, mayAnswer } = await approver.call("listQuestions", { query: { state: "all" } });
    const listed = new Set(items.map(({ id }) => id));
    assert.ok([usual, forOthers, over].every((id) => listed.has(id)));
    assert.deepEqual(
      [usual, forOthers, over].filter((id) => mayAnswer.includes(id)),
      [usual],
    );
    // Who may see them only.
    const own = await served.person("viewer", ["auditor", "Company", "company"]);
    assert.deepEqual((await own.call("listQuestions", { query: {} })).mayAnswer, []);
  });

  test("of two answers at once one counts", async () => {
    const id = await ask();
    const both = await Promise.allSettled([answer(id), answer(id, "no")]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  });

  test("is over when its time is, by the server's clock", async () => {
    const id = await ask(host, { expiresInS: 5 });
    const other = await ask(host, { expiresInS: 50 });
    clockMs += 10_000;
    await assert.rejects(answer(id), { code: "SERVER_CONFLICT", message: /is over \(expired\)/ });
    // Negative control.
    await answer(other);
  });

  test("answered in time and heard of after it is not told any more", async () => {
    const id = await ask(host, { expiresInS: 5 });
    await answer(id);
    clockMs += 10_000;
    assert.ok((await told()).answers?.every(({ question }) => question !== id) ?? true);
  });

  test("asked again is the same question, also by another host that learnt its name", async () => {
    const id = await ask();
    await answer(id);
    const thief = await makeHost(served, "olivia");
    asked -= 1;
    await ask(thief, { bound: digest("c") });
    assert.deepEqual((await told(thief)).answers, undefined);
    await thief.client.call("withdrawQuestion", { params: { host: thief.id, question: id } });
    assert.equal((await approver.call("showQuestion", { params: { question: id } })).state, "answered");
    thief.remove();
  });

  test("is answered for what it is about, and nothing else", async () => {
    const id = await ask();
    await assert.rejects(answer(id, "once", digest("d")), { code: "SERVER_CONFLICT" });
    await answer(id);
  });

  test("too long to be read by anybody, or one too many of a host, is not taken", async () => {
    await assert.rejects(
      host.client.call("askQuestion", {
        params: { host: host.id },
        body: {
          ...{
            id: "z".repeat(22),
            run,
            agent: "",
            project: "",
            exec: 1,
            bound: digest("a"),
            policyDigest: digest("b"),
          },
          ...{ argv: ["x".repeat(17_000)], cwd: "/", files: [], reason: "", policies: [], expiresInS: 30 },
        },
      }),
      { code: "SERVER_TOO_LARGE" },
    );
    const flooding = await makeHost(served, "robin");
    for (let count = 0; count < 200; count++) await ask(flooding);
    await assert.rejects(ask(flooding), { code: "SERVER_BUSY" });
    // Another host's are taken.
    await ask();
    flooding.remove();
  });
});

test("the list waits until it is another", async () => {
  const { tag } = await approver.call("listQuestions", { query: {} });
  const waiting = approver.call("listQuestions", { query: { known: tag, waitMs: 20_000 } });
  const id = await ask(host, { bound: digest("e") });
  assert.ok((await waiting).items.some((item) => item.id === id));
});

test("an order has a time, and is told while it waits", async () => {
  const before = await told();
  const waiting = told(host, before.tag, 20_000);
  const scope = { type: "Host", id: host.id } as const;
  await served.owner.call("pauseRuns", { body: { scope, reason: "with\u007f\u2028controls", standsS: 10 } });
  const paused = await waiting;
  assert.equal(paused.state, "paused");
  assert.match(paused.why ?? "", /^by olivia: with\u007f\u2028controls \(order [0-9]+\)$/);
  clockMs += 11_000;
  assert.equal((await told()).state, "running");
});
