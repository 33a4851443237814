/** What more than one person has to want: it waits, for others who may do it, and is done once or not at all. The clock is the test's. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { Client } from "../contract/index.ts";
import { findPostgres, startPostgres, type Postgres } from "../test/postgres.ts";
import { serve, startAlone, type Served } from "../test/served.ts";
import { dualControlSchema } from "./access/dual-control.ts";

const found = findPostgres();
const COMPANY = { type: "Company", id: "company" } as const;
let postgres: Postgres | undefined;
let served: Served;
let clockMs = Date.now();
let rita: Client;
let sven: Client;
let tom: Client;
let audra: Client;

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  const dualControl = [dualControlSchema.parse({ action: "killRun", on: "Company", minutes: 5 })];
  served = await serve({ database: await postgres?.makeDatabase(), dualControl, now: () => clockMs });
  rita = await served.person("rita", ["responder", "Company", "company"]);
  sven = await served.person("sven", ["responder", "Company", "company"]);
  tom = await served.person("tom", ["responder", "Company", "company"]);
  audra = await served.person("audra", ["auditor", "Company", "company"]);
  await served.owner.call("addTeam", { body: { id: "payments", name: "Payments" } });
});
after(async () => {
  await served.stop();
  await postgres?.stop();
});
beforeEach(() => {
  clockMs = Date.now();
});

/** @returns the name under which it waits */
async function waits(call: Promise<unknown>): Promise<string> {
  let message = "";
  await assert.rejects(call, (error: Error & { code?: string }) => {
    message = error.message;
    return error.code === "SERVER_NEEDS_OTHERS";
  });
  return /`(r-[0-9a-f]{12})`/.exec(message)?.[1] ?? "";
}

const kill = (by: Client) => by.call("killRuns", { body: { scope: COMPANY, reason: "broken into" } });
const confirm = (by: Client, request: string) => by.call("confirmRequest", { params: { request } });
const standing = async (): Promise<number> => (await served.owner.call("listOrders", { query: {} })).items.length;

