/** The queue of tasks at the API: who gets what in which order, that nobody else has it, and what becomes of it. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Client, type AnswerOf, type InputOf } from "../../contract/index.ts";
import { makeHost, type TestHost } from "../../test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../../test/postgres.ts";
import { serve, startAlone, type Served } from "../../test/served.ts";

type Task = AnswerOf<"showTask">;
type Settings = Partial<InputOf<"putPool">["body"]>;

const found = findPostgres();
let postgres: Postgres | undefined;
let served: Served;
let [one, other]: TestHost[] = [];
/** In the teams `red` and `blue`, and in none. */
let people: Readonly<Record<"rosa" | "ruth" | "bela" | "nora", Client>>;
let clock = Date.now();
before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  served = await serve({ database: await postgres?.makeDatabase(), now: () => clock });
  const person = (id: string) => served.person(id, ["task-submitter", "Company", "company"]);
  people = {
    rosa: await person("rosa"),
    ruth: await person("ruth"),
    bela: await person("bela"),
    nora: await person("nora"),
  };
  for (const [team, ...members] of [
    ["red", "rosa", "ruth"],
    ["blue", "bela"],
  ] as const) {
    await served.owner.call("addTeam", { body: { id: team, name: team } });
    for (const member of members) await served.owner.call("joinTeam", { params: { team, person: member } });
  }
  one = await makeHost(served, "olivia");
  other = await makeHost(served, "olivia");
});
after(async () => {
  one?.remove();
  other?.remove();
  await served.stop();
  await postgres?.stop();
});

const newLease = (): string => randomBytes(16).toString("base64url");
let pools = 0;

async function makePool(settings: Settings = {}): Promise<string> {
  const pool = `pool-${String(++pools)}`;
  const hosts = [one, other].flatMap((host) => host?.id ?? []);
  const body = { hosts, repositories: ["https://git.example/team", "/srv/git"], ...settings };
  await served.owner.call("putPool", { params: { pool }, body });
  return pool;
}

const TASK = { agent: "claude-code", repository: "/srv/git/shop", prompt: "make it faster" };

async function submit(client: Client, pool: string, more: Partial<InputOf<"submitTask">["body"]> = {}): Promise<Task> {
  return await client.call("submitTask", { params: { pool }, body: { ...TASK, ...more } });
}

interface Held {
  readonly id: string;
  readonly lease: string;
  readonly host: TestHost;
}

async function take(pool: string, host = one, lease = newLease()): Promise<Held | undefined> {
  assert.ok(host !== undefined);
  const { task } = await host.client.call("takeTask", { params: { host: host.id }, body: { pool, lease } });
  return task && { id: task.id, lease, host };
}

async function taken(...given: Parameters<typeof take>): Promise<Held> {
  const held = await take(...given);
  assert.ok(held !== undefined);
  return held;
}

async function begin({ id, lease, host }: Held, waitMs = 0) {
  const body = { lease, state: "running" as const, waitMs };
  return await host.client.call("renewTask", { params: { host: host.id, task: id }, body });
}

async function handIn({ id, lease, host }: Held, body: Omit<InputOf<"handInTask">["body"], "lease">): Promise<void> {
  await host.client.call("handInTask", { params: { host: host.id, task: id }, body: { lease, ...body } });
}

async function show(id: string): Promise<Task> {
  return await served.owner.call("showTask", { params: { task: id } });
}

/** The sweeper looks each second. */
async function until(id: string, holds: (task: Task) => boolean): Promise<Task> {
  for (let tries = 0; tries < 300; tries++) {
    const task = await show(id);
    if (holds(task)) return task;
    await pause(100);
  }
  throw new Error(`the task stays ${JSON.stringify(await show(id))}`);
}

const PATCH = Buffer.from("diff --git a/x b/x\n").toString("base64");

