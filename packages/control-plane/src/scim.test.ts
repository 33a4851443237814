/** SCIM at a server of this process: what a directory sees, and what it must not be able to do. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { findPostgres, startPostgres, type Postgres } from "../test/postgres.ts";
import { serve, type Served } from "../test/served.ts";
import { providerSchema } from "./identity/provider-config.ts";

const PUBLIC = "https://bailiwick.company.example";
const found = findPostgres();
let postgres: Postgres | undefined;
let served: Served;
let directory: string;

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  process.env["SCIM_TEST_SECRET"] = "secret";
  served = await serve({
    database: await postgres?.makeDatabase(),
    publicUrl: PUBLIC,
    oidc: providerSchema.parse({
      // Nobody signs in here.
      issuer: "https://id.company.example",
      "client-id": "bailiwick",
      "client-secret": { env: "SCIM_TEST_SECRET" },
      groups: [
        { group: "Payments", team: "payments", roles: ["developer"] },
        { group: "8f1c", roles: ["auditor"] },
      ],
    }),
  });
  directory = await makeToken(["provisionPeople"], "provisioner");
});
after(async () => {
  await served.stop();
  await postgres?.stop();
});

async function makeToken(actions: string[], role?: string): Promise<string> {
  const body = { name: "directory", actions, expiresInS: 3_600 };
  const { id, secret } = await served.owner.call("issueServiceToken", { body });
  const scope = { type: "Company", id: "company" } as const;
  if (role !== undefined) await served.owner.call("grantRole", { body: { to: { type: "Token", id }, role, scope } });
  return secret;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function ask(
  method: string,
  path: string,
  { body, token = directory, headers = {} }: { body?: object; token?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(new URL(`/scim/v2${path}`, served.server.url), {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json", ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? {} : (JSON.parse(text) as Answer["body"]),
  };
}

async function add(name: string, more: object = {}): Promise<string> {
  const body = {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    userName: name,
    externalId: `sub-${name}`,
    ...more,
  };
  const { status, body: made } = await ask("POST", "/Users", { body });
  assert.equal(status, 201, JSON.stringify(made));
  return String(made["id"]);
}

async function patch(path: string, ...operations: readonly object[]): Promise<Answer> {
  const body = { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations: operations };
  return await ask("PATCH", path, { body });
}

async function personOf(id: string) {
  return (await served.owner.call("listPeople", {})).items.find((person) => person.id === id);
}

async function rolesOf(id: string): Promise<string[]> {
  const { items } = await served.owner.call("listGrants", {});
  return items.filter(({ to }) => to.id === id).map(({ role, scope }) => `${role} ${scope.type} ${scope.id}`);
}

function totalOf({ body }: Answer): unknown {
  return body["totalResults"];
}

describe("a directory", () => {
  test("adds somebody, finds them, reads and changes them", async () => {
    const name = { givenName: "Barbara", familyName: "Jensen" };
    const emails = [
      { value: "home@example.org", type: "home" },
      { value: "b@example.com", type: "work", primary: true },
    ];
    const body = { userName: "BJensen", externalId: "701984", name, emails, title: "Guide", password: "t1meMa$heen" };
    const made = await ask("POST", "/Users", { body });
    assert.equal(made.status, 201);
    const { id, meta, ...rest } = made.body as { id: string; meta: { location: string; version: string } };
    assert.match(made.headers.get("content-type") ?? "", /^application\/scim\+json/);
    assert.equal(meta.location, `${PUBLIC}/scim/v2/Users/${id}`);
    assert.equal(made.headers.get("etag"), meta.version);
    assert.deepEqual(rest, {
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
      ...{ userName: "BJensen", externalId: "701984", name, emails, active: true },
    });
    assert.deepEqual(await personOf(id), {
      id,
      name: "Barbara Jensen",
      email: "b@example.com",
      active: true,
      teams: [],
    });
    assert.deepEqual(await rolesOf(id), []);

    for (const filter of [
      'userName eq "bjensen"',
      'externalId eq "701984" and userName eq "BJENSEN"',
      `id eq "${id}"`,
    ]) {
      assert.equal(totalOf(await ask("GET", `/Users?filter=${encodeURIComponent(filter)}`)), 1, filter);
    }
    for (const filter of ['userName eq "bjens"', 'externalId eq "701984" and userName eq "other"']) {
      assert.equal(totalOf(await ask("GET", `/Users?filter=${encodeURIComponent(filter)}`)), 0, filter);
    }
    const unknown = await ask("GET", `/Users?filter=${encodeURIComponent('title co "G"')}`);
    assert.deepEqual([unknown.status, unknown.body["scimType"]], [400, "invalidFilter"]);

    const shown = await ask("GET", `/Users/${id}?attributes=userName,name.familyName`);
    assert.deepEqual(Object.keys(shown.body).sort(), ["id", "name", "schemas", "userName"]);
    const replaced = await ask("PUT", `/Users/${id}`, { body: { userName: "babs", displayName: "Babs" } });
    // What it does not say of who somebody is and whether they have access is not taken for a no.
    assert.deepEqual(
      [replaced.body["externalId"], replaced.body["active"], replaced.body["emails"]],
      ["701984", true, []],
    );
    assert.equal((await personOf(id))?.name, "Babs");
  });

  test("gets pages", async () => {
    for (const name of ["page-1", "page-2", "page-3"]) await add(name);
    const total = Number(totalOf(await ask("GET", "/Users?count=0")));
    const seen = new Set<unknown>();
    for (let startIndex = 1; startIndex <= total; startIndex += 2) {
      const { body } = await ask("GET", `/Users?startIndex=${String(startIndex)}&count=2`);
      const resources = body["Resources"] as { id: string }[];
      assert.deepEqual([body["itemsPerPage"], body["startIndex"]], [resources.length, startIndex]);
      for (const { id } of resources) seen.add(id);
    }
    assert.equal(seen.size, total);
  });

  test("is told of conflicts, and of what changed meanwhile", async () => {
    const id = await add("twice");
    for (const body of [
      { userName: "TWICE", externalId: "another" },
      { userName: "another", externalId: "sub-twice" },
    ]) {
      const { status, body: problem } = await ask("POST", "/Users", { body });
      assert.deepEqual([status, problem["scimType"], problem["status"]], [409, "uniqueness", "409"]);
    }
    const other = await add("thrice");
    assert.equal((await patch(`/Users/${other}`, { op: "replace", path: "userName", value: "twice" })).status, 409);
    const { headers } = await ask("GET", `/Users/${id}`);
    const etag = headers.get("etag") ?? "";
    assert.equal((await ask("GET", `/Users/${id}`, { headers: { "if-none-match": etag } })).status, 304);
    assert.equal((await patch(`/Users/${id}`, { op: "replace", path: "displayName", value: "New" })).status, 200);
    assert.equal((await ask("GET", `/Users/${id}`, { headers: { "if-none-match": etag } })).status, 200);
    const body = { userName: "twice" };
    assert.equal((await ask("PUT", `/Users/${id}`, { body, headers: { "if-match": etag } })).status, 412);
    assert.equal((await ask("DELETE", `/Users/${id}`, { headers: { "if-match": etag } })).status, 412);
    assert.equal((await personOf(id))?.active, true);
    assert.equal((await ask("PUT", `/Users/${id}`, { body, headers: { "if-match": "*" } })).status, 200);
  });

  test("gives teams and roles by groups, and takes them with the member, the name and the group", async () => {
    const robin = await add("robin");
    const given = async (): Promise<unknown[]> => [(await personOf(robin))?.teams, (await rolesOf(robin)).sort()];
    const { body: group } = await ask("POST", "/Groups", {
      body: { displayName: "Payments", members: [{ value: robin }] },
    });
    const at = `/Groups/${String(group["id"])}`;
    assert.deepEqual(await given(), [["payments"], ["developer Team payments"]]);
    assert.equal(
      totalOf(
        await ask("GET", `/Groups?filter=${encodeURIComponent(`displayName eq "Payments" and members eq "${robin}"`)}`),
      ),
      1,
    );
    assert.equal((await ask("GET", `${at}?excludedAttributes=members`)).body["members"], undefined);

    await patch(at, { op: "Remove", path: "members", value: [{ value: robin }] });
    assert.deepEqual(await given(), [[], []]);
    await patch(at, { op: "Add", path: "members", value: [{ value: robin }] });
    assert.deepEqual(await given(), [["payments"], ["developer Team payments"]]);
    await patch(at, { op: "replace", value: { displayName: "Others" } });
    assert.deepEqual(await given(), [[], []]);
    // By what the directory calls it, too.
    await patch(at, { op: "replace", path: "externalId", value: "8f1c" });
    assert.deepEqual(await given(), [[], ["auditor Company company"]]);
    // A role that somebody gave is theirs.
    const scope = { type: "Company", id: "company" } as const;
    await served.owner.call("grantRole", { body: { to: { type: "Person", id: robin }, role: "responder", scope } });
    await served.owner.call("joinTeam", { params: { team: "payments", person: robin } });
    await patch(at, { op: "replace", value: { displayName: "Payments" } });
    assert.equal((await ask("DELETE", at)).status, 204);
    assert.deepEqual(await given(), [["payments"], ["responder Company company"]]);
    assert.equal((await ask("GET", at)).status, 404);
  });

  test("puts nobody into a group who is not there", async () => {
    const { status, body } = await ask("POST", "/Groups", {
      body: { displayName: "Strangers", members: [{ value: "olivia" }] },
    });
    assert.deepEqual([status, body["scimType"]], [400, "invalidValue"]);
    assert.equal(totalOf(await ask("GET", `/Groups?filter=${encodeURIComponent('displayName eq "Strangers"')}`)), 0);
  });

  test("ends who leaves; who comes back has what groups give and no more", async () => {
    const lena = await add("lena");
    const scope = { type: "Company", id: "company" } as const;
    await served.owner.call("grantRole", { body: { to: { type: "Person", id: lena }, role: "responder", scope } });
    const { body: group } = await ask("POST", "/Groups", {
      body: { displayName: "Payments", members: [{ value: lena }] },
    });
    const made = { name: "test", actions: ["viewRun"], expiresInS: 3_600 };
    const { secret } = await served.owner.call("issueToken", { params: { person: lena }, body: made });
    const handedOn = { to: lena, scope, reason: "holidays", expiresInS: 3_600 };
    await served.owner.call("delegate", { body: handedOn });
    const client = served.as(secret);
    await client.call("whoAmI", {});
    assert.equal(
      (await patch(`/Users/${lena}`, { op: "Replace", path: "active", value: "False" })).body["active"],
      false,
    );
    assert.equal((await personOf(lena))?.active, false);
    await assert.rejects(client.call("whoAmI", {}), { code: "SERVER_UNKNOWN_CALLER" });
    // What says nothing of it brings nobody back.
    await ask("PUT", `/Users/${lena}`, { body: { userName: "lena", externalId: "sub-lena" } });
    assert.equal((await personOf(lena))?.active, false);
    assert.equal((await patch(`/Users/${lena}`, { op: "replace", value: { active: true } })).body["active"], true);
    assert.deepEqual(await rolesOf(lena), ["developer Team payments"]);
    assert.deepEqual((await served.owner.call("listDelegations", {})).items, []);
    await assert.rejects(client.call("whoAmI", {}), { code: "SERVER_UNKNOWN_CALLER" });

    assert.equal((await ask("DELETE", `/Users/${lena}`)).status, 204);
    assert.equal((await personOf(lena))?.active, false);
    assert.equal((await ask("GET", `/Users/${lena}`)).status, 404);
    assert.deepEqual((await ask("GET", `/Groups/${String(group["id"])}`)).body["members"], []);
    // The same subject is the same person, in no group yet.
    assert.equal(await add("lena.again", { externalId: "sub-lena" }), lena);
    assert.deepEqual([(await personOf(lena))?.active, await rolesOf(lena)], [true, []]);
    await ask("DELETE", `/Groups/${String(group["id"])}`);
  });

  test("does not give back what was ended at the server", async () => {
    const sam = await add("sam");
    await served.owner.call("endPerson", { params: { person: sam }, query: {} });
    assert.equal((await ask("GET", `/Users/${sam}`)).body["active"], false);
    assert.equal((await patch(`/Users/${sam}`, { op: "replace", path: "active", value: true })).status, 403);
    assert.equal((await ask("DELETE", `/Users/${sam}`)).status, 204);
    assert.equal((await ask("POST", "/Users", { body: { userName: "sam", externalId: "sub-sam" } })).status, 403);
    // Nor when both ended it, whoever was first.
    const tom = await add("tom");
    await patch(`/Users/${tom}`, { op: "replace", path: "active", value: false });
    await served.owner.call("endPerson", { params: { person: tom }, query: {} });
    assert.equal((await patch(`/Users/${tom}`, { op: "replace", path: "active", value: true })).status, 403);
    assert.deepEqual([(await personOf(sam))?.active, (await personOf(tom))?.active], [false, false]);
  });

  test("becomes nobody: not by a name, and not by another subject", async () => {
    const id = await add("olivia", { displayName: "Olivia", emails: [{ value: "olivia@company.example" }] });
    assert.notEqual(id, "olivia");
    const { status, body } = await patch(`/Users/${id}`, {
      op: "replace",
      path: "externalId",
      value: "sub-of-somebody",
    });
    assert.deepEqual([status, body["scimType"]], [400, "invalidValue"]);
    assert.equal((await ask("POST", "/Users", { body: { userName: "without" } })).status, 400);
  });

  test("neither makes owners, nor changes where they are written to, nor ends the last", async () => {
    const ada = await add("ada", { emails: [{ value: "ada@company.example" }] });
    await served.owner.call("grantOwner", { body: { person: ada } });
    const emails = [{ value: "thief@example.org" }];
    assert.equal(
      (await patch(`/Users/${ada}`, { op: "replace", value: { emails, displayName: "Somebody" } })).status,
      200,
    );
    assert.deepEqual([(await personOf(ada))?.email, (await personOf(ada))?.name], ["ada@company.example", "ada"]);
    // Olivia is an owner, too; without her nobody would be left.
    const ofAda = { name: "test", actions: ["grantOwner", "viewPeople"], expiresInS: 3_600 };
    const { secret } = await served.owner.call("issueToken", { params: { person: ada }, body: ofAda });
    const asAda = served.as(secret);
    await asAda.call("endOwner", { params: { person: "olivia" } });
    assert.equal((await patch(`/Users/${ada}`, { op: "replace", path: "active", value: false })).status, 403);
    assert.equal((await ask("DELETE", `/Users/${ada}`)).status, 403);
    await asAda.call("grantOwner", { body: { person: "olivia" } });
    assert.equal((await patch(`/Users/${ada}`, { op: "replace", path: "active", value: false })).status, 200);
    assert.equal((await patch(`/Users/${ada}`, { op: "replace", path: "active", value: true })).status, 200);
    assert.deepEqual(await rolesOf(ada), []);
  });

  test("needs the right for it, which no role but its own and the owner's has", async () => {
    const nobody = await ask("GET", "/Users", { token: "bwt_nobody" });
    assert.deepEqual([nobody.status, nobody.body["schemas"]], [401, ["urn:ietf:params:scim:api:messages:2.0:Error"]]);
    const everything = (await served.owner.call("listRoles", {})).items.find(({ name }) => name === "owner")?.any ?? [];
    for (const [token, status] of [
      [await makeToken(everything), 403],
      [await makeToken(everything, "security-admin"), 403],
      [await makeToken(["viewPeople"], "provisioner"), 403],
      [directory, 200],
    ] as const) {
      for (const path of ["/Users", "/Groups", "/ServiceProviderConfig"]) {
        assert.equal((await ask("GET", path, { token })).status, status, path);
      }
    }
    const looker = { params: { role: "looker" }, body: { actions: ["provisionPeople"] } };
    await assert.rejects(served.owner.call("defineRole", looker), { code: "SERVER_MALFORMED" });
    await assert.rejects(served.as(directory).call("listPeople", {}), { code: "SERVER_FORBIDDEN" });
  });

  test("learns what there is: each attribute that the schemas name is kept", async () => {
    const { body: config } = await ask("GET", "/ServiceProviderConfig");
    assert.deepEqual(
      [config["patch"], config["etag"], config["sort"]],
      [{ supported: true }, { supported: true }, { supported: false }],
    );
    const { body: types } = await ask("GET", "/ResourceTypes");
    assert.deepEqual(
      (types["Resources"] as { endpoint: string }[]).map(({ endpoint }) => endpoint),
      ["/Users", "/Groups"],
    );
    assert.equal((await ask("GET", "/ResourceTypes/User")).body["id"], "User");
    assert.equal((await ask("GET", "/Schemas/urn:x")).status, 404);
    const { body: schema } = await ask("GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User");
    interface Described {
      readonly name: string;
      readonly type: string;
      readonly multiValued: boolean;
      readonly subAttributes?: readonly Described[];
    }
    const valueOf = ({ name, type, subAttributes = [] }: Described): unknown =>
      type === "boolean"
        ? true
        : type === "string"
          ? `the ${name}`
          : Object.fromEntries(subAttributes.map((sub) => [sub.name, valueOf(sub)]));
    const described = schema["attributes"] as readonly Described[];
    const whole = Object.fromEntries(
      described.map((each) => [each.name, each.multiValued ? [valueOf(each)] : valueOf(each)]),
    );
    const { body: made } = await ask("POST", "/Users", { body: whole });
    const { schemas, id, meta } = made;
    assert.deepEqual(made, { schemas, id, meta, ...whole });
  });

  test("gets no further than its bounds", async () => {
    const large = { displayName: "Large", members: Array.from({ length: 60_000 }, () => ({ value: "x".repeat(40) })) };
    const { status, body } = await ask("POST", "/Groups", { body: large });
    assert.deepEqual([status, body["status"]], [413, "413"]);
    assert.equal((await ask("GET", "/Users?startIndex=x")).status, 400);
    assert.equal((await ask("GET", "/Users?startIndex=-3&count=100000")).body["startIndex"], 1);
    assert.equal((await ask("POST", "/Users", { body: { userName: "x".repeat(201), externalId: "y" } })).status, 400);
  });
});
