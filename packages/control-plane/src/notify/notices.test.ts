/** Told beside questions: refusals by their severity, orders, and hosts that went silent or weaker; counted, at a pace, and to nobody who may not see it. */
import assert from "node:assert/strict";
import { after, before, describe, mock, test } from "node:test";
import { eraseRuns, type NewEvent } from "@bailiwick/audit";
import pg from "pg";
import { makeAuthority } from "../../../../tests/support/https-server.ts";
import { startHttpReceiver, type HttpReceiver } from "../../../../tests/support/exporting.ts";
import { eventually } from "../../test/asking.ts";
import { makeHost, type TestHost } from "../../test/host.ts";
import { readMail, startMailServer, type MailServer } from "../../test/mail-server.ts";
import { findPostgres, startPostgres, type Postgres } from "../../test/postgres.ts";
import { serve, startAlone, type Served } from "../../test/served.ts";
import { notifySchema } from "./config.ts";
import { smtpSchema } from "./smtp.ts";
import { hostsSchema } from "./watch-hosts.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const digest = `sha256:${"0".repeat(64)}`;
const company = { type: "Company", id: "company" } as const;
const authority = makeAuthority();

interface Told {
  readonly path: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly text: string;
}

const found = findPostgres();
let postgres: Postgres | undefined;
let database: string | undefined;
let receiver: HttpReceiver;
let mails: MailServer;
let served: Served;
let host: TestHost;
let options: Parameters<typeof serve>[0];
const told: Told[] = [];
/** How far the clock of server and hosts is ahead. */
let aheadMs = 0;
const clock = Date.now.bind(Date);
mock.method(Date, "now", () => clock() + aheadMs);

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  receiver = await startHttpReceiver(({ path, body }, response) => {
    const { type = "", data = {} } = JSON.parse(body.toString()) as Partial<Told>;
    told.push({ path, type, data, text: body.toString() });
    response.writeHead(200).end();
  });
  mails = await startMailServer(authority.identityOf("localhost"));
  process.env["TEST_NOTICE_SECRET"] = SECRET;
  process.env["TEST_NOTICE_PASSWORD"] = "p4ss";
  const { url } = receiver;
  const secret = { env: "TEST_NOTICE_SECRET" };
  const everything = ["refusals", "orders", "hosts"];
  const notify = [
    { name: "all", url: `${url}/all`, secret, about: everything, refusals: "medium" },
    { name: "critical", url: `${url}/critical`, secret, about: ["refusals"], refusals: "critical" },
    { name: "chat", url: `${url}/slack`, format: "slack", about: everything, refusals: "high" },
    { name: "cards", url: `${url}/teams`, format: "teams", about: ["orders"] },
    { name: "short", url: `${url}/short`, secret, about: everything, refusals: "low", detail: "none" },
    { name: "others", url: `${url}/others`, secret, about: everything, refusals: "low", teams: ["others"] },
    { name: "people", format: "mail", people: "all", about: everything, refusals: "high" },
  ].map((each) => notifySchema.parse(each));
  const smtp = smtpSchema.parse({
    ...{ url: `smtp://localhost:${String(mails.port)}`, starttls: true, ca: authority.file },
    ...{ from: "bailiwick@company.example", user: "bailiwick", password: { env: "TEST_NOTICE_PASSWORD" } },
  });
  database = await postgres?.makeDatabase();
  options = { database, notify, smtp, publicUrl: "http://127.0.0.1:9" };
  served = await serve({ ...options, hosts: hostsSchema.parse({ "silent-days": 7 }) });
  for (const [id, role] of [
    ["rita", "responder"],
    ["norbert", "run-approver"],
  ] as const) {
    await served.owner.call("addPerson", { body: { id, name: id, email: `${id}@company.example` } });
    await served.owner.call("grantRole", { body: { to: { type: "Person", id }, role, scope: company } });
  }
  await served.person("robin", ["developer", "Company", "company"]);
  host = await makeHost(served, "robin");
});
after(async () => {
  host.remove();
  await served.stop();
  await mails.stop();
  await receiver.stop();
  await postgres?.stop();
  authority.remove();
});

const decision = { outcome: "deny", policies: ["no-push"], reason: "nothing leaves", policyDigest: digest } as const;

