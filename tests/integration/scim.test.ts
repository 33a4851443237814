/** A company's directory provisions people at the shipped server (SCIM 2.0): who joins may sign in, who leaves loses everything at once. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { enrol, setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { loginByDevice, type DeviceLogin } from "../support/device-login.ts";
import { bailiwick, makePlace, type Place } from "../support/governed.ts";
import { startIdentityProvider, type IdentityProvider } from "../support/identity-provider.ts";
import { writeServerFile } from "../support/server-file.ts";
import { readServerNotes } from "../support/server-log.ts";

const SCHEMAS = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];

let provider: IdentityProvider;
let serverPlace: Place;
let server: RunningServer;
let owner: SignedIn;
let directory: string;
const places: Place[] = [];

before(async () => {
  provider = await startIdentityProvider();
  serverPlace = makePlace();
  const groups = '[[oidc.groups]]\ngroup = "Payments"\nteam = "payments"\nroles = ["developer"]\n';
  const config = writeServerFile(serverPlace, provider, groups);
  server = await startServer(serverPlace, { options: ["--config", config] });
  owner = await setUp(server);
  const body = { name: "directory", actions: ["provisionPeople"], expiresInS: 3_600 };
  const { id, secret } = await owner.call("issueServiceToken", { body });
  const scope = { type: "Company", id: "company" };
  await owner.call("grantRole", { body: { to: { type: "Token", id }, role: "provisioner", scope } });
  directory = String(secret);
});
after(async () => {
  await server.stop();
  await provider.stop();
  for (const place of [serverPlace, owner.place, ...places]) place.remove();
});

async function ask(method: string, path: string, body?: object): Promise<{ status: number; id: string }> {
  const response = await fetch(new URL(`/scim/v2${path}`, server.url), {
    method,
    headers: { authorization: `Bearer ${directory}`, "content-type": "application/scim+json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, id: text === "" ? "" : String((JSON.parse(text) as { id?: string }).id) };
}

/** Somebody signs in at a place of their own; the identity provider says nothing of groups. */
async function loginAs(login: string): Promise<DeviceLogin & { readonly place: Place }> {
  const place = makePlace();
  places.push(place);
  return { ...(await loginByDevice(place, server.url, login)), place };
}

async function statusOf(place: Place, ...command: readonly string[]): Promise<number | null> {
  return (await bailiwick(place, [...command])).status;
}

describe("a directory at the shipped server", () => {
  test("whom it adds signs in with what its groups give; when they leave all of it ends, and what they watch", async () => {
    assert.equal((await loginAs("robin")).status, 125);
    const { id: robin } = await ask("POST", "/Users", { userName: "robin@company.example", externalId: "robin" });
    const { id: group } = await ask("POST", "/Groups", { displayName: "Payments", members: [{ value: robin }] });
    const first = await loginAs("robin");
    assert.equal(first.status, 0, first.stderr);
    const me = await bailiwick(first.place, ["server", "whoami"]);
    assert.match(me.stdout, new RegExp(`"${robin}"`));
    assert.match(me.stdout, /"developer"/);
    await enrol(owner, server, first.place, robin);
    assert.equal(await statusOf(first.place, "sync"), 0);
    const made = { params: { person: robin }, body: { name: "watching", actions: ["watchRun"], expiresInS: 3_600 } };
    const { secret } = await owner.call("issueToken", made);
    const watching = await fetch(new URL("/api/v1/stream", server.url), {
      headers: { authorization: `Bearer ${String(secret)}` },
    });
    assert.equal(watching.status, 200);

    // As Microsoft's directory says that somebody left.
    const leaves = { schemas: SCHEMAS, Operations: [{ op: "Replace", path: "active", value: "False" }] };
    assert.equal((await ask("PATCH", `/Users/${robin}`, leaves)).status, 200);
    assert.equal(await statusOf(first.place, "server", "whoami"), 125);
    assert.notEqual(await statusOf(first.place, "sync"), 0);
    // The server ends it; else this waits until the test is given up.
    await assert.rejects(watching.text(), /terminated/);
    const again = await loginAs("robin");
    assert.equal(again.status, 125);
    assert.match(again.stderr, /your access was ended/);

    // As Okta's says that they are back: with what groups give, and without what they had.
    const back = { schemas: SCHEMAS, Operations: [{ op: "replace", value: { active: true } }] };
    assert.equal((await ask("PATCH", `/Users/${robin}`, back)).status, 200);
    assert.equal((await loginAs("robin")).status, 0);
    assert.equal(await statusOf(first.place, "server", "whoami"), 125);
    assert.notEqual(await statusOf(first.place, "sync"), 0);

    assert.equal((await ask("DELETE", `/Groups/${group}`)).status, 204);
    assert.equal((await ask("DELETE", `/Users/${robin}`)).status, 204);
    assert.equal((await loginAs("robin")).status, 125);
    const notes = await readServerNotes(owner);
    const changes = notes.filter(({ type, whom }) => type === "identity.changed" && whom === robin);
    const said = changes.map(({ what }) => String(what).replace(/ \(by .*/, ""));
    for (const what of ["provisioned", "ended by the directory", "given back access"]) {
      assert.ok(said.includes(what), `${what}: ${said.join(", ")}`);
    }
    assert.ok(notes.some(({ type, route }) => type === "right.used" && route === "scimPatchUser"));
  });

  test("who signed in before is taken over by it, and ended by it", async () => {
    provider.groups.set("sam", ["Payments"]);
    const { place, status } = await loginAs("sam");
    assert.equal(status, 0);
    const before = JSON.parse((await bailiwick(place, ["server", "whoami"])).stdout) as { id: string };
    const { id } = await ask("POST", "/Users", { userName: "sam@company.example", externalId: "sam" });
    assert.equal(id, before.id);
    assert.equal(await statusOf(place, "server", "whoami"), 0);
    assert.equal((await ask("DELETE", `/Users/${id}`)).status, 204);
    assert.equal(await statusOf(place, "server", "whoami"), 125);
  });
});