describe("a task", () => {
  test("is submitted, taken, begun and handed in, with its patch, run and cost; then it is reviewed once", async () => {
    const pool = await makePool();
    const { id, state, team } = await submit(people.rosa, pool);
    assert.deepEqual([state, team], ["queued", "red"]);
    const held = await taken(pool);
    assert.equal(held.id, id);
    assert.equal((await show(id)).state, "leased");
    assert.equal((await begin(held)).wanted, "go-on");
    const cost = { tokens: 1_200, money: 0.02, currency: "USD" };
    const run = "0".repeat(26);
    await handIn(held, { outcome: "succeeded", run, base: "a".repeat(40), status: 0, cost, patch: PATCH });
    const done = await show(id);
    assert.deepEqual(
      [done.state, done.outcome, done.review, done.cost, done.run, done.attempts],
      ["done", "succeeded", "awaiting", cost, run, 1],
    );
    const patch = await people.rosa.call("taskPatch", { params: { task: id } });
    assert.equal(Buffer.from(patch).toString("base64"), PATCH);
    assert.deepEqual(
      (await served.owner.call("listTasks", { query: { pool, state: "review" } })).items.map((item) => item.id),
      [id],
    );
    const params = { task: id };
    const wrong = { verdict: "accepted" as const, patch: `sha256:${"0".repeat(64)}` };
    await assert.rejects(people.rosa.call("reviewTask", { params, body: wrong }), { code: "SERVER_CONFLICT" });
    const right = { ...wrong, patch: done.patch?.digest ?? "" };
    const reviewed = await people.rosa.call("reviewTask", { params, body: right });
    assert.deepEqual([reviewed.review, reviewed.reviewedBy], ["accepted", "rosa"]);
    await assert.rejects(served.owner.call("reviewTask", { params, body: { ...right, verdict: "rejected" } }), {
      code: "SERVER_CONFLICT",
    });
    const { items } = await served.owner.call("report", { query: { limit: 1_000 } });
    const notes = items.map(({ note }) => note).filter((note) => note["task"] === id);
    assert.deepEqual(
      notes.map(({ what, by }) => `${String(what)} ${String(by)}`),
      ["submitted rosa", `taken ${one?.id ?? ""}`, `succeeded ${one?.id ?? ""}`, "accepted rosa"],
    );
  });

  test("is for what its pool is for, and its own team's", async () => {
    const pool = await makePool({ profiles: ["strict"] });
    for (const wrong of [
      {},
      { profile: "strict", repository: "/srv/gits/shop" },
      { profile: "strict", repository: "https://git.example/teams/shop" },
      { profile: "strict", agent: "another" },
    ]) {
      await assert.rejects(submit(people.rosa, pool, wrong), { code: "SERVER_CONFLICT" }, JSON.stringify(wrong));
    }
    await submit(people.rosa, pool, { profile: "strict", repository: "https://git.example/team/shop.git" });
    await assert.rejects(submit(people.rosa, pool, { profile: "strict", team: "blue" }), { code: "SERVER_FORBIDDEN" });
    for (const malformed of [
      { prompt: "--dangerously" },
      { revision: "--upload-pack=x" },
      { revision: "a..b" },
      ...[
        "ext::sh -c x",
        "file:///srv/git/x",
        "--x",
        "/srv/git/../etc",
        "https://u:p@git.example/team/x",
        "relative",
      ].map((repository) => ({ repository })),
      ...["https://token@git.example/team/x", "-o@host:x", "host:-x", "ssh://-oProxyCommand=x/y"].map((repository) => ({
        repository,
      })),
    ]) {
      await assert.rejects(
        submit(people.rosa, pool, malformed),
        { code: "SERVER_MALFORMED" },
        JSON.stringify(malformed),
      );
    }
  });

  test("is given to one host of the pool, and to no other", async () => {
    const [first] = [one];
    const pool = await makePool({ hosts: [first?.id ?? ""] });
    await submit(people.rosa, pool);
    await assert.rejects(take(pool, other), { code: "SERVER_FORBIDDEN" });
    const lease = newLease();
    const held = await taken(pool, one, lease);
    assert.equal(await take(pool), undefined);
    // The answer was lost: asked again by the same lease it is the same task.
    assert.equal((await taken(pool, one, lease)).id, held.id);
    await makePool();
    for (const foreign of [
      { ...held, host: other ?? held.host },
      { ...held, lease: newLease() },
    ]) {
      await assert.rejects(begin(foreign), { code: "SERVER_CONFLICT" });
      await assert.rejects(handIn(foreign, { outcome: "succeeded", patch: PATCH }), { code: "SERVER_CONFLICT" });
    }
    const another = { ...held, id: "task-000000000000" };
    await assert.rejects(begin(another), { code: "SERVER_CONFLICT" });
    await begin(held);
    await handIn(held, { outcome: "failed", reason: "no\0pe" });
    assert.deepEqual([(await show(held.id)).outcome, (await show(held.id)).reason], ["failed", "no\ufffdpe"]);
    // The answer was lost: it was handed in, and nothing changes.
    await handIn(held, { outcome: "succeeded", patch: PATCH });
    assert.equal((await show(held.id)).outcome, "failed");
  });
});

