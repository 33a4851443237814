/** Who did what: what is in the report, for whom, and that it is what the server's own log says. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { Client, type AnswerOf, type InputOf } from "../contract/index.ts";
import { makeHost, type TestHost } from "../test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../test/postgres.ts";
import { serve, startAlone, type Served } from "../test/served.ts";

const found = findPostgres();
const COMPANY = { type: "Company", id: "company" } as const;
let postgres: Postgres | undefined;
let served: Served;
let host: TestHost;
let other: TestHost;
let run: string;
let otherRun: string;

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  served = await serve({ database: await postgres?.makeDatabase() });
  await served.owner.call("addTeam", { body: { id: "payments", name: "Payments" } });
  await served.person("robin");
  await served.person("sam");
  await served.owner.call("joinTeam", { params: { team: "payments", person: "robin" } });
  [host, other] = [await makeHost(served, "robin"), await makeHost(served, "sam")];
  [run, otherRun] = [await host.record(), await other.record()];
  for (const each of [host, other]) await each.send();
});
after(async () => {
  for (const each of [host, other]) each.remove();
  await served.stop();
  await postgres?.stop();
});

type Item = AnswerOf<"report">["items"][number];

/** All pages of it. */
async function report(by: Client, query: InputOf<"report">["query"] = {}): Promise<Item[]> {
  const items: Item[] = [];
  for (let after: number | undefined; ;) {
    const page = await by.call("report", { query: { limit: 7, ...query, after } });
    items.push(...page.items);
    if (page.next === undefined) return items;
    after = page.next;
  }
}
const texts = (items: readonly Item[]): string[] =>
  items.map(
    ({ type, who = "", note }) => `${type} ${who} ${String(note["route"] ?? note["role"] ?? note["team"] ?? "")}`,
  );

describe("the report of who did what", () => {
  test("has rights used and refused, roles and teams given and taken, orders; by whom, to whom, and of what", async () => {
    const { id } = await served.owner.call("grantRole", {
      body: { to: { type: "Person", id: "sam" }, role: "responder", scope: { type: "Team", id: "payments" } },
    });
    const body = { name: "t", actions: ["killRun", "viewRun"], expiresInS: 600 };
    const sam = served.as((await served.owner.call("issueToken", { params: { person: "sam" }, body })).secret);
    await sam.call("killRuns", { body: { scope: { type: "Run", id: run }, reason: "x" } });
    await assert.rejects(sam.call("killRuns", { body: { scope: COMPANY, reason: "x" } }), { code: "SERVER_FORBIDDEN" });
    await served.owner.call("endGrant", { params: { grant: id } });
    await served.owner.call("leaveTeam", { params: { team: "payments", person: "robin" } });
    await served.owner.call("joinTeam", { params: { team: "payments", person: "robin" } });
    const ofSam = texts(await report(served.owner, { person: "sam" }));
    for (const line of [
      ...["role.given olivia responder", "right.used sam killRuns", "order.given sam ", "right.refused sam killRuns"],
      ...["role.taken olivia responder", "right.used olivia issueToken"],
    ]) {
      assert.ok(ofSam.includes(line), `${line} in ${ofSam.join(" | ")}`);
    }
    assert.ok(!ofSam.some((line) => line.includes("team.")));
    const ofTeam = texts(await report(served.owner, { team: "payments" }));
    assert.ok(ofTeam.includes("team.left olivia payments") && ofTeam.includes("team.joined olivia payments"));
    assert.deepEqual(texts(await report(served.owner, { run })), ["right.used sam killRuns", "order.given sam "]);
    const ofHost = await report(served.owner, { host: host.id });
    assert.ok(ofHost.some(({ about }) => about?.id === run));
    assert.ok(ofHost.every(({ about }) => about?.id !== otherRun));
    assert.deepEqual(await report(served.owner, { host: "none" }), []);
    // All that are said have to hold.
    assert.deepEqual(await report(served.owner, { person: "robin", run }), []);
    const [first] = await report(served.owner, { run });
    assert.deepEqual(texts(await report(served.owner, { run, to: (first?.at ?? 0) - 1 })), []);
    assert.ok((await report(served.owner, { run, from: first?.at ?? 0 })).length > 0);
  });

  test("is for the caller what they may see the use of, and nothing without such a right", async () => {
    const audra = await served.person("audra", ["auditor", "Team", "payments"]);
    await served.owner.call("showRun", { params: { run: otherRun } });
    await served.owner.call("showRun", { params: { run } });
    const seen = await report(audra);
    assert.ok(seen.some(({ about }) => about?.id === run));
    const foreign = seen.filter(
      ({ about }) => about === undefined || about.type === "Company" || about.id === otherRun,
    );
    assert.deepEqual(foreign, []);
    // Negative control: it is there, for who may see it.
    assert.equal((await report(served.owner, { run: otherRun })).length, 1);
    assert.deepEqual(await report(audra, { run: otherRun }), []);
    const nobody = await served.person("nobody");
    assert.deepEqual(await report(nobody), []);
  });

  test("is narrowed by what was done, and comes newest first where that is asked", async () => {
    await served.owner.call("pauseRuns", { body: { scope: { type: "Run", id: run }, reason: "look first" } });
    const paused = await report(served.owner, { action: "pauseRun" });
    assert.deepEqual(
      paused.map(({ type, note }) => [type, note["action"]]),
      [["right.used", "pauseRun"]],
    );
    const given = await report(served.owner, { action: "order.given" });
    assert.deepEqual([...new Set(given.map(({ type }) => type))], ["order.given"]);
    const indexes = (items: readonly Item[]): number[] => items.map(({ index }) => index);
    const all = await report(served.owner, { to: paused[0]?.at });
    const backwards = await report(served.owner, { to: paused[0]?.at, order: "newest" });
    assert.ok(all.length > 14);
    assert.deepEqual(indexes(backwards), indexes(all).reverse());
  });
});

test("what was in the log before there was a table of it is reported after the next start, once", async (context) => {
  if (postgres === undefined) return void context.skip("missing" in found ? found.missing : "");
  const database = await postgres.makeDatabase();
  const state = mkdtempSync(join(tmpdir(), "bailiwick-report-"));
  const first = await serve({ database, state });
  for (let made = 0; made < 300; made += 1) await first.owner.call("listPeople", {});
  const expected = await report(first.owner, { to: Date.now(), limit: 500 });
  await first.stop();
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  await client.query("delete from noted where index < 280");
  await client.query("update server set noted_from = 290");
  await client.end();
  const second = await startAlone({ database, state });
  const owner = new Client({ url: second.server.url, by: { token: first.ownerToken } });
  const until = expected.at(-1)?.at ?? 0;
  for (;;) {
    const { notYet } = await owner.call("report", { query: { limit: 1 } });
    if (notYet === undefined) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const indexes = new Set(expected.map(({ index }) => index));
  const got = (await report(owner, { to: until, limit: 500 })).filter(({ index }) => indexes.has(index));
  assert.deepEqual(got, expected);
  await second.server.close();
  rmSync(state, { recursive: true, force: true });
});
