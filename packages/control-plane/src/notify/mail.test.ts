/** Told by mail, to a server that somebody else wrote: encrypted, to who may answer, by a link of their own; nothing in it is markup or a header of somebody's making. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { makeAuthority } from "../../../../tests/support/https-server.ts";
import { askAs, eventually } from "../../test/asking.ts";
import { makeHost, type TestHost } from "../../test/host.ts";
import {
  MAIL_PASSWORD,
  MAIL_USER,
  readMail,
  startMailServer,
  type MailServer,
  type Received,
} from "../../test/mail-server.ts";
import { findPostgres, startPostgres, type Postgres } from "../../test/postgres.ts";
import { serve, startAlone, type Served } from "../../test/served.ts";
import { notifySchema, readNotify } from "./config.ts";
import { mailOf } from "./mail.ts";
import { failureOf, sendMail } from "./send-mail.privileged.ts";
import { readSmtp, smtpSchema } from "./smtp.ts";

const BASE = "http://127.0.0.1:9";
const FROM = "bailiwick@company.example";
const authority = makeAuthority();
const identity = authority.identityOf("localhost");

const found = findPostgres();
let postgres: Postgres | undefined;
let mails: MailServer;
let served: Served;
let host: TestHost;

const smtpTo = (port: number, more: object = {}) =>
  smtpSchema.parse({
    ...{ url: `smtp://localhost:${String(port)}`, starttls: true, ca: authority.file, from: FROM },
    ...{ user: MAIL_USER, password: { env: "TEST_SMTP_PASSWORD" } },
    ...more,
  });
const notify = [
  { name: "people", format: "mail", people: "all", classes: ["push"] },
  { name: "team", format: "mail", to: ["security@company.example", "on-call@company.example"], classes: ["team"] },
  { name: "quiet", format: "mail", to: ["quiet@company.example"], classes: ["quiet"], detail: "none" },
].map((each) => notifySchema.parse({ about: ["questions"], ...each }));

before(async () => {
  process.env["TEST_SMTP_PASSWORD"] = MAIL_PASSWORD;
  if ("programs" in found) postgres = await startPostgres(found.programs);
  mails = await startMailServer(identity);
  served = await serve({
    database: await postgres?.makeDatabase(),
    notify,
    smtp: smtpTo(mails.port),
    publicUrl: BASE,
  });
  await addApprover("norbert", "Norbert", "norbert@company.example");
  await addApprover("eve", 'Eve"\r\nBcc: all@evil.example\r\n\r\n<b>', "eve@company.example");
  await addApprover("nameless", "Nobody's mail");
  await served.person("robin", ["run-approver", "Company", "company"]);
  host = await makeHost(served, "robin");
});
after(async () => {
  host.remove();
  await served.stop();
  await mails.stop();
  await postgres?.stop();
  authority.remove();
});
beforeEach(() => {
  mails.received.length = 0;
});
afterEach(() => {
  assert.ok(
    [...mails.refuse.values()].every((left) => left.length === 0),
    "all that the test has answered was asked for",
  );
});

async function addApprover(id: string, name: string, email?: string): Promise<void> {
  await served.owner.call("addPerson", { body: { id, name, ...(email !== undefined && { email }) } });
  const scope = { type: "Company", id: "company" } as const;
  await served.owner.call("grantRole", { body: { to: { type: "Person", id }, role: "run-approver", scope } });
}

/** Of these recipients the mail about this question, in their order. */
async function mailsTo(question: string, ...addresses: readonly string[]): Promise<Received[]> {
  return await Promise.all(
    addresses.map((address) =>
      eventually(() => mails.received.find((each) => each.to === address && readMail(each).text.includes(question))),
    ),
  );
}
const linkIn = (text: string): string => /http:\/\/127\.0\.0\.1:9\/answer#\S+/.exec(text)?.[0] ?? "";

/** The mails about a question with a link, which does not name it, to Norbert and Eve. */
async function told(
  facts: Parameters<typeof askAs>[1],
): Promise<{ question: string; norbert: Received; eve: Received }> {
  const reason = `reason ${String(Math.random())}`;
  const question = await askAs(host, { ...facts, terms: { classes: ["push"] }, reason });
  const [norbert, eve] = await mailsTo(reason, "norbert@company.example", "eve@company.example");
  assert.ok(norbert !== undefined && eve !== undefined);
  return { question, norbert, eve };
}

