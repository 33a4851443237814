/** Signing in at a company's identity provider, through the shipped command. */
import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { loginByDevice, type DeviceLogin } from "../support/device-login.ts";
import { bailiwick, makePlace, type Place } from "../support/governed.ts";
import { confirmAs, startIdentityProvider, type IdentityProvider } from "../support/identity-provider.ts";
import { writeServerFile } from "../support/server-file.ts";

let provider: IdentityProvider;
let serverPlace: Place;
let server: RunningServer;
let owner: SignedIn;
const places: Place[] = [];

before(async () => {
  provider = await startIdentityProvider();
  serverPlace = makePlace();
  server = await startServer(serverPlace, { options: ["--config", writeConfig(serverPlace)] });
  owner = await setUp(server);
});
after(async () => {
  await server.stop();
  await provider.stop();
  for (const place of [serverPlace, owner.place, ...places]) place.remove();
});

function writeConfig(place: Place, { roles = '"auditor"' } = {}): string {
  const groups = `[[oidc.groups]]
group = "payments-engineers"
team = "payments"
roles = ["developer"]

[[oidc.groups]]
group = "audit"
roles = [${roles}]
`;
  return writeServerFile(place, provider, groups);
}

/** Somebody signs in at a place of their own. */
async function loginAs(
  login: string,
  options: { readonly deny?: boolean } = {},
): Promise<DeviceLogin & { readonly place: Place }> {
  const place = makePlace();
  places.push(place);
  return { ...(await loginByDevice(place, server.url, login, options)), place };
}

async function whoAmI(place: Place): Promise<{ readonly id: string; readonly roles: readonly string[] }> {
  const { status, stdout, stderr } = await bailiwick(place, ["server", "whoami"]);
  assert.equal(status, 0, stderr);
  const { id, grants } = JSON.parse(stdout) as {
    id: string;
    grants: { role: string; scope: { type: string; id: string } }[];
  };
  return { id, roles: grants.map(({ role, scope }) => `${role} ${scope.type} ${scope.id}`).sort() };
}

async function teamsOf(person: string): Promise<readonly string[] | undefined> {
  const { items } = (await owner.call("listPeople")) as { items: { id: string; teams: string[] }[] };
  return items.find(({ id }) => id === person)?.teams;
}

describe("signing in at an identity provider", () => {
  test("groups give teams and roles, and take them away at the next sign-in; the person stays the same", async () => {
    provider.groups.set("robin", ["payments-engineers", "audit", "unknown"]);
    const first = await loginAs("robin");
    assert.equal(first.status, 0, first.stderr);
    const robin = await whoAmI(first.place);
    assert.deepEqual(robin.roles, ["auditor Company company", "developer Team payments"]);
    assert.deepEqual(await teamsOf(robin.id), ["payments"]);

    provider.groups.set("robin", ["audit"]);
    const second = await loginAs("robin");
    assert.deepEqual(await whoAmI(second.place), { id: robin.id, roles: ["auditor Company company"] });
    assert.deepEqual(await teamsOf(robin.id), []);
    // The first sign-in goes on, with no more than what the groups give now.
    assert.deepEqual(await whoAmI(first.place), { id: robin.id, roles: ["auditor Company company"] });

    provider.groups.set("robin", []);
    const third = await loginAs("robin");
    assert.equal(third.status, 125);
    assert.match(third.stderr, /in no group that may sign in/);
    assert.deepEqual((await whoAmI(first.place)).roles, []);
  });

  test("a team that people gave stays when groups change", async () => {
    provider.groups.set("sam", ["audit"]);
    const { id } = await whoAmI((await loginAs("sam")).place);
    await owner.call("addTeam", { body: { id: "by-hand", name: "By hand" } });
    await owner.call("joinTeam", { params: { team: "by-hand", person: id } });
    await loginAs("sam");
    assert.deepEqual(await teamsOf(id), ["by-hand"]);
  });

  test("who is in no group gets nothing and leaves no person behind", async () => {
    const { status, stderr, place } = await loginAs("stranger");
    assert.equal(status, 125);
    assert.match(stderr, /in no group that may sign in/);
    assert.equal((await bailiwick(place, ["server", "whoami"])).status, 125);
    const { items } = (await owner.call("listPeople")) as { items: { name: string }[] };
    assert.ok(!items.some(({ name }) => name === "stranger"));
  });

  test("whoever was ended at the server can't come back by the provider", async () => {
    provider.groups.set("lena", ["audit"]);
    const first = await loginAs("lena");
    const { id } = await whoAmI(first.place);
    await owner.call("endPerson", { params: { person: id } });
    assert.equal((await bailiwick(first.place, ["server", "whoami"])).status, 125);
    const again = await loginAs("lena");
    assert.equal(again.status, 125);
    assert.match(again.stderr, /your access was ended/);
  });

  test("what was denied at the provider signs nobody in", async () => {
    provider.groups.set("mallory", ["audit"]);
    const { status, stderr } = await loginAs("mallory", { deny: true });
    assert.equal(status, 125);
    assert.match(stderr, /was denied, has expired, or never was/);
  });

  test("a code counts once, and one that nobody was given never", async () => {
    provider.groups.set("tina", ["audit"]);
    const post = async (path: string, body: object = {}) => {
      const response = await fetch(`${server.url}/api/v1/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return (await response.json()) as Record<string, unknown>;
    };
    const { deviceCode, verificationUrl } = await post("sign-ins");
    assert.deepEqual(await post("sign-ins/finish", { deviceCode }), { state: "waiting" });
    await confirmAs("tina", String(verificationUrl));
    assert.equal((await post("sign-ins/finish", { deviceCode }))["state"], "done");
    for (const code of [deviceCode, "made-up"]) {
      const { error } = await post("sign-ins/finish", { deviceCode: code });
      assert.equal((error as { code: string }).code, "SERVER_TOKEN_INVALID");
    }
  });

  test("while the provider is away nobody signs in, and who is signed in works on", async () => {
    provider.groups.set("robin", ["audit"]);
    const before = await loginAs("robin");
    await provider.stop();
    try {
      const { status, stderr } = await loginAs("robin");
      assert.equal(status, 125);
      assert.match(stderr, /identity provider did not do its part/);
      assert.deepEqual((await whoAmI(before.place)).roles, ["auditor Company company"]);
    } finally {
      await provider.start();
    }
    assert.equal((await loginAs("robin")).status, 0);
  });
});

describe("the file of the server", () => {
  for (const { name, change, says } of [
    { name: "groups that would make owners", change: { roles: '"owner"' }, says: /not given by groups/ },
    { name: "what is no TOML", change: { roles: '"' }, says: /is not TOML/ },
  ]) {
    test(`${name}: the server does not start`, async () => {
      const place = makePlace();
      places.push(place);
      const { status, stderr } = await bailiwick(place, ["serve", "--config", writeConfig(place, change)]);
      assert.equal(status, 125);
      assert.match(stderr, says);
    });
  }

  for (const file of ["server.toml", "client-secret"]) {
    test(`${file} that others can reach: the server does not start`, async () => {
      const place = makePlace();
      places.push(place);
      const config = writeConfig(place);
      chmodSync(join(place.root, file), 0o666);
      const { status, stderr } = await bailiwick(place, ["serve", "--config", config]);
      assert.equal(status, 125);
      assert.match(stderr, /others can (write to|read)/);
    });
  }
});