describe("what two have to want", () => {
  test("waits for another who may do it, and is then done as the first wanted it", async () => {
    const id = await waits(kill(rita));
    assert.equal(await standing(), 0);
    const [pending] = (await sven.call("listRequests", {})).items;
    assert.deepEqual([pending?.id, pending?.by, pending?.needs, pending?.route], [id, "rita", 2, "killRuns"]);
    assert.deepEqual(pending?.given["body"], { scope: COMPANY, reason: "broken into", standsS: 3_600 });
    assert.deepEqual(await confirm(sven, id), { done: true, has: 2, needs: 2 });
    const { items } = await served.owner.call("listOrders", { query: {} });
    assert.deepEqual(
      items.map(({ kind, by }) => [kind, by]),
      [["kill", "rita"]],
    );
    await assert.rejects(confirm(tom, id), { code: "SERVER_NOT_FOUND" });
    const lifted = await waits(rita.call("liftKill", { body: { scope: COMPANY, reason: "patched" } }));
    await confirm(tom, lifted);
    assert.equal(await standing(), 0);
  });

  test("is not confirmed by whoever wanted it, nor by who may not do it, nor by a service", async () => {
    const id = await waits(kill(rita));
    await assert.rejects(confirm(rita, id), { code: "SERVER_FORBIDDEN", message: /somebody else/ });
    await assert.rejects(confirm(audra, id), { code: "SERVER_FORBIDDEN", message: /no role permits killRun/ });
    assert.deepEqual((await audra.call("listRequests", {})).items, []);
    const { id: token, secret } = await served.owner.call("issueServiceToken", {
      body: { name: "bot", actions: ["killRun"], expiresInS: 600 },
    });
    await served.owner.call("grantRole", {
      body: { to: { type: "Token", id: token }, role: "responder", scope: COMPANY },
    });
    await assert.rejects(confirm(served.as(secret), id), { code: "SERVER_FORBIDDEN", message: /a service is nobody/ });
    assert.equal(await standing(), 0);
    await assert.rejects(audra.call("rejectRequest", { params: { request: id } }), { code: "SERVER_FORBIDDEN" });
    await sven.call("rejectRequest", { params: { request: id } });
    await assert.rejects(confirm(tom, id), { code: "SERVER_NOT_FOUND" });
  });

  test("is over with its time", async () => {
    const id = await waits(kill(rita));
    clockMs += 299_000;
    assert.equal((await rita.call("listRequests", {})).items.length, 1);
    clockMs += 2_000;
    assert.equal((await rita.call("listRequests", {})).items.length, 0);
    await assert.rejects(confirm(sven, id), { code: "SERVER_NOT_FOUND" });
    assert.equal(await standing(), 0);
    clockMs = Date.now();
    await rita.call("rejectRequest", { params: { request: id } });
  });

  test("is only what the rule names; and who has no right does not make others look at it", async () => {
    const order = await rita.call("killRuns", { body: { scope: { type: "Team", id: "payments" }, reason: "x" } });
    assert.equal(order.kind, "kill");
    await rita.call("liftKill", { body: { scope: { type: "Team", id: "payments" }, reason: "x" } });
    await assert.rejects(kill(audra), { code: "SERVER_FORBIDDEN", message: /no role permits killRun/ });
    assert.deepEqual((await rita.call("listRequests", {})).items, []);
  });

  test("is not done for whom access or role was taken meanwhile", async () => {
    const uwe = await served.person("uwe", ["responder", "Company", "company"]);
    const vic = await served.person("vic", ["responder", "Company", "company"]);
    const [first, second] = [await waits(kill(uwe)), await waits(kill(vic))];
    await served.owner.call("endPerson", { params: { person: "uwe" }, query: {} });
    await assert.rejects(confirm(sven, first), { code: "SERVER_CONFLICT", message: /the access of `uwe`/ });
    const { items } = await served.owner.call("listGrants", {});
    await served.owner.call("endGrant", { params: { grant: items.find(({ to }) => to.id === "vic")?.id ?? "" } });
    await assert.rejects(confirm(sven, second), { code: "SERVER_FORBIDDEN" });
    assert.equal(await standing(), 0);
    assert.deepEqual((await sven.call("listRequests", {})).items, []);
  });

  test("is done once when two confirm it at once", async () => {
    const id = await waits(kill(rita));
    const both = await Promise.allSettled([confirm(sven, id), confirm(tom, id)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    assert.equal(await standing(), 1);
  });
});

test("what three have to want needs two others, none of whom it is for", async () => {
  const database = await postgres?.makeDatabase();
  const state = mkdtempSync(join(tmpdir(), "bailiwick-dual-"));
  const first = await serve({ database, state });
  const secrets = new Map<string, string>();
  for (const id of ["p1", "p2", "p3", "p4"]) {
    await first.person(id, ["security-admin", "Company", "company"]);
    const body = { name: "t", actions: ["grantRole", "viewPeople"], expiresInS: 600 };
    secrets.set(id, (await first.owner.call("issueToken", { params: { person: id }, body })).secret);
  }
  await first.stop();
  const dualControl = [dualControlSchema.parse({ action: "grantRole", people: 3 })];
  const { server } = await startAlone({ database, state, dualControl });
  const as = (id: string) => new Client({ url: server.url, by: { token: secrets.get(id) ?? "" } });
  const body = { to: { type: "Person", id: "p3" }, role: "auditor", scope: COMPANY } as const;
  const id = await waits(as("p1").call("grantRole", { body }));
  await assert.rejects(confirm(as("p3"), id), { code: "SERVER_FORBIDDEN", message: /nobody gives themselves/ });
  assert.deepEqual(await confirm(as("p2"), id), { done: false, has: 2, needs: 3 });
  await assert.rejects(confirm(as("p2"), id), { code: "SERVER_CONFLICT", message: /confirmed it already/ });
  assert.deepEqual(await confirm(as("p4"), id), { done: true, has: 3, needs: 3 });
  const { items } = await as("p1").call("listGrants", {});
  assert.deepEqual(
    items.flatMap(({ role, to, grantedBy }) => (role === "auditor" ? [[to.id, grantedBy]] : [])),
    [["p3", "p1"]],
  );
  await server.close();
  rmSync(state, { recursive: true, force: true });
});
