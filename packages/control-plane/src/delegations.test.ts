/** Rights to answer that are handed on, and roles under conditions, at the API. The clock is the test's. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { AskTerms } from "../contract/questions.ts";
import type { Client, InputOf } from "../contract/index.ts";
import { makeHost, type TestHost } from "../test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../test/postgres.ts";
import { serve, type Served } from "../test/served.ts";

const found = findPostgres();
const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const COMPANY = ["run-approver", "Company", "company"] as const;
let postgres: Postgres | undefined;
let served: Served;
const hosts = new Map<string, TestHost>();
const by = new Map<string, Client>();
let clockMs = Date.now();
let asked = 0;

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  served = await serve({ database: await postgres?.makeDatabase(), now: () => clockMs });
  by.set("sam", await served.person("sam", COMPANY));
  by.set("vera", await served.person("vera", COMPANY));
  for (const id of ["robin", "dana", "eve"]) by.set(id, await served.person(id));
  await served.owner.call("addTeam", { body: { id: "payments", name: "Payments" } });
  await served.owner.call("joinTeam", { params: { team: "payments", person: "robin" } });
  for (const id of ["robin", "dana", "sam", "eve"]) hosts.set(id, await makeHost(served, id));
});
after(async () => {
  for (const host of hosts.values()) host.remove();
  await served.stop();
  await postgres?.stop();
});
// A minute is how far a host's clock may be from the server's.
beforeEach(() => {
  clockMs = Date.now();
});

function client(id: string): Client {
  const known = by.get(id);
  assert.ok(known);
  return known;
}

async function ask(whose: string, terms: Partial<AskTerms> = {}): Promise<string> {
  const host = hosts.get(whose);
  assert.ok(host);
  asked += 1;
  const id = String(asked).padStart(22, "q");
  const run = String(asked).padStart(26, "0");
  const body = {
    ...{ id, run, agent: "claude-code", project: "shop", exec: asked, bound: digest("a"), policyDigest: digest("b") },
    ...{ argv: ["git", "push"], cwd: "/", files: [], reason: "it leaves", policies: ["push"], expiresInS: 3_600 },
    terms: { classes: [], links: true, approvals: 1, ...terms },
  };
  await host.client.call("askQuestion", { params: { host: host.id }, body });
  return id;
}

async function says(who: string, question: string): Promise<"yes" | "refused"> {
  const body = { answer: "once", bound: digest("a") } as const;
  return await client(who)
    .call("answerQuestion", { params: { question }, body })
    .then(
      () => "yes" as const,
      (error: unknown) => {
        assert.equal((error as { code?: string }).code, "SERVER_FORBIDDEN", String(error));
        return "refused" as const;
      },
    );
}

async function delegate(from: string, to: string, more: Partial<InputOf<"delegate">["body"]> = {}) {
  return await client(from).call("delegate", { body: { to, reason: "away", expiresInS: 1_800, ...more } });
}

describe("a right to answer that is handed on", () => {
  test("is had until its time is over, and explained", async () => {
    const [first, second] = [await ask("robin"), await ask("robin")];
    assert.equal(await says("dana", first), "refused");
    const { id } = await delegate("sam", "dana");
    const explained = await served.owner.call("explainAccess", {
      body: {
        who: { type: "Person", id: "dana" },
        action: "answerQuestion",
        resource: { type: "Question", id: first },
      },
    });
    assert.equal(explained.allowed, true);
    assert.match(explained.reason, /role run-approver for Company company, handed on by sam/);
    assert.ok(explained.policies[0]?.startsWith(`grant.${id}.`));
    assert.deepEqual(
      (await client("dana").call("whoAmI", {})).grants.map(({ handedOnBy }) => handedOnBy),
      ["sam"],
    );
    assert.equal(await says("dana", first), "yes");
    clockMs += 1_801_000;
    assert.equal((await client("dana").call("whoAmI", {})).grants.length, 0);
    clockMs = Date.now();
    await client("sam").call("endDelegation", { params: { delegation: id } });
    assert.equal(await says("dana", second), "refused");
  });

  test("is for answering alone, within what was said, and about what was said", async () => {
    const { id } = await delegate("sam", "dana", { scope: { type: "Team", id: "payments" }, class: "push" });
    assert.equal(await says("dana", await ask("eve", { classes: ["push"] })), "refused");
    assert.equal(await says("dana", await ask("robin", { classes: ["delete"] })), "refused");
    assert.equal(await says("dana", await ask("robin")), "refused");
    assert.equal(await says("dana", await ask("robin", { classes: ["push"] })), "yes");
    const { items } = await client("dana").call("listQuestions", { query: {} });
    assert.deepEqual([...new Set(items.map(({ person, terms }) => `${person} ${terms.classes.join()}`))], []);
    await client("dana").call("endDelegation", { params: { delegation: id } });
  });

  test("is not for what either of them asks", async () => {
    const { id } = await delegate("sam", "dana");
    assert.equal(await says("dana", await ask("dana")), "refused");
    assert.equal(await says("dana", await ask("sam")), "refused");
    // Negative control: the very same, of somebody else.
    assert.equal(await says("dana", await ask("eve")), "yes");
    await client("sam").call("endDelegation", { params: { delegation: id } });
  });

  test("is no more than its giver has, at each moment", async () => {
    await assert.rejects(delegate("dana", "eve"), { code: "SERVER_FORBIDDEN", message: /could be handed on/ });
    const { id } = await delegate("vera", "dana");
    const question = await ask("robin");
    const { items } = await served.owner.call("listGrants", {});
    const grant = items.find(({ to }) => to.id === "vera");
    await served.owner.call("endGrant", { params: { grant: grant?.id ?? "" } });
    assert.equal(await says("dana", question), "refused");
    await served.owner.call("grantRole", {
      body: { to: { type: "Person", id: "vera" }, role: "run-approver", scope: { type: "Company", id: "company" } },
    });
    assert.equal(await says("dana", question), "yes");
    await served.owner.call("endDelegation", { params: { delegation: id } });
  });

  test("goes no further", async () => {
    const { id } = await delegate("sam", "dana");
    await assert.rejects(delegate("dana", "eve"), { code: "SERVER_FORBIDDEN" });
    await served.owner.call("grantRole", {
      body: { to: { type: "Person", id: "dana" }, role: "run-approver", scope: { type: "Person", id: "eve" } },
    });
    // Her own right, and not what Sam handed on.
    const further = await delegate("dana", "robin");
    assert.equal(await says("robin", await ask("dana")), "refused");
    assert.equal(await says("robin", await ask("eve")), "yes");
    for (const delegation of [id, further.id]) await served.owner.call("endDelegation", { params: { delegation } });
  });

  test("of several yeses counts as its giver's", async () => {
    const { id } = await delegate("sam", "robin");
    const question = await ask("eve", { approvals: 2 });
    const yes = (who: string) =>
      client(who).call("answerQuestion", { params: { question }, body: { answer: "once", bound: digest("a") } });
    assert.deepEqual((await yes("sam")).waiting, [{ question, has: 1, needs: 2 }]);
    await assert.rejects(yes("robin"), { code: "SERVER_CONFLICT", message: /or whose right you use/ });
    assert.deepEqual((await yes("vera")).answered, [question]);
    await client("sam").call("endDelegation", { params: { delegation: id } });
  });

  test("is ended by those whom it concerns, and who takes roles away; seen by them", async () => {
    const { id } = await delegate("sam", "dana");
    const params = { delegation: id };
    await assert.rejects(client("eve").call("endDelegation", { params }), { code: "SERVER_FORBIDDEN" });
    assert.deepEqual((await client("eve").call("listDelegations", {})).items, []);
    for (const who of ["sam", "dana"]) {
      assert.deepEqual(
        (await client(who).call("listDelegations", {})).items.map((item) => item.id),
        [id],
      );
    }
    await client("dana").call("endDelegation", { params });
    await assert.rejects(client("dana").call("endDelegation", { params }), { code: "SERVER_FORBIDDEN" });
    await assert.rejects(served.owner.call("endDelegation", { params }), { code: "SERVER_NOT_FOUND" });
  });

  test("is not handed on by a token that was made for something else, nor to oneself, nor to nobody", async () => {
    const body = { name: "t", actions: ["viewRun"], expiresInS: 600 };
    const { secret } = await served.owner.call("issueToken", { params: { person: "sam" }, body });
    const given = { body: { to: "dana", reason: "x", expiresInS: 60 } };
    await assert.rejects(served.as(secret).call("delegate", given), { code: "SERVER_FORBIDDEN" });
    await assert.rejects(delegate("sam", "sam"), { code: "SERVER_CONFLICT" });
    await assert.rejects(delegate("sam", "who"), { code: "SERVER_NOT_FOUND" });
    await assert.rejects(delegate("sam", "dana", { scope: { type: "Team", id: "none" } }), {
      code: "SERVER_NOT_FOUND",
    });
  });
});

describe("a role under conditions", () => {
  let grants = 0;
  async function give(when: InputOf<"grantRole">["body"]["when"]): Promise<string> {
    grants += 1;
    const id = `p${String(grants)}`;
    by.set(id, await served.person(id));
    const scope = { type: "Team", id: "payments" } as const;
    const given = await served.owner.call("grantRole", {
      body: { to: { type: "Person", id }, role: "run-approver", scope, ...(when && { when }) },
    });
    assert.deepEqual(given.when, when);
    return id;
  }

  test("of a class: pushes of a team, and nothing else of it", async () => {
    const who = await give({ classes: ["push"] });
    assert.equal(await says(who, await ask("robin", { classes: ["push", "delete"] })), "refused");
    assert.equal(await says(who, await ask("robin")), "refused");
    assert.equal(await says(who, await ask("eve", { classes: ["push"] })), "refused");
    assert.equal(await says(who, await ask("robin", { classes: ["push"] })), "yes");
  });

  test("of a risk: what is not said to be low is not", async () => {
    const who = await give({ risk: "low" });
    assert.equal(await says(who, await ask("robin")), "refused");
    assert.equal(await says(who, await ask("robin", { risk: "medium" })), "refused");
    assert.equal(await says(who, await ask("robin", { risk: "low" })), "yes");
  });

  test("of hours, by the server's clock", async () => {
    const day = new Date(clockMs).getUTCDay() || 7;
    const zone = "UTC";
    const open = await give({ hours: { days: [day], from: "00:00", to: "00:00", zone } });
    const closed = await give({ hours: { days: [(day % 7) + 1], from: "00:00", to: "00:00", zone } });
    const question = await ask("robin");
    assert.equal(await says(closed, question), "refused");
    assert.equal(await says(open, question), "yes");
    const hours = { days: [1], from: "09:00", to: "17:00", zone: "Middle/Earth" };
    await assert.rejects(give({ hours }), { code: "SERVER_MALFORMED", message: /is no time zone/ });
  });
});
