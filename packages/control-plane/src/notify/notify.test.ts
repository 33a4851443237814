/** Questions told by webhooks, and one-time links: signed, told again, bound to question and person, and worth no more than that person. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { Webhook } from "standardwebhooks";
import type { AskTerms, QuestionOfServer } from "../../contract/questions.ts";
import type { Ask, Client } from "../../contract/index.ts";
import { makeHost, type TestHost } from "../../test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../../test/postgres.ts";
import { serve, startAlone, type Served } from "../../test/served.ts";
import { startHttpReceiver, type HttpReceiver } from "../../../../tests/support/exporting.ts";
import { notifySchema } from "./config.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const run = "0".repeat(25) + "1";
const BASE = "http://127.0.0.1:9";

interface Told {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const found = findPostgres();
let postgres: Postgres | undefined;
let served: Served;
let host: TestHost;
let norbert: Client;
let told: Told[] = [];
/** Statuses that the receiver answers next; then 200. */
let answers: number[] = [];
let asked = 0;
let receiver: HttpReceiver;

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  receiver = await startHttpReceiver(({ path, headers, body }, response) => {
    told.push({ path, headers, text: body.toString() });
    if (path === "/hangs") return;
    response.writeHead(answers.shift() ?? 200).end();
  });
  const { url } = receiver;
  process.env["TEST_HOOK_SECRET"] = SECRET;
  process.env["TEST_HOOK_URL"] = `${url}/slack`;
  const secret = { env: "TEST_HOOK_SECRET" };
  const notify = [
    { name: "people", url: `${url}/people`, secret, people: "all", classes: ["push", "twice", "unlinked", "fresh"] },
    { name: "chat", url: { env: "TEST_HOOK_URL" }, format: "slack", classes: ["chat"] },
    { name: "cards", url: `${url}/teams`, format: "teams", people: ["norbert"], classes: ["chat"] },
    { name: "hangs", url: `${url}/hangs`, secret, classes: ["slow"] },
    { name: "quick", url: `${url}/quick`, secret, classes: ["slow"] },
    { name: "payments", url: `${url}/payments`, secret, teams: ["payments"] },
  ].map((each) => notifySchema.parse(each));
  const database = await postgres?.makeDatabase();
  served = await serve({ database, notify, publicUrl: BASE });
  await served.person("robin", ["run-approver", "Company", "company"]);
  norbert = await served.person("norbert", ["run-approver", "Company", "company"]);
  await served.person("outside", ["run-approver", "Person", "outside"]);
  host = await makeHost(served, "robin");
});
after(async () => {
  host.remove();
  await served.stop();
  await postgres?.stop();
  await receiver.stop();
});
beforeEach(() => {
  told = [];
  answers = [];
});
afterEach(() => {
  assert.deepEqual(answers, [], "the receiver was asked as often as the test says");
});

async function ask(
  terms: Partial<AskTerms>,
  argv = ["git", "push"],
  { by = host, ...more }: Partial<Pick<Ask, "about">> & { readonly by?: TestHost } = {},
): Promise<string> {
  asked += 1;
  const id = String(asked).padStart(22, "q");
  const body = {
    ...{ id, run, agent: "claude-code", project: "shop", exec: asked, bound: digest("a"), policyDigest: digest("b") },
    ...{ argv, cwd: "/", files: [], reason: "it leaves", policies: ["push"], expiresInS: 60 },
    terms: { classes: [], links: true, approvals: 1, ...terms },
    ...more,
  };
  await by.client.call("askQuestion", { params: { host: by.id }, body });
  return id;
}

async function eventually<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Of the message at this path about this question. */
async function message(path: string, question: string): Promise<Told> {
  return await eventually(() => told.find((each) => each.path === path && each.text.includes(question)));
}

interface Plain {
  readonly data: { readonly link?: string; readonly to?: { person: string }; readonly question: { id: string } };
}
const plain = ({ text }: Told): Plain["data"] => (JSON.parse(text) as Plain).data;
async function linkFor(question: string): Promise<string> {
  return (plain(await message("/people", question)).link ?? "").replace(BASE, served.server.url);
}