function refused(argument: string, severity?: "low" | "medium" | "high" | "critical"): NewEvent {
  return {
    ...{ type: "exec.refused", at: Date.now(), exec: 1, parent: 0, pid: 101, asked: "git" },
    ...{ program: { path: "/usr/bin/git", digest }, argv: { values: ["git", argument] }, cwd: "/home/robin/shop" },
    decision: { ...decision, policies: [...decision.policies], ...(severity && { severity }) },
  };
}

function started(
  enforcement: readonly (readonly [layer: string, state: "enforced" | "unavailable"])[],
  profile = "standard",
): NewEvent {
  return {
    ...{ type: "run.started", at: Date.now(), user: "robin", hostname: "laptop", agent: "claude-code" },
    ...{
      command: { values: ["claude"] },
      workspace: "/home/robin/shop",
      profile: { name: profile, digest },
      policyDigest: digest,
    },
    enforcement: enforcement.map(([layer, state]) => ({ layer, state, detail: "" })),
    follows: { size: 0, root: "" },
    version: "0.1.0",
  };
}

const ended = (reason: "exited" | "tampering"): NewEvent => ({
  ...{ type: "run.ended", at: Date.now(), status: 1, reason, wallMs: 1 },
  counts: { execs: 1, refused: 0, asked: 0, connections: 0, hostsRefused: 0 },
});

const at = (path: string, type: string, of: (data: Told["data"]) => boolean = () => true) =>
  told.filter((each) => each.path === path && each.type === type && of(each.data));
const first = async (...which: Parameters<typeof at>): Promise<Told> => await eventually(() => at(...which)[0]);
const toldOf = async (path: string, words: string): Promise<Told> =>
  await eventually(() => told.find((each) => each.path === path && each.text.includes(words)));

/** Resolves once all is told that was to be told before: a later one, of another kind, is. */
async function settled(path = "/all"): Promise<void> {
  const reason = `settled ${String(Math.random())}`;
  // What arrived before is looked through with it, or before it.
  await host.write([started([]), refused(reason, "high"), ended("exited")]);
  await host.send();
  await toldOf(path, reason);
}

describe("an order is told", () => {
  test("with who gave it and why, and so is that it is lifted", async () => {
    const scope = { type: "Person", id: "robin" } as const;
    await served.owner.call("pauseRuns", { body: { scope, reason: "odd\nthings" } });
    await served.owner.call("resumeRuns", { body: { scope, reason: "they were not" } });
    const given = await first("/all", "order.given");
    assert.deepEqual(
      { ...given.data, expiresAt: 0 },
      { kind: "pause", scope, by: "olivia", reason: "odd\nthings", expiresAt: 0 },
    );
    const lifted = await first("/all", "order.lifted");
    assert.deepEqual(lifted.data, { kind: "pause", scope, by: "olivia", reason: "they were not" });
    const chat = await toldOf("/slack", "paused the runs");
    assert.match(chat.text, /olivia paused the runs of person robin\\nodd\\\\nthings/);
    const card = await toldOf("/teams", "paused the runs");
    assert.match(card.text, /"TextRun","text":"olivia paused the runs of person robin"/);
  });

  test("whatever its kind", async () => {
    const scope = { type: "Team", id: "payments" } as const;
    await served.owner.call("addTeam", { body: { id: "payments", name: "Payments" } });
    await served.owner.call("killRuns", { body: { scope, reason: "stop" } });
    await served.owner.call("liftKill", { body: { scope, reason: "go" } });
    await served.owner.call("setLease", { body: { scope, reason: "short", seconds: 300 } });
    await served.owner.call("setLease", { body: { scope, reason: "none", seconds: 0 } });
    const kinds = await eventually(() => {
      const of = told.filter(
        ({ path, data }) => path === "/all" && (data["scope"] as { id?: string } | undefined)?.id === "payments",
      );
      return of.length === 4 ? of.map(({ type, data }) => `${type} ${String(data["kind"])}`) : undefined;
    });
    assert.deepEqual(kinds.sort(), [
      "order.given kill",
      "order.given lease",
      "order.lifted kill",
      "order.lifted lease",
    ]);
    // An order that is not there is not lifted, and nothing is told of it.
    await assert.rejects(served.owner.call("liftKill", { body: { scope, reason: "again" } }));
    await settled();
    assert.ok(told.every(({ data }) => data["reason"] !== "again"));
  });

  test("by mail to who may see it, and to nobody else", async () => {
    const mail = await eventually(() =>
      mails.received.find(({ to, raw }) => to.startsWith("rita@") && /paused the runs/.test(raw)),
    );
    assert.match(readMail(mail).text, /^olivia paused the runs of person robin\r\n\r\nodd\\nthings\r\n/);
    await eventually(() =>
      served.said.find((line) =>
        /order\.given could not be told to `people` \(olivia\): the directory has no address/.test(line),
      ),
    );
    assert.ok(mails.received.every(({ to }) => !to.startsWith("norbert@")));
  });

  test("where it is about teams that are told there", async () => {
    await served.owner.call("addTeam", { body: { id: "others", name: "Others" } });
    await served.owner.call("pauseRuns", { body: { scope: { type: "Team", id: "others" }, reason: "theirs" } });
    await first("/others", "order.given");
    await settled();
    assert.deepEqual(
      told.filter(({ path }) => path === "/others").map(({ data }) => data["reason"]),
      ["theirs"],
    );
  });
});