describe("the order", () => {
  test("who has fewest at a time is next, then who waited longest; within a team its people in turn, then priority", async () => {
    const pool = await makePool();
    const names = new Map<string, string>();
    for (const [name, client, priority] of [
      ...([
        ["rosa1", people.rosa, 0],
        ["rosa2", people.rosa, 5],
        ["rosa3", people.rosa, 0],
      ] as const),
      ...([
        ["ruth1", people.ruth, 0],
        ["bela1", people.bela, -5],
        ["bela2", people.bela, 0],
        ["nora1", people.nora, 0],
      ] as const),
    ]) {
      names.set((await submit(client, pool, { priority })).id, name);
    }
    const order: string[] = [];
    for (let at = 0; at < names.size; at++) {
      clock += 1;
      order.push(names.get((await taken(pool)).id) ?? "");
    }
    // Red, blue and Nora in turn; of red Rosa's urgent one, then Ruth, who has none.
    assert.deepEqual(order, ["rosa2", "bela2", "nora1", "ruth1", "bela1", "rosa1", "rosa3"]);
  });

  test("with one at a time no team waits for all of another's", async () => {
    const pool = await makePool();
    for (let at = 0; at < 3; at++) await submit(people.rosa, pool);
    const blue = await submit(people.bela, pool);
    const order: string[] = [];
    for (let at = 0; at < 4; at++) {
      clock += 1;
      const held = await taken(pool);
      order.push(held.id === blue.id ? "blue" : "red");
      await begin(held);
      await handIn(held, { outcome: "succeeded" });
    }
    assert.deepEqual(order, ["red", "blue", "red", "red"]);
  });

  test("a team has no more at a time than its quota, and no more wait than may", async () => {
    const pool = await makePool({ running: 1, teams: { blue: 2 }, queued: 3 });
    for (const client of [people.rosa, people.bela]) for (let at = 0; at < 3; at++) await submit(client, pool);
    await assert.rejects(submit(people.ruth, pool), { code: "SERVER_CONFLICT" });
    await submit(people.nora, pool);
    const held: Held[] = [];
    for (let next = await take(pool); next !== undefined; next = await take(pool)) held.push(next);
    const teams = await Promise.all(held.map(async ({ id }) => (await show(id)).team ?? "none"));
    assert.deepEqual(teams.sort(), ["blue", "blue", "none", "red"]);
    const [first] = held;
    assert.ok(first !== undefined);
    await begin(first);
    await handIn(first, { outcome: "succeeded" });
    assert.ok((await take(pool)) !== undefined);
    assert.equal(await take(pool), undefined);
  });

  test("many ask at once: each task is given once", async () => {
    const pool = await makePool();
    const ids = new Set<string>();
    for (let at = 0; at < 20; at++) ids.add((await submit(people.rosa, pool)).id);
    const asked = Array.from({ length: 30 }, (_, at) => take(pool, at % 2 === 0 ? one : other));
    const got = (await Promise.all(asked)).flatMap((held) => held?.id ?? []);
    assert.deepEqual(got.sort(), [...ids].sort());
  });
});