describe("a question told by mail", () => {
  test("goes encrypted to each who may answer and has an address, with a link of their own", async () => {
    const { question, norbert, eve } = await told({ argv: ["git", "push", "prod"] });
    assert.deepEqual([norbert.secure, norbert.user, norbert.from], [true, MAIL_USER, FROM]);
    const { text, html, headers } = readMail(norbert);
    assert.match(text, /^claude-code of robin@test-[0-9a-f]+ asks, in shop:\r\n\r\ngit push prod\r\n/);
    assert.match(headers.get("subject") ?? "", /^\[bailiwick\] claude-code of robin@/);
    assert.equal(headers.get("to"), "Norbert <norbert@company.example>");
    const link = linkIn(text);
    assert.ok(html.includes(`<a href="${link}">`));
    assert.notEqual(link, linkIn(readMail(eve).text));
    const said = { secret: new URL(link).hash.slice(1), bound: `sha256:${"a".repeat(64)}`, answer: "once" } as const;
    assert.equal((await served.as("").call("answerLink", { body: said })).person, "norbert");
    const { answeredBy } = await served.owner.call("showQuestion", { params: { question } });
    assert.equal(answeredBy, "norbert");
    // Nobody without an address, and not Robin, whose run it is.
    assert.deepEqual([...new Set(mails.received.map(({ to }) => to))].sort(), [
      "eve@company.example",
      "norbert@company.example",
    ]);
    assert.ok(served.said.some((line) => /to `people` \(nameless\): the directory has no address/.test(line)));
  });

  test("is answered by no absence, and is the same message when it comes again", async () => {
    mails.refuse.set("norbert@company.example", [451]);
    const { norbert } = await told({});
    const { headers } = readMail(norbert);
    assert.equal(headers.get("auto-submitted"), "auto-generated");
    assert.equal(headers.get("x-auto-response-suppress"), "All");
    assert.match(headers.get("message-id") ?? "", /^<[0-9a-f]{32}@company\.example>$/);
    assert.ok(served.said.some((line) => /\(norbert\): the mail server answered 451; it is tried again/.test(line)));
  });

  test("has no markup and no header of an agent's or a person's making", async () => {
    const { eve } = await told({
      argv: ["echo", "<script>alert(1)</script>", "\r\n\r\nline\r\n.\r\n"],
      project: "x\r\nBcc: all@evil.example\r\n\r\n<b>",
    });
    const { headers, text, html } = readMail(eve);
    assert.deepEqual([eve.to, headers.has("bcc"), headers.has("cc")], ["eve@company.example", false, false]);
    assert.match(headers.get("subject") ?? "", /asks, in x\\r\\nBcc: all@evil\.example\\r\\n\\r\\n<b>:$/);
    assert.match(headers.get("to") ?? "", /<eve@company\.example>$/);
    assert.doesNotMatch(text, /^(Bcc|line)/m);
    assert.match(html, /&lt;script&gt;alert\(1\)/);
    assert.doesNotMatch(html, /<script|<b>/);
  });

  test("to addresses that several may read has no link, and each is tried by itself", async () => {
    mails.refuse.set("security@company.example", [550]);
    const question = await askAs(host, { terms: { classes: ["team"] } });
    const [mail] = await mailsTo(question, "on-call@company.example");
    assert.doesNotMatch(mail?.raw ?? "", /answer#|bwl_/);
    assert.match(readMail(mail ?? { raw: "" }).text, new RegExp(`bailiwick approvals show ${question}`));
    await eventually(() =>
      served.said.find((line) =>
        /to `team security@company\.example`: the mail server answered 550; it is given up/.test(line),
      ),
    );
    assert.deepEqual(
      mails.received.map(({ to }) => to),
      ["on-call@company.example"],
    );
  });

  test("says nothing of what is asked where that is not wanted", async () => {
    const question = await askAs(host, {
      argv: ["curl", "hunter2"],
      reason: "hunter2",
      project: "hunter2",
      terms: { classes: ["quiet"] },
    });
    const [mail] = await mailsTo(question, "quiet@company.example");
    assert.doesNotMatch(mail?.raw ?? "hunter2", /hunter2|robin|curl|claude/);
  });
});

test("nothing is sent to a server without TLS, of another name, that nobody vouches for, or with a wrong password", async () => {
  const told = { type: "test", data: {}, title: "a test", lines: [] };
  const mail = await mailOf(told, { from: FROM, address: "a@company.example", id: "1" });
  const sent = async (port: number, more: object = {}, password = MAIL_PASSWORD) => {
    const smtp = readSmtp(smtpTo(port, more), [], { TEST_SMTP_PASSWORD: password });
    assert.ok(smtp);
    const outcome = await sendMail(smtp, mail, new AbortController().signal);
    return outcome.taken ? "taken" : `${outcome.reason}; ${outcome.again}`;
  };
  const open = await startMailServer({ ...identity, disabledCommands: ["STARTTLS"], allowInsecureAuth: true });
  const other = await startMailServer(authority.identityOf("other.example"));
  assert.match(await sent(open.port), /^ETLS; later|answered 5\d\d; later/);
  assert.match(await sent(other.port), /^(ETLS|ESOCKET); later/);
  assert.match(await sent(mails.port, { ca: undefined }), /^(ETLS|ESOCKET); later/);
  // Not given up: somebody will put it right.
  assert.equal(await sent(mails.port, {}, "another"), "the mail server answered 535 to the password; later");
  for (const { received } of [open, other, mails]) assert.deepEqual(received, []);
  // Negative controls: the right one takes it, and so does the one without TLS where that is permitted.
  assert.equal(await sent(mails.port), "taken");
  assert.equal(await sent(open.port, { starttls: false }), "taken");
  assert.deepEqual([mails.received[0]?.secure, open.received[0]?.secure], [true, false]);
  for (const each of [open, other]) await each.stop();
});

test("what could not be mailed while the mail server was away, and the instance ended, is mailed by the next one", async () => {
  const database = await postgres?.makeDatabase();
  const state = mkdtempSync(join(tmpdir(), "bailiwick-mail-"));
  const away = await startMailServer({ ...identity, secure: true });
  await away.stop();
  const url = `smtps://localhost:${String(away.port)}`;
  const own = [notifySchema.parse({ name: "late", format: "mail", to: ["late@company.example"] })];
  const options = { database, state, notify: own, smtp: smtpTo(away.port, { url, starttls: undefined }) };
  const first = await serve(options);
  const theirs = await makeHost(first, "olivia");
  const question = await askAs(theirs, { expiresInS: 600 });
  await eventually(() =>
    first.said.find((line) => /told to `late late@company\.example`: E[A-Z]+; it is tried again/.test(line)),
  );
  await first.stop();
  const back = await startMailServer({ ...identity, secure: true }, away.port);
  const second = await startAlone(options);
  const mail = await eventually(() => back.received.at(0));
  assert.ok(mail.secure && readMail(mail).text.includes(question));
  await second.server.close();
  assert.equal(back.received.length, 1);
  await back.stop();
  theirs.remove();
  rmSync(state, { recursive: true, force: true });
});

describe("the server's file", () => {
  const mail = { name: "mail", format: "mail", people: "all" };
  const read = (each: object) => notifySchema.safeParse(each).success;

  test("says whom mail goes to, and by which server", () => {
    assert.ok(read(mail) && read({ ...mail, people: undefined, to: ["a@company.example"] }));
    for (const wrong of [
      { ...mail, people: undefined },
      { ...mail, to: ["a@company.example"] },
      { ...mail, url: "https://company.example" },
      { name: "x", format: "slack", url: "https://company.example", to: ["a@company.example"] },
      { name: "x", format: "slack" },
      ...["a@b, c@d", "A <a@b>", "a@b\r\nBcc: c@d", '"a b"@c', "a@b\n", ""].map((to) => ({
        ...mail,
        people: undefined,
        to: [to],
      })),
    ]) {
      assert.ok(!read(wrong), JSON.stringify(wrong));
    }
    const notify = readNotify([notifySchema.parse(mail)], {});
    assert.throws(() => readSmtp(undefined, notify, {}), {
      code: "SERVER_CANNOT_START",
      message: /`\[\[notify\]\]` mail is told by mail, and `\[smtp\]` is missing/,
      remedy: /`\[smtp\]` with `url` and `from`/,
    });
    assert.equal(readSmtp(undefined, [], {}), undefined);
  });

  test("sends no password and no mail to another host unencrypted", () => {
    const smtp = (more: object) => smtpSchema.safeParse({ url: "smtp://mail.company.example", from: FROM, ...more });
    const tls = (more: object) => readSmtp(smtp(more).data, [], { P: "p" })?.tls;
    assert.equal(tls({}), "starttls");
    assert.equal(tls({ url: "smtps://mail.company.example" }), "always");
    assert.equal(tls({ url: "smtp://127.0.0.1:25" }), "none");
    assert.equal(tls({ url: "smtp://127.0.0.1:25", starttls: true }), "starttls");
    for (const wrong of [
      { starttls: false },
      { url: "http://mail.company.example" },
      { url: "smtps://user:password@mail.company.example" },
      { user: "somebody" },
      { from: "Bailiwick <a@b>" },
    ]) {
      assert.ok(!smtp(wrong).success, JSON.stringify(wrong));
    }
    assert.throws(() => readSmtp(smtp({ user: "u", password: { env: "NONE" } }).data, [], {}), {
      code: "SERVER_CANNOT_START",
      message: /`password` of `\[smtp\]` is empty/,
    });
  });
});

test("a failure is the message's, or the server's", () => {
  const of = (code: string, responseCode?: number) => {
    const outcome = failureOf(Object.assign(new Error("x"), { code, responseCode }));
    return outcome.taken ? "taken" : outcome.again;
  };
  const rows = [
    ["EENVELOPE", 550, "never"],
    ["EENVELOPE", 451, "later"],
    ["EMESSAGE", 554, "never"],
    ["EAUTH", 535, "later"],
    ["ETLS", undefined, "later"],
    ["ECONNECTION", 554, "later"],
    ["ETIMEDOUT", undefined, "later"],
  ] as const;
  for (const [code, status, again] of rows) assert.equal(of(code, status), again, code);
});
