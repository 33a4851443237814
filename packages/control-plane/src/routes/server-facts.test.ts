/** What the server says of itself and its rights to whoever is known. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ACTIONS } from "@bailiwick/policy";
import { findPostgres, startPostgres, type Postgres } from "../../test/postgres.ts";
import { serve, type Served } from "../../test/served.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let served: Served;
before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  const dualControl = [{ action: "killRun", on: "Company", people: 2, minutes: 60 }] as const;
  served = await serve({ database: await postgres?.makeDatabase(), dualControl });
});
after(async () => {
  await served.stop();
  await postgres?.stop();
});

describe("what the server says of itself", () => {
  test("whoever is known sees its version, keys, how people sign in, and what more than one has to want; nobody else does", async () => {
    const robin = await served.person("robin");
    const facts = await robin.call("showServer", {});
    assert.deepEqual([facts.version, facts.signIn, facts.publicUrl], ["0.0.0-test", "tokens", undefined]);
    assert.deepEqual([facts.logKey, facts.witnessKey], [served.server.keys.log, served.server.keys.witness]);
    assert.deepEqual(facts.dualControl, [{ action: "killRun", on: "Company", people: 2, minutes: 60 }]);
    assert.deepEqual([facts.idleMinutes, facts.sessionHours], [60, 12]);
    assert.equal((await fetch(new URL("/api/v1/server", served.server.url))).status, 401);
  });

  test("each right is there in words, with all that it can be had for", async () => {
    const { items } = await served.owner.call("listActions", {});
    assert.deepEqual(items.map(({ name }) => name).sort(), Object.keys(ACTIONS).sort());
    const kill = items.find(({ name }) => name === "killRun");
    assert.match(kill?.what ?? "", /end a run/);
    assert.deepEqual(kill?.on.slice(0, 2), ["Run", "Company"]);
    assert.equal((await fetch(new URL("/api/v1/actions", served.server.url))).status, 401);
  });
});
