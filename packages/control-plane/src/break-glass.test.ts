/** The role break-glass: worth nothing until it is opened, then an owner's rights for a time, told, marked, and over by itself. The clock is the test's. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { Webhook } from "standardwebhooks";
import type { Client } from "../contract/index.ts";
import { makeHost, type TestHost } from "../test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../test/postgres.ts";
import { serve, type Served } from "../test/served.ts";
import { startHttpReceiver, type HttpReceiver } from "../../../tests/support/exporting.ts";
import { notifySchema } from "./notify/config.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const digest = `sha256:${"0".repeat(64)}`;
const COMPANY = { type: "Company", id: "company" } as const;
const found = findPostgres();
let postgres: Postgres | undefined;
let served: Served;
let clockMs = Date.now();
let bea: Client;
let robin: Client;
let host: TestHost;
let run: string;
const told: { readonly path: string; readonly text: string; readonly headers: Record<string, string> }[] = [];
let receiver: HttpReceiver;

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  receiver = await startHttpReceiver(({ path, headers, body }, response) => {
    told.push({ path, text: body.toString(), headers: headers as Record<string, string> });
    response.writeHead(200).end();
  });
  const { url } = receiver;
  process.env["TEST_ALARM_SECRET"] = SECRET;
  const secret = { env: "TEST_ALARM_SECRET" };
  const notify = [
    { name: "plain", url: `${url}/plain`, secret, classes: ["nothing"] },
    { name: "chat", url: `${url}/slack`, format: "slack", classes: ["nothing"] },
    { name: "quiet", url: `${url}/quiet`, secret, about: ["questions"] },
  ].map((each) => notifySchema.parse(each));
  served = await serve({ database: await postgres?.makeDatabase(), notify, now: () => clockMs });
  bea = await served.person("bea", ["break-glass", "Company", "company"]);
  robin = await served.person("robin");
  host = await makeHost(served, "robin");
  run = await host.record();
  await host.send();
});
after(async () => {
  host.remove();
  await served.stop();
  await postgres?.stop();
  await receiver.stop();
});
beforeEach(async () => {
  clockMs = Date.now();
  for (const { id, endedAt } of (await served.owner.call("listBreakGlasses", { query: {} })).items) {
    const params = { opening: id };
    if (endedAt === undefined) await served.owner.call("endBreakGlass", { params }).catch(() => undefined);
  }
  told.length = 0;
});

const open = async (by: Client, more: object = {}) =>
  await by.call("breakGlass", { body: { reason: "nobody else is awake", ...more } });
const kill = async (by: Client) => await by.call("killRuns", { body: { scope: COMPANY, reason: "broken into" } });

async function eventually<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const seen = look();
    if (seen !== undefined) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function ask(of: TestHost, id: string): Promise<string> {
  const question = id.padStart(22, "q");
  await of.client.call("askQuestion", {
    params: { host: of.id },
    body: {
      ...{ id: question, run, agent: "claude-code", project: "shop", exec: 1, bound: digest, policyDigest: digest },
      ...{ argv: ["ls"], cwd: "/", files: [], reason: "", policies: [], expiresInS: 600 },
      terms: { classes: [], links: true, approvals: 1 },
    },
  });
  return question;
}
const answer = async (by: Client, question: string) =>
  await by.call("answerQuestion", { params: { question }, body: { answer: "once", bound: digest } });

describe("the role break-glass", () => {
  test("permits nothing until it is opened, then what it names, and nothing again by itself", async () => {
    const call = async () => await bea.call("showRun", { params: { run } });
    await assert.rejects(call(), { code: "SERVER_FORBIDDEN" });
    const opened = await open(bea, { expiresInS: 60 });
    assert.deepEqual([opened.person, opened.scope, opened.expiresAt - opened.at], ["bea", COMPANY, 60_000]);
    assert.equal((await call()).run, run);
    assert.equal((await kill(bea)).by, "bea");
    await bea.call("liftKill", { body: { scope: COMPANY, reason: "over" } });
    const explained = await served.owner.call("explainAccess", {
      body: { who: { type: "Person", id: "bea" }, action: "viewRun", resource: { type: "Run", id: run } },
    });
    assert.match(explained.reason, new RegExp(`role break-glass for Company company, opened as ${opened.id}`));
    clockMs += 59_000;
    await call();
    clockMs += 1_000;
    await assert.rejects(call(), { code: "SERVER_FORBIDDEN" });
    await assert.rejects(kill(bea), { code: "SERVER_FORBIDDEN" });
  });

  test("is bounded: for four hours at most, for a reason, and not made longer by opening it again", async () => {
    await assert.rejects(open(bea, { expiresInS: 4 * 3_600 + 1 }), { code: "SERVER_MALFORMED" });
    await assert.rejects(open(bea, { reason: " " }), { code: "SERVER_MALFORMED" });
    await assert.rejects(bea.call("breakGlass", { body: {} as never }), { code: "SERVER_MALFORMED" });
    const both = await Promise.allSettled([open(bea), open(bea)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    await assert.rejects(open(bea), { code: "SERVER_CONFLICT", message: /open already/ });
  });

  test("is for who was given it ahead, in person: not for others, nor a service, nor an owner", async () => {
    await assert.rejects(open(robin), { code: "SERVER_FORBIDDEN", message: /no role permits breakGlass/ });
    await assert.rejects(open(served.owner), { code: "SERVER_FORBIDDEN" });
    const { id: token, secret } = await served.owner.call("issueServiceToken", {
      body: { name: "bot", actions: ["breakGlass", "viewRun"], expiresInS: 600 },
    });
    const to = { type: "Token", id: token } as const;
    await served.owner.call("grantRole", { body: { to, role: "break-glass", scope: COMPANY } });
    await assert.rejects(open(served.as(secret)), { code: "SERVER_FORBIDDEN", message: /people open the role/ });
  });

  test("gives nothing that would outlast it, and no way to what gives roles", async () => {
    await open(bea);
    const body = { to: { type: "Person", id: "robin" }, role: "auditor", scope: COMPANY } as const;
    const refused = [
      () => bea.call("grantRole", { body }),
      () => bea.call("grantOwner", { body: { person: "robin" } }),
      () => bea.call("defineRole", { params: { role: "more" }, body: { actions: ["viewRun"] } }),
      () => bea.call("addPerson", { body: { id: "new", name: "New" } }),
      () =>
        bea.call("issueToken", {
          params: { person: "robin" },
          body: { name: "x", actions: ["viewRun"], expiresInS: 60 },
        }),
      () => bea.call("invite", { body: { person: "bea" } }),
      () => bea.call("delegate", { body: { to: "robin", reason: "x", expiresInS: 600 } }),
    ];
    for (const each of refused) await assert.rejects(each(), { code: "SERVER_FORBIDDEN" });
  });

  test("never lets anybody answer what their own run asks, and goes no further by what was handed on", async () => {
    const own = await makeHost(served, "bea");
    const [hers, his] = [await ask(own, "own"), await ask(host, "his")];
    // While she has a right of her own to answer she hands it on; what she opens is not in it.
    const role = {
      to: { type: "Person", id: "bea" },
      role: "run-approver",
      scope: { type: "Host", id: own.id },
    } as const;
    const { id: grant } = await served.owner.call("grantRole", { body: role });
    await bea.call("delegate", { body: { to: "robin", reason: "away", expiresInS: 3_600 } });
    await open(bea);
    await assert.rejects(answer(bea, hers), { code: "SERVER_FORBIDDEN", message: /own run/ });
    const other = await served.person("other");
    await served.owner.call("endGrant", { params: { grant } });
    await bea.call("delegate", { body: { to: "other", reason: "x", expiresInS: 60 } }).then(
      () => assert.fail("a right that was opened was handed on"),
      ({ code }: { code: string }) => assert.equal(code, "SERVER_FORBIDDEN"),
    );
    for (const each of [robin, other]) await assert.rejects(answer(each, his), { code: "SERVER_FORBIDDEN" });
    // Negative control.
    assert.deepEqual((await answer(bea, his)).answered, [his]);
    own.remove();
  });

  test("is worth no more than its own scope and conditions, and than what was opened of it", async () => {
    const team = await served.person("tess", ["break-glass", "Team", "payments"]).catch(() => undefined);
    assert.equal(team, undefined, "there is no such team yet");
    await served.owner.call("addTeam", { body: { id: "payments", name: "Payments" } });
    const scope = { type: "Team", id: "payments" } as const;
    await served.owner.call("grantRole", { body: { to: { type: "Person", id: "tess" }, role: "break-glass", scope } });
    const body = { name: "t", actions: ["breakGlass", "viewRun"], expiresInS: 3_600 };
    const tess = served.as((await served.owner.call("issueToken", { params: { person: "tess" }, body })).secret);
    await assert.rejects(open(tess), { code: "SERVER_FORBIDDEN" });
    await open(tess, { scope });
    await assert.rejects(tess.call("showRun", { params: { run } }), { code: "SERVER_FORBIDDEN" });
    // Hers is for the company, and opened for the team alone.
    await open(bea, { scope });
    await assert.rejects(bea.call("showRun", { params: { run } }), { code: "SERVER_FORBIDDEN" });
    await served.owner.call("joinTeam", { params: { team: "payments", person: "robin" } });
    for (const each of [tess, bea]) assert.equal((await each.call("showRun", { params: { run } })).run, run);
    await assert.rejects(kill(bea), { code: "SERVER_FORBIDDEN" });
    // Her token is for looking: opened or not, it is for nothing else.
    await assert.rejects(tess.call("readRun", { params: { run }, query: {} }), { code: "SERVER_FORBIDDEN" });
    await served.owner.call("leaveTeam", { params: { team: "payments", person: "robin" } });
  });

  test("is over when it is ended, by its person or by who takes roles away; and with the role", async () => {
    const look = async () => await bea.call("showRun", { params: { run } });
    const first = await open(bea);
    const params = { opening: first.id };
    await assert.rejects(robin.call("endBreakGlass", { params }), { code: "SERVER_FORBIDDEN" });
    await bea.call("endBreakGlass", { params });
    await assert.rejects(look(), { code: "SERVER_FORBIDDEN" });
    await assert.rejects(bea.call("endBreakGlass", { params }), { code: "SERVER_FORBIDDEN" });
    const second = await open(bea);
    await look();
    await served.owner.call("endBreakGlass", { params: { opening: second.id } });
    await assert.rejects(look(), { code: "SERVER_FORBIDDEN" });
    const [latest] = (await served.owner.call("listBreakGlasses", { query: {} })).items;
    assert.deepEqual([latest?.id, latest?.endedBy], [second.id, "olivia"]);
    await open(bea);
    const grant = (await served.owner.call("listGrants", {})).items.find(({ to }) => to.id === "bea");
    await served.owner.call("endGrant", { params: { grant: grant?.id ?? "" } });
    await assert.rejects(look(), { code: "SERVER_FORBIDDEN" });
    await served.owner.call("grantRole", {
      body: { to: { type: "Person", id: "bea" }, role: "break-glass", scope: COMPANY },
    });
  });
});

describe("an opened role break-glass", () => {
  test("is told at once to all owners, wherever alarms are told", async () => {
    const opened = await open(bea, { reason: "<the vendor> was broken into" });
    const plain = await eventually(() => told.find(({ path }) => path === "/plain"));
    new Webhook(SECRET).verify(plain.text, plain.headers);
    const { type, data } = JSON.parse(plain.text) as { type: string; data: { breakGlass: unknown; owners: unknown } };
    assert.equal(type, "break-glass.opened");
    assert.deepEqual(data.breakGlass, opened);
    assert.deepEqual(data.owners, [{ person: "olivia", name: "Olivia" }]);
    const chat = await eventually(() => told.find(({ path }) => path === "/slack"));
    assert.match(chat.text, /ALARM: bea opened[^]*&lt;the vendor&gt;/);
    // Negative control; who has been told of it before would be told by now.
    assert.deepEqual(
      told.filter(({ path }) => path === "/quiet"),
      [],
    );
  });

  test("is in the stream and in the overview of who may see it, and of nobody else", async () => {
    const watcher = await served.person("wanda", ["security-admin", "Company", "company"]);
    const stop = new AbortController();
    const streams = await Promise.all(
      [watcher, robin].map(async (by) => await by.open("watchRuns", {}, { signal: stop.signal })),
    );
    const opened = await open(bea);
    const [seen = "", other = ""] = await Promise.all(
      streams.map(async ({ body }, index) => {
        let text = "";
        for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
          text += chunk;
          if (text.includes("event: alarm")) break;
          // By then the other has been looked at as often.
          if (index === 1 && text.includes("retry")) break;
        }
        return text;
      }),
    );
    stop.abort();
    assert.match(seen, new RegExp(`event: alarm\ndata: {"breakGlass":{"id":"${opened.id}"`));
    assert.doesNotMatch(other, /alarm/);
    const overview = async (by: Client) => (await by.call("whoAmI", {})).alarms?.map(({ id }) => id);
    assert.deepEqual(await overview(served.owner), [opened.id]);
    assert.deepEqual(await overview(watcher), [opened.id]);
    assert.equal(await overview(robin), undefined);
    clockMs += 1_800_000;
    assert.equal(await overview(served.owner), undefined);
  });

  test("marks all that its person does and tries meanwhile, which is there to be looked at", async () => {
    await assert.rejects(kill(bea));
    const { id } = await open(bea);
    await bea.call("showRun", { params: { run } });
    const question = await ask(host, "marked");
    await answer(bea, question);
    await assert.rejects(bea.call("addTeam", { body: { id: "x", name: "x" } }));
    await served.owner.call("showRun", { params: { run } });
    clockMs += 1_800_000;
    await assert.rejects(bea.call("showRun", { params: { run } }));
    const [latest] = (await served.owner.call("listBreakGlasses", { query: { limit: 1 } })).items;
    assert.deepEqual([latest?.id, latest?.used, latest?.refused], [id, 2, 1]);
    const shown: string[] = [];
    for (let after: number | undefined; ;) {
      const page = await served.owner.call("showBreakGlass", { params: { opening: id }, query: { after, limit: 2 } });
      for (const { type, note } of page.items)
        shown.push(`${type} ${String(note["route"] ?? note["answer"] ?? note["by"])}`);
      if (page.next === undefined) break;
      after = page.next;
    }
    assert.deepEqual(shown, [
      "break-glass.opened bea",
      "right.used showRun",
      "right.used answerQuestion",
      "question.answered once",
      "right.refused addTeam",
    ]);
    await assert.rejects(robin.call("listBreakGlasses", { query: {} }), { code: "SERVER_FORBIDDEN" });
  });
});