describe("what does not go well", () => {
  test("is tried again as often as was said, after a pause", async () => {
    const pool = await makePool();
    const { id } = await submit(people.rosa, pool, { retries: 1 });
    const first = await taken(pool);
    await begin(first);
    await handIn(first, { outcome: "failed", reason: "the agent ended with 1" });
    assert.deepEqual([(await show(id)).state, (await show(id)).reason], ["queued", "the agent ended with 1"]);
    assert.equal(await take(pool), undefined);
    clock += 1_000;
    const second = await taken(pool);
    await begin(second);
    await handIn(second, { outcome: "failed" });
    const { state, outcome, attempts } = await show(id);
    assert.deepEqual([state, outcome, attempts], ["done", "failed", 2]);
  });

  test("whoever waits for a task is told when one comes, and when the pause is over", async () => {
    const pool = await makePool();
    const ask = async (): Promise<string | undefined> => {
      assert.ok(one !== undefined);
      const body = { pool, lease: newLease(), waitMs: 20_000 };
      return (await one.client.call("takeTask", { params: { host: one.id }, body })).task?.id;
    };
    const waiting = ask();
    const { id } = await submit(people.rosa, pool);
    assert.equal(await waiting, id);
  });

  test("a lost host's task waits again or has failed, as was said; what was not begun always waits; what it hands in is refused", async () => {
    const pool = await makePool({ leaseS: 5 });
    const [retried, failed, unbegun] = [
      await submit(people.rosa, pool, { onLost: "retry" }),
      await submit(people.rosa, pool, { onLost: "fail" }),
      await submit(people.rosa, pool, { onLost: "fail" }),
    ];
    const all = [await taken(pool), await taken(pool), await taken(pool)];
    const heldOf = (id: string): Held => all.find((held) => held.id === id) ?? assert.fail();
    await begin(heldOf(retried.id));
    await begin(heldOf(failed.id));
    assert.equal((await show(failed.id)).state, "running");
    clock += 30_000;
    assert.equal((await until(failed.id, ({ state }) => state === "done")).outcome, "failed");
    assert.match(
      (await until(retried.id, ({ state }) => state === "queued")).reason ?? "",
      /nothing was heard of its host/,
    );
    await until(unbegun.id, ({ state }) => state === "queued");
    for (const { id } of [retried, failed, unbegun]) {
      await assert.rejects(handIn(heldOf(id), { outcome: "succeeded", patch: PATCH }), { code: "SERVER_CONFLICT" });
      await assert.rejects(begin(heldOf(id)), { code: "SERVER_CONFLICT" });
    }
    const again = await taken(pool, other);
    await begin(again);
    await handIn(again, { outcome: "succeeded", patch: PATCH });
    assert.equal((await show(again.id)).outcome, "succeeded");
  });

  test("a host that has to stop gives its task back", async () => {
    const pool = await makePool();
    const { id } = await submit(people.rosa, pool);
    const held = await taken(pool);
    await begin(held);
    await handIn(held, { outcome: "returned", reason: "the host is drained" });
    assert.deepEqual([(await show(id)).state, (await show(id)).reason], ["queued", "the host is drained"]);
    assert.equal((await taken(pool, other)).id, id);
  });

  test("what waits is cancelled at once; what runs when its host has heard of it, and never tried again", async () => {
    const pool = await makePool();
    const [waits, runs] = [
      await submit(people.rosa, pool, { priority: -1 }),
      await submit(people.rosa, pool, { retries: 5 }),
    ];
    const held = await taken(pool);
    assert.equal(held.id, runs.id);
    const cancel = (task: string) => people.rosa.call("cancelTask", { params: { task } });
    assert.equal((await cancel(waits.id)).outcome, "cancelled");
    assert.equal(await take(pool), undefined);
    const told = begin(held, 20_000);
    await until(runs.id, ({ state }) => state === "running");
    assert.equal((await cancel(runs.id)).cancelledBy, "rosa");
    assert.equal((await told).wanted, "cancel");
    await handIn(held, { outcome: "failed" });
    assert.deepEqual([(await show(runs.id)).state, (await show(runs.id)).outcome], ["done", "cancelled"]);
    await assert.rejects(cancel(runs.id), { code: "SERVER_CONFLICT" });
    await assert.rejects(people.bela.call("cancelTask", { params: { task: waits.id } }), { code: "SERVER_FORBIDDEN" });
  });

  test("whose access is ended has nothing run any more", async () => {
    const pool = await makePool();
    const leaver = await served.person("leaver", ["task-submitter", "Company", "company"]);
    const [runs, waits] = [await submit(leaver, pool), await submit(leaver, pool)];
    const held = await taken(pool);
    assert.equal(held.id, runs.id);
    await begin(held);
    await served.owner.call("endPerson", { params: { person: "leaver" }, query: {} });
    assert.equal((await show(waits.id)).outcome, "cancelled");
    assert.equal((await begin(held)).wanted, "cancel");
  });
});

