import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { findPostgres, startPostgres, type Postgres } from "../test/postgres.ts";
import { serve, startAlone, type Served } from "../test/served.ts";
import { Client } from "../contract/index.ts";

const found = findPostgres();
const skip = "missing" in found ? found.missing : false;
let postgres: Postgres | undefined;
before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
});
after(async () => {
  await postgres?.stop();
});

for (const kind of ["PostgreSQL", "the embedded database"]) {
  const isPostgres = kind === "PostgreSQL";
  describe(`a server on ${kind}`, { skip: isPostgres ? skip : false }, () => {
    let served: Served;
    before(async () => {
      served = await serve({ database: isPostgres ? await postgres?.makeDatabase() : undefined });
    });
    after(async () => {
      await served.stop();
    });

    test("the set-up token makes one owner, once", async () => {
      const nobody = new Client({ url: served.server.url, by: { nobody: true } });
      const body = { token: served.server.setUpToken ?? "", id: "eve", name: "Eve" };
      await assert.rejects(nobody.call("setUp", { body }), { code: "SERVER_TOKEN_INVALID" });
      const { type, id, grants } = await served.owner.call("whoAmI", {});
      assert.deepEqual([type, id, grants.map(({ role }) => role)], ["Person", "olivia", ["owner"]]);
    });

    test("people, teams, roles and grants; nothing without a right", async () => {
      const { owner } = served;
      const robin = await served.person("robin");
      await assert.rejects(robin.call("listPeople", {}), { code: "SERVER_FORBIDDEN" });
      await owner.call("addTeam", { body: { id: "payments", name: "Payments" } });
      await owner.call("joinTeam", { params: { team: "payments", person: "robin" } });
      const company = { type: "Company", id: "company" } as const;
      const { id } = await owner.call("grantRole", {
        body: { to: { type: "Team", id: "payments" }, role: "auditor", scope: company },
      });
      const people = await robin.call("listPeople", {});
      assert.deepEqual(people.items.find((each) => each.id === "robin")?.teams, ["payments"]);
      await assert.rejects(robin.call("addTeam", { body: { id: "x", name: "x" } }), { code: "SERVER_FORBIDDEN" });
      await owner.call("endGrant", { params: { grant: id } });
      await assert.rejects(robin.call("listPeople", {}), { code: "SERVER_FORBIDDEN" });
      await owner.call("defineRole", { params: { role: "looker" }, body: { actions: ["viewPeople"] } });
      await owner.call("grantRole", { body: { to: { type: "Person", id: "robin" }, role: "looker", scope: company } });
      assert.ok((await robin.call("listPeople", {})).items.length > 0);
      const asked = { who: { type: "Person", id: "robin" }, action: "viewPeople", resource: company } as const;
      const why = await owner.call("explainAccess", { body: asked });
      assert.deepEqual([why.allowed, why.reason], [true, "role looker for Company company"]);
      await owner.call("endPerson", { params: { person: "robin" }, query: {} });
      await assert.rejects(robin.call("listPeople", {}), { code: "SERVER_UNKNOWN_CALLER" });
    });

    test("nobody gives themselves a role, and the last owner stays", async () => {
      const { owner } = served;
      const scope = { type: "Company", id: "company" } as const;
      const own = owner.call("grantRole", { body: { to: { type: "Person", id: "olivia" }, role: "auditor", scope } });
      await assert.rejects(own, { code: "SERVER_FORBIDDEN", message: /nobody gives themselves/ });
      await assert.rejects(owner.call("endOwner", { params: { person: "olivia" } }), { code: "SERVER_CONFLICT" });
      await assert.rejects(owner.call("endPerson", { params: { person: "olivia" }, query: {} }), {
        code: "SERVER_CONFLICT",
      });
      // By a team they are in.
      await owner.call("addTeam", { body: { id: "owners", name: "Owners" } });
      const joined = owner.call("joinTeam", { params: { team: "owners", person: "olivia" } });
      await assert.rejects(joined, { code: "SERVER_FORBIDDEN" });
      const second = await served.person("otto", ["owner", "Company", "company"]);
      await second.call("joinTeam", { params: { team: "owners", person: "olivia" } });
      const byTeam = owner.call("grantRole", { body: { to: { type: "Team", id: "owners" }, role: "auditor", scope } });
      await assert.rejects(byTeam, { code: "SERVER_FORBIDDEN" });
      await owner.call("endOwner", { params: { person: "otto" } });
    });

    test("an administrator does not become an owner", async () => {
      const admin = await served.person("adam", ["security-admin", "Company", "company"]);
      const body = { name: "x", actions: ["grantOwner"], expiresInS: 60 };
      await assert.rejects(admin.call("issueToken", { params: { person: "olivia" }, body }), {
        code: "SERVER_FORBIDDEN",
      });
      await assert.rejects(admin.call("grantOwner", { body: { person: "adam" } }), { code: "SERVER_FORBIDDEN" });
      await assert.rejects(admin.call("endPerson", { params: { person: "olivia" }, query: {} }), {
        code: "SERVER_CONFLICT",
      });
      const own = await admin.call("issueToken", {
        params: { person: "adam" },
        body: { ...body, actions: ["issueToken"] },
      });
      const narrow = served.as(own.secret);
      const wider = narrow.call("issueToken", {
        params: { person: "adam" },
        body: { ...body, actions: ["viewPeople"] },
      });
      await assert.rejects(wider, { code: "SERVER_FORBIDDEN", message: /itself not for/ });
    });

    test("a token does no more than it is for", async () => {
      const { owner } = served;
      const body = { name: "ci", actions: ["viewRun"], expiresInS: 60 };
      const { secret } = await owner.call("issueToken", { params: { person: "olivia" }, body });
      const limited = served.as(secret);
      assert.deepEqual((await limited.call("listRuns", { query: {} })).items, []);
      await assert.rejects(limited.call("listPeople", {}), {
        code: "SERVER_FORBIDDEN",
        message: /token is not for this/,
      });
    });

    test("a body that is too large, or is none, is refused and nothing said to the operator", async () => {
      const { url } = served.server;
      const headers = { authorization: `Bearer ${served.ownerToken}`, "content-type": "application/json" };
      const send = async (body: string) =>
        (await fetch(`${url}/api/v1/people`, { method: "POST", headers, body })).status;
      assert.equal(await send(`{"id":"${"x".repeat(1 << 20)}"}`), 413);
      for (const wrong of [
        "",
        "{",
        "[]",
        '{"id":"A"}',
        '{"id":"a","name":"a","more":1}',
        `{"id":${"[".repeat(50_000)}`,
      ]) {
        assert.equal(await send(wrong), 400, wrong.slice(0, 40));
      }
      assert.deepEqual(served.said, []);
    });

    test("without a built console it says so, and has no pages of it", async () => {
      const alone = await startAlone();
      try {
        assert.deepEqual(alone.saidAtStart, [
          "there is no web console here: it was not built; the API works",
          "pages for passkeys have no script here: it was not built; the API works",
        ]);
        assert.equal((await fetch(`${alone.server.url}/runs`)).status, 404);
        assert.equal((await fetch(`${alone.server.url}/healthz`)).status, 200);
      } finally {
        await alone.server.close();
        rmSync(alone.state, { recursive: true, force: true });
      }
    });

    test("whoever is unknown learns nothing, and is told to wait when they guess", async () => {
      const stranger = served.as("bwp_nothing");
      await assert.rejects(stranger.call("listPeople", {}), { code: "SERVER_UNKNOWN_CALLER" });
      const response = await fetch(`${served.server.url}/api/v1/people`);
      assert.equal(response.status, 401);
      assert.equal((await fetch(`${served.server.url}/nowhere`)).status, 404);
      assert.equal((await fetch(`${served.server.url}/healthz`)).status, 200);
      for (let tries = 0; tries < 40; tries++) await stranger.call("whoAmI", {}).catch(() => undefined);
      await assert.rejects(stranger.call("whoAmI", {}), { code: "SERVER_BUSY" });
    });
  });
}

test("instances on one database must have the same keys", { skip }, async () => {
  const database = await postgres?.makeDatabase();
  const first = await startAlone({ database });
  try {
    await assert.rejects(startAlone({ database }), { code: "SERVER_CANNOT_START", message: /other keys/ });
    const second = await startAlone({ database, state: first.state });
    await second.server.close();
  } finally {
    await first.server.close();
  }
});