describe("a refusal is told", () => {
  test("where it is severe enough", async () => {
    const run = await host.write([started([]), refused("medium-one"), refused("low-one", "low")]);
    await host.send();
    const { data } = await first("/all", "run.refused", (each) => each["run"] === run);
    assert.deepEqual(
      [data["count"], data["severity"], data["person"], data["project"]],
      [1, "medium", "robin", "shop"],
    );
    assert.match(JSON.stringify(data["worst"]), /"line":"git medium-one","reason":"nothing leaves"/);
    // The least one is told where all are.
    assert.equal((await first("/short", "run.refused", (each) => each["run"] === run)).data["count"], 2);
    const tampered = await host.write([started([]), refused("x", "high"), ended("tampering")]);
    await host.send();
    const critical = await first("/critical", "run.refused", (each) => each["run"] === tampered);
    assert.deepEqual([critical.data["severity"], critical.data["count"]], ["critical", 1]);
    assert.match(critical.text, /"line":"ended: tampering/);
    await settled();
    assert.deepEqual(
      at("/critical", "run.refused").map((each) => each.data["run"]),
      [tampered],
    );
    assert.match(
      told.find(({ path, text }) => path === "/slack" && text.includes(tampered))?.text ?? "",
      /critical: 2 refusals in a run of robin@[^]*http:\/\/127\.0\.0\.1:9\/runs\//,
    );
  });

  test("a thousand times as one message a minute, and all of them are counted", async () => {
    const run = await host.write([started([]), refused("once", "high")]);
    await host.send();
    const ofRun = () => at("/all", "run.refused", ({ run: of }) => of === run).map(({ data }) => Number(data["count"]));
    await eventually(() => (ofRun().length === 1 ? true : undefined));
    for (let part = 0; part < 4; part++) {
      await host.write(
        Array.from({ length: 250 }, () => refused("again", part === 2 ? "critical" : "high")),
        run,
      );
      await host.send();
    }
    await settled();
    assert.deepEqual(ofRun(), [1]);
    aheadMs += 61_000;
    await eventually(() => (ofRun().length === 2 ? true : undefined));
    assert.deepEqual(ofRun(), [1, 1_000]);
    assert.equal(at("/all", "run.refused", ({ run: of }) => of === run)[1]?.data["severity"], "critical");
    await host.write([refused("last", "high")], run);
    await host.send();
    await settled();
    assert.deepEqual(ofRun(), [1, 1_000]);
    aheadMs += 61_000;
    await eventually(() => (ofRun().length === 3 ? true : undefined));
    assert.equal(
      ofRun().reduce((a, b) => a + b),
      1_002,
    );
  });

  test("without what was erased meanwhile", async () => {
    const run = await host.write([started([]), refused("hunter1", "high")]);
    await host.send();
    await first("/all", "run.refused", ({ run: of }) => of === run);
    await host.write([refused("hunter2", "high"), ended("exited")], run);
    await host.send();
    await settled();
    await eraseRuns(host.log, {
      runs: [run],
      by: "robin",
      reason: "asked for",
      at: Date.now(),
      isRunning: () => false,
    });
    await host.send();
    aheadMs += 61_000;
    const later = await eventually(() => at("/all", "run.refused", ({ run: of }) => of === run)[1]);
    assert.equal(later.data["count"], 1);
    assert.ok(told.every(({ text }) => !text.includes("hunter2")));
  });

  test("in few words where that is wanted: nothing that an agent or a person wrote", async () => {
    const short = await eventually(() => {
      const all = told.filter(({ path }) => path === "/short");
      return all.length > 5 ? all : undefined;
    });
    for (const { text } of short) assert.doesNotMatch(text, /git|nothing leaves|robin|shop|odd|stop/);
    const mail = await eventually(() => mails.received.find(({ raw }) => /refusal/.test(raw)));
    // Negative control: the mail has them, for who may read the run.
    assert.match(readMail(mail).text, /robin/);
    assert.equal(mail.to, "rita@company.example");
  });
});

describe("a host is told about", () => {
  test("when a run of it lacks what runs of that profile had, once", async () => {
    const full = [
      ["seccomp", "enforced"],
      ["landlock", "enforced"],
    ] as const;
    const write = async (...given: Parameters<typeof started>) => {
      const run = await host.write([started(...given), ended("exited")]);
      await host.send();
      return run;
    };
    await write(full, "mine");
    const weaker = await write(
      [
        ["seccomp", "enforced"],
        ["landlock", "unavailable"],
      ],
      "mine",
    );
    const { data } = await first("/all", "host.weaker");
    assert.deepEqual(data, { host: host.id, person: "robin", run: weaker, layers: ["landlock"] });
    await write([["seccomp", "enforced"]], "mine");
    // Another profile has other layers; what it wants and does not get is told.
    const other = await write([["limit:memory", "unavailable"]], "other");
    await first("/all", "host.weaker", ({ run }) => run === other);
    await settled();
    assert.equal(at("/all", "host.weaker").length, 2);
    await write(full, "mine");
    const again = await write([["landlock", "enforced"]], "mine");
    assert.deepEqual((await first("/all", "host.weaker", ({ run }) => run === again)).data["layers"], ["seccomp"]);
  });

  test("when it goes silent while a run goes on, once, and when it is heard again", async () => {
    const quiet = await makeHost(served, "robin");
    const resting = await makeHost(served, "robin");
    const run = await quiet.write([started([])]);
    await quiet.send();
    await resting.write([started([]), ended("exited")]);
    await resting.send();
    aheadMs += 16 * 60_000;
    // Another host arrives, and so time goes on here.
    await settled();
    const silent = await first("/all", "host.silent", (data) => data["host"] === quiet.id);
    assert.equal(typeof silent.data["since"], "string");
    aheadMs += 60_000;
    await settled();
    await quiet.write([ended("exited")], run);
    await quiet.send();
    aheadMs += 60_000;
    await settled();
    await first("/all", "host.heard", (data) => data["host"] === quiet.id);
    assert.equal(at("/all", "host.silent", (data) => data["host"] === quiet.id).length, 1);
    assert.deepEqual(
      at("/all", "host.silent", (data) => data["host"] === resting.id),
      [],
    );
    // After so many days it is, where that is wanted.
    aheadMs += 8 * 86_400_000;
    await settled();
    await first("/all", "host.silent", (data) => data["host"] === resting.id);
    for (const each of [quiet, resting]) each.remove();
  });

  test("when it refuses its policies, once for each reason", async () => {
    const ask = async (why?: string) =>
      await host.client.call("fetchPolicies", {
        params: { host: host.id },
        body: { nonce: "n".repeat(22), has: [], ...(why !== undefined && { refused: { sequence: 1, why } }) },
      });
    await ask("not signed by the pinned key");
    await ask("not signed by the pinned key");
    const { data } = await first("/all", "policy.refused");
    assert.deepEqual(data, { host: host.id, person: "robin", why: "not signed by the pinned key" });
    await settled();
    assert.equal(at("/all", "policy.refused").length, 1);
  });
});

test("what arrived and was not looked through is told by the instance that is there next", async () => {
  const release = database === undefined ? undefined : await keepFromLooking(database);
  const run = await host.write([started([]), refused("in the dark", "high")]);
  await host.send();
  await served.server.close();
  if (release !== undefined)
    assert.deepEqual(
      at("/all", "run.refused", (data) => data["run"] === run),
      [],
    );
  await release?.();
  const second = await startAlone({ ...options, state: served.state });
  const { data } = await first("/all", "run.refused", (each) => each["run"] === run);
  assert.equal(data["count"], 1);
  await second.server.close();
});

/** As an instance that hangs does. @returns how to end that */
async function keepFromLooking(connectionString: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query("begin; select * from notify_cursor for update");
  return async () => {
    await client.query("commit");
    await client.end();
  };
}