/** What the page of a link asks. The secret is in bodies alone: an address has it behind the `#`, which is not sent. */
async function ofLink(route: "show" | "answer", link: string, more: Readonly<Record<string, string>> = {}) {
  const body = JSON.stringify({ secret: new URL(link).hash.slice(1), ...more });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${served.server.url}/api/v1/links/${route}`, { method: "POST", headers, body });
  return { status: response.status, text: await response.text() };
}

async function press(link: string, fields: Readonly<Record<string, string>>) {
  return await ofLink("answer", link, { bound: digest("a"), ...fields });
}

function questionIn({ text }: { readonly text: string }): QuestionOfServer {
  return (JSON.parse(text) as { question: QuestionOfServer }).question;
}

async function stateOf(question: string) {
  return await norbert.call("showQuestion", { params: { question } });
}

describe("a question is told", () => {
  test("to everybody who may answer it, each with a link of their own, signed", async () => {
    const id = await ask({ classes: ["push"] });
    const first = await message("/people", id);
    new Webhook(SECRET).verify(first.text, first.headers as Record<string, string>);
    const all = await eventually(() => {
      const people = told.filter(({ path }) => path === "/people").map((each) => plain(each).to?.person ?? "");
      return people.length >= 2 ? people.sort() : undefined;
    });
    // Not whoever has a role elsewhere, and not Robin, whose run it is.
    assert.deepEqual(all, ["norbert", "olivia"]);
    assert.notEqual(new Set(told.map((each) => plain(each).link)).size, 1);
  });

  test("only where it is about what is told there", async () => {
    await served.owner.call("addTeam", { body: { id: "payments", name: "Payments" } });
    const before = await ask({});
    await served.owner.call("joinTeam", { params: { team: "payments", person: "robin" } });
    const id = await ask({});
    await message("/payments", id);
    assert.ok(told.every(({ text }) => !text.includes(before)));
    await served.owner.call("leaveTeam", { params: { team: "payments", person: "robin" } });
  });

  test("again after a failure, by the same name, and not after it was answered", async () => {
    answers = [500, 200, 200];
    const id = await ask({ classes: ["push"] });
    const times = await eventually(() => {
      const names = told.map(({ headers }) => headers["webhook-id"]);
      return names.length === 3 ? names : undefined;
    });
    assert.equal(new Set(times).size, 2);
    assert.ok(served.said.some((text) => /could not be told to `people` \(\w+\): answered 500/.test(text)));
    const [{ link = "" } = {}] = told.map(plain);
    // The first message had arrived, whatever its answer was: its link holds.
    assert.equal((await press(link.replace(BASE, served.server.url), { answer: "no" })).status, 200);
    assert.equal((await stateOf(id)).answer, "no");
  });

  test("whatever others do: one that never answers holds up nobody", async () => {
    const first = await ask({ classes: ["slow"] });
    await message("/hangs", first);
    await message("/quick", first);
    await message("/quick", await ask({ classes: ["slow"] }));
    assert.ok(
      served.said.every((text) => !text.includes("`hangs`")),
      "it has not even failed yet",
    );
  });

  test("to chat programs without markup of the agent's making, and without a link where several read it", async () => {
    const id = await ask({ classes: ["chat"] }, ["echo", "<https://evil.example|ok>", "**x**", "\u202e"]);
    const { blocks, text } = JSON.parse((await message("/slack", id)).text) as {
      blocks: { text: { type: string; text: string } }[];
      text: string;
    };
    assert.deepEqual(
      blocks.map((block) => block.text.type),
      ["plain_text"],
    );
    assert.match(
      blocks[0]?.text.text ?? "",
      /<https:\/\/evil\.example\|ok>[^]*\\u\{202e\}[^]*bailiwick approvals show q/,
    );
    assert.match(text, /&lt;https:\/\/evil/);
    assert.doesNotMatch(text, /bwl_/);
    const card = await eventually(() => told.find(({ path }) => path === "/teams"));
    assert.match(card.text, /"type":"Action\.OpenUrl"[^}]*answer#bwl_/);
    assert.doesNotMatch(card.text, /"TextBlock"/);
  });
});

describe("a one-time link", () => {
  test("shows all of the question, and looking at it answers nothing", async () => {
    const id = await ask({ classes: ["push"] }, ["git", "push", "<script>alert(1)</script>"]);
    const link = await linkFor(id);
    assert.ok(new URL(link).hash.startsWith("#bwl_") && !link.split("#")[0]?.includes("bwl_"));
    for (const method of ["GET", "HEAD", "GET"]) assert.equal((await fetch(link, { method })).status, 200);
    const page = await fetch(link);
    const text = await page.text();
    // The same for everybody: who looks at the address learns nothing of the question.
    assert.doesNotMatch(text, /alert\(1\)|claude-code|bwl_/);
    assert.match(
      page.headers.get("content-security-policy") ?? "",
      /default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/,
    );
    assert.equal(page.headers.get("referrer-policy"), "no-referrer");
    assert.deepEqual(questionIn(await ofLink("show", link)).argv, ["git", "push", "<script>alert(1)</script>"]);
    assert.equal((await stateOf(id)).state, "open");
  });

  test("shows a request, as messages do, and whose it is", async () => {
    const sent = { connection: 1, method: "POST", path: "/<b>", query: ["q"], sizeBytes: 7, contentType: "text/x" };
    const leaks = [{ kind: "secret", what: "github", sample: "ghp_…" }];
    const about = { host: "wiki.test", port: 443, request: { ...sent, credential: "wiki" }, leaks };
    const id = await ask({ classes: ["push"] }, ["curl", "-d", "x"], { about });
    assert.deepEqual(questionIn(await ofLink("show", await linkFor(id))).about, about);
    const chat = await ask({ classes: ["chat"] }, ["curl"], { about });
    assert.match((await message("/slack", chat)).text, /POST wiki\.test:443\/<b>\?q\\nof 7 bytes, text\/x/);
  });

  test("answers once, as its person", async () => {
    const id = await ask({ classes: ["push"] });
    const link = await linkFor(id);
    const { person = "" } = plain(await message("/people", id)).to ?? {};
    const done = await press(link, { answer: "run", why: "reviewed" });
    assert.deepEqual([questionIn(done).answeredBy, questionIn(done).answer], [person, "run"]);
    const state = await stateOf(id);
    assert.deepEqual([state.answer, state.answeredBy, state.why], ["run", person, "reviewed"]);
    assert.equal((await press(link, { answer: "no" })).status, 401);
    assert.equal((await ofLink("show", link)).status, 401);
    assert.equal((await stateOf(id)).answer, "run");
  });

  test("is for what was shown", async () => {
    const id = await ask({ classes: ["push"] });
    const link = await linkFor(id);
    assert.equal((await press(link, { answer: "once", bound: digest("c") })).status, 409);
    assert.equal((await press(link, { answer: "yes" })).status, 400);
    const forged = link.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
    assert.equal((await press(forged, { answer: "once" })).status, 401);
    assert.equal((await stateOf(id)).state, "open");
    assert.equal((await press(link, { answer: "once" })).status, 200);
  });

  test("is worth what its person may at that moment", async () => {
    const gina = await served.person("gina", ["run-approver", "Company", "company"]);
    const { items } = await served.owner.call("listGrants", {});
    const id = await ask({ classes: ["push"] });
    const hers = await eventually(() => told.find((each) => plain(each).to?.person === "gina"));
    const link = (plain(hers).link ?? "").replace(BASE, served.server.url);
    const grant = items.find(({ to }) => to.id === "gina")?.id ?? "";
    await served.owner.call("endGrant", { params: { grant } });
    assert.equal((await ofLink("show", link)).status, 403);
    assert.equal((await press(link, { answer: "once" })).status, 403);
    await served.owner.call("endPerson", { params: { person: "gina" }, query: {} });
    assert.equal((await press(link, { answer: "once" })).status, 401);
    await assert.rejects(gina.call("whoAmI", {}), { code: "SERVER_UNKNOWN_CALLER" });
    assert.equal((await stateOf(id)).state, "open");
  });

  test("is not made where the policy forbids it", async () => {
    const id = await ask({ classes: ["unlinked"], links: false });
    assert.equal(plain(await message("/people", id)).link, undefined);
  });
});

describe("a question says how it is answered", () => {
  const yes = (by: Client, question: string) =>
    by.call("answerQuestion", { params: { question }, body: { answer: "run", bound: digest("a") } });

  test("by two people: one of them twice is one, and a no of either is a no", async () => {
    const id = await ask({ classes: ["twice"], approvals: 2 });
    assert.deepEqual((await yes(norbert, id)).waiting, [{ question: id, has: 1, needs: 2 }]);
    await assert.rejects(yes(norbert, id), { code: "SERVER_CONFLICT", message: /said yes to it already/ });
    assert.deepEqual((await stateOf(id)).saidYes, ["norbert"]);
    assert.equal((await stateOf(id)).state, "open");
    const body = { answer: "once", bound: digest("a") } as const;
    assert.deepEqual((await served.owner.call("answerQuestion", { params: { question: id }, body })).answered, [id]);
    const state = await stateOf(id);
    // The narrower of the two.
    assert.deepEqual([state.answer, state.answeredBy], ["once", "norbert, olivia"]);
    const other = await ask({ approvals: 2 });
    await yes(norbert, other);
    await served.owner.call("answerQuestion", { params: { question: other }, body: { ...body, answer: "no" } });
    assert.equal((await stateOf(other)).answer, "no");
  });

  test("by no service, where it wants several people", async () => {
    const actions = ["viewQuestion", "answerQuestion"];
    const { id: token, secret } = await served.owner.call("issueServiceToken", {
      body: { name: "bot", actions, expiresInS: 600 },
    });
    const scope = { type: "Company", id: "company" } as const;
    await served.owner.call("grantRole", { body: { to: { type: "Token", id: token }, role: "run-approver", scope } });
    const id = await ask({ approvals: 2 });
    await assert.rejects(yes(served.as(secret), id), { code: "SERVER_FORBIDDEN", message: /a service is nobody/ });
    // Negative control.
    assert.deepEqual((await yes(served.as(secret), await ask({}))).waiting, undefined);
  });

  test("yes by a passkey where the policy wants that: a token signs nothing, and a link neither; they can say no", async () => {
    const id = await ask({ classes: ["fresh"], stepUpMinutes: 15 });
    await assert.rejects(yes(norbert, id), { code: "SERVER_PROOF_NEEDED", message: /signed by a passkey/ });
    const link = await linkFor(id);
    assert.equal(questionIn(await ofLink("show", link)).terms.stepUpMinutes, 15);
    assert.equal((await press(link, { answer: "once" })).status, 403);
    assert.equal((await stateOf(id)).state, "open");
    assert.equal((await press(link, { answer: "no" })).status, 200);
  });
});

test("what could not be told is told by the instance that is there next", async () => {
  const { url } = receiver;
  const notify = [notifySchema.parse({ name: "late", url: `${url}/late`, secret: { env: "TEST_HOOK_SECRET" } })];
  const database = await postgres?.makeDatabase();
  const state = mkdtempSync(join(tmpdir(), "bailiwick-notify-"));
  const first = await serve({ database, state, notify });
  const theirs = await makeHost(first, "olivia");
  answers = [503];
  const id = await ask({}, ["git", "push"], { by: theirs });
  const { headers } = await message("/late", id);
  await first.stop();
  told = [];
  const second = await startAlone({ database, state, notify });
  assert.equal((await message("/late", id)).headers["webhook-id"], headers["webhook-id"]);
  await second.server.close();
  theirs.remove();
  rmSync(state, { recursive: true, force: true });
});