describe("who reviews", () => {
  test("by the server's file nobody accepts the work that they asked for, and no service does", async () => {
    const strict = await serve({ database: await postgres?.makeDatabase(), tasksReviewedBy: "others" });
    const host = await makeHost(strict, "olivia");
    try {
      const roles = [
        ["task-submitter", "Company", "company"],
        ["task-reviewer", "Company", "company"],
      ] as const;
      const [rosa, bela] = [await strict.person("rosa", ...roles), await strict.person("bela", ...roles)];
      const pool = { hosts: [host.id], repositories: ["/srv/git"] };
      await strict.owner.call("putPool", { params: { pool: "p" }, body: pool });
      const { id } = await submit(rosa, "p");
      const held = await taken("p", host);
      await begin(held);
      await handIn(held, { outcome: "succeeded", patch: PATCH });
      const { patch } = await bela.call("showTask", { params: { task: id } });
      const given = { params: { task: id }, body: { verdict: "accepted" as const, patch: patch?.digest ?? "" } };
      await assert.rejects(rosa.call("reviewTask", given), {
        code: "SERVER_FORBIDDEN",
        message: /somebody else has to/,
      });
      const service = await strict.owner.call("issueServiceToken", {
        body: { name: "bot", actions: ["reviewTask"], expiresInS: 600 },
      });
      const to = { type: "Token" as const, id: service.id };
      await strict.owner.call("grantRole", { body: { to, role: "task-reviewer", scope: { type: "Pool", id: "p" } } });
      await assert.rejects(strict.as(service.secret).call("reviewTask", given), { code: "SERVER_FORBIDDEN" });
      assert.equal((await bela.call("reviewTask", given)).review, "accepted");
    } finally {
      host.remove();
      await strict.stop();
    }
  });
});

describe("a server that was away", () => {
  test("takes no task back before its host could say that it goes on", async () => {
    const database = await postgres?.makeDatabase();
    const first = await serve({ database, now: () => clock, state: mkdtempSync(join(tmpdir(), "bailiwick-server-")) });
    const host = await makeHost(first, "olivia");
    const pool = { hosts: [host.id], repositories: ["/srv/git"], leaseS: 60 };
    await first.owner.call("putPool", { params: { pool: "p" }, body: pool });
    const { id } = await submit(first.owner, "p");
    await begin(await taken("p", host));
    await first.server.close();
    clock += 300_000;
    const second = await startAlone({ database, now: () => clock, state: first.state });
    const owner = new Client({ url: second.server.url, by: { token: first.ownerToken } });
    try {
      const state = async (): Promise<string> => (await owner.call("showTask", { params: { task: id } })).state;
      clock += 50_000;
      // Several looks of the sweeper's.
      for (let look = 0; look < 25; look++) {
        assert.equal(await state(), "running");
        await pause(100);
      }
      clock += 20_000;
      for (let tries = 0; (await state()) !== "queued"; tries++) {
        assert.ok(tries < 300);
        await pause(100);
      }
    } finally {
      await second.server.close();
      host.remove();
      rmSync(first.state, { recursive: true, force: true });
    }
  });
});
