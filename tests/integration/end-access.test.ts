/** Whose access ends: their runs go on unless somebody wants them ended, then each of their hosts ends them whenever it asks. By the shipped command. */
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import { enrol, setUp, signIn, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { startGoing, type Going } from "../support/going.ts";
import { bailiwick, makePlace, ofType, type Place } from "../support/governed.ts";
import { readServerNotes } from "../support/server-log.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let serverPlace: Place;
let server: RunningServer;
let owner: SignedIn;

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  serverPlace = makePlace();
  const database = await postgres?.makeDatabase();
  const config = serverPlace.write("server.toml", "[leavers]\nend-runs = true\n");
  server = await startServer(serverPlace, {
    ...(database !== undefined && { database }),
    options: ["--config", config],
  });
  owner = await setUp(server);
});
after(async () => {
  await server.stop();
  await postgres?.stop();
  for (const place of [serverPlace, owner.place]) place.remove();
});

/** A host of a person, and a run that goes on there. */
async function goingOf(context: TestContext, person: string): Promise<{ readonly place: Place; readonly run: Going }> {
  const place = makePlace();
  await enrol(owner, server, place, person);
  const run = await startGoing(place);
  context.after(() => {
    run.child.kill("SIGKILL");
    place.remove();
  });
  return { place, run };
}

async function add(id: string): Promise<void> {
  await owner.call("addPerson", { body: { id, name: id } });
}

async function endAccess(by: SignedIn, ...args: readonly string[]) {
  return await bailiwick(by.place, ["server", "end-access", ...args]);
}

async function isActive(id: string): Promise<boolean> {
  const { items } = (await owner.call("listPeople")) as { items: { id: string; active: boolean }[] };
  return items.find((person) => person.id === id)?.active === true;
}

describe("whose access ends", { concurrency: false }, () => {
  test("has their runs ended where that is wanted, and those that start afterwards, by a reason that record and log have", async (context) => {
    await add("robin");
    const { place, run } = await goingOf(context, "robin");
    const ended = await endAccess(owner, "robin", "--end-runs");
    assert.deepEqual([ended.status, /their hosts end what runs/.test(ended.stdout)], [0, true], ended.stderr);
    assert.equal(await run.ended(), 137);
    const why = "ended: by olivia: the access of robin was ended";
    assert.equal(ofType(await run.events(), "run.frozen")[0]?.reason, why);
    assert.equal(await isActive("robin"), false);
    // Who counts no longer may hear this, whenever it is, and nothing else.
    const late = await startGoing(place);
    assert.equal(await late.ended(), 137);
    assert.notEqual((await bailiwick(place, ["sync"])).status, 0);
    const notes = await readServerNotes(owner);
    const order = notes.find((note) => note["type"] === "order.given");
    assert.deepEqual(
      [order?.["kind"], order?.["by"], order?.["reason"]],
      ["kill", "olivia", "the access of robin was ended"],
    );
  });

  test("keeps their runs otherwise: they go on, unheard", async (context) => {
    await add("sam");
    const { run } = await goingOf(context, "sam");
    const ended = await endAccess(owner, "sam", "--json");
    assert.deepEqual(JSON.parse(ended.stdout), { person: "sam", endRuns: false });
    const before = run.count();
    await run.until(/tells this host nothing/);
    assert.ok(run.count() >= before);
    run.release();
    assert.equal(await run.ended(), 0);
    assert.deepEqual(ofType(await run.events(), "run.frozen"), []);
  });

  test("takes the right to end runs, too: without it nothing happens", async (context) => {
    await add("kim");
    const { run } = await goingOf(context, "kim");
    const body = { name: "people alone", actions: ["managePeople"], expiresInS: 3_600 };
    const { secret } = await owner.call("issueToken", { params: { person: "olivia" }, body });
    const limited = await signIn(server, String(secret));
    context.after(() => {
      limited.place.remove();
    });
    const refused = await endAccess(limited, "kim", "--end-runs");
    assert.notEqual(refused.status, 0);
    assert.equal(await isActive("kim"), true);
    assert.equal((await endAccess(owner, "kim", "--end-runs")).status, 0);
    assert.equal(await run.ended(), 137);
  });

  test("by the directory, where the server's file says so", async (context) => {
    const issued = await owner.call("issueServiceToken", {
      body: { name: "directory", actions: ["provisionPeople"], expiresInS: 3_600 },
    });
    const { id, secret } = issued as { id: string; secret: string };
    const scope = { type: "Company", id: "company" };
    await owner.call("grantRole", { body: { to: { type: "Token", id }, role: "provisioner", scope } });
    const ask = async (method: string, path: string, body?: object) => {
      const headers = { authorization: `Bearer ${secret}`, "content-type": "application/scim+json" };
      const response = await fetch(new URL(`/scim/v2/Users${path}`, server.url), {
        ...{ method, headers },
        ...(body && { body: JSON.stringify(body) }),
      });
      assert.ok(response.ok, await response.clone().text());
      return response;
    };
    const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
    const made = (await (await ask("POST", "", { schemas, userName: "ada", externalId: "1" })).json()) as {
      id: string;
    };
    const { run } = await goingOf(context, made.id);
    await ask("PATCH", `/${made.id}`, {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: [{ op: "replace", path: "active", value: false }],
    });
    assert.equal(await run.ended(), 137);
    assert.match(
      ofType(await run.events(), "run.frozen")[0]?.reason ?? "",
      /^ended: by .*: the access of ada.* was ended$/,
    );
  });
});
