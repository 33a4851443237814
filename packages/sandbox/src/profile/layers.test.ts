import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { LAYERS } from "@bailiwick/policy";
import { composeLayers, readProfileLayer } from "./layers.ts";
import type { ProfileLayer } from "./profile-request.ts";
import { loadProfile } from "./load-profile.ts";
import { boundOf } from "./narrow-lists.ts";
import { profileForm } from "./source.ts";

const KEY = `ssh-ed25519 ${"A".repeat(68)}`;
const CREDENTIAL = `hosts = ["api.test"]\nkind = "bearer"\nsource = { env = "TOKEN" }\nvariable = "TOKEN"`;

/** Says something of every key there is. */
const COMPANY = `
[filesystem]
read = ["/opt/tools"]
write = ["{workspace}", "/data"]
mask = ["*.secret"]
protect = ["ci/"]
[network]
allow = ["*.corp.test:443", "registry.test:443"]
hosts = { "db.corp.test" = "10.0.0.5" }
publish = [3000, 8080]
inspect = ["registry.test"]
trust = ["/etc/corp.pem"]
rules = { github = { owners = ["acme", "tools"] } }
[ssh."git.test"]
host-keys = ["${KEY}"]
key = { env = "SSH_KEY" }
fetch = ["acme/app"]
[credentials.api]
${CREDENTIAL}
[environment]
pass = ["TERM", "LC_*"]
set = { CI = "1" }
only = ["CI", "OTHER", "BUILD_*"]
[home]
seed = [".gitconfig"]
mode = "ephemeral"
[limits]
processes = 100
open-files = 1000
wall = "2h"
file-size = "1GB"
memory = "4GB"
tmp = "1GB"
[models]
content = true
currency = "USD"
prices = { "claude-*" = { in = 3.0, out = 15.0 } }
[budgets]
tokens = 1000
money = 5.0
requests = 100
bytes = "1GB"
wall = "1h"
repeats = 5
when-spent = "end"
when-repeating = "pause"
[recording]
terminal = true
max-size = "100MB"
[leaks]
models = ["*.models.test"]
code = "4KB"
code-hosts = ["git.test"]
[record]
witnesses = ["one", "two"]
quorum = 2
require = "start"
`;

/** Each key with what would widen it, and what tightens it or leaves it as it is. */
const CASES: Readonly<Record<string, { readonly wider: readonly string[]; readonly within: readonly string[] }>> = {
  "filesystem.read": {
    wider: ['filesystem.read = ["/opt"]', 'filesystem.read = ["/opt/tools/link"]'],
    within: ['filesystem.read = ["/opt/tools"]', "filesystem.read = []"],
  },
  "filesystem.write": {
    wider: ['filesystem.write = ["/var/x"]', 'filesystem.write = ["/data/x"]'],
    within: ['filesystem.write = ["{workspace}"]'],
  },
  "filesystem.mask": { wider: ['filesystem.mask = ["!*.secret"]'], within: ['filesystem.mask = ["*.db"]'] },
  "filesystem.protect": { wider: ['filesystem.protect = ["!ci/"]'], within: ['filesystem.protect = ["deploy/"]'] },
  "network.allow": {
    wider: [
      'network.allow = ["evil.test:443"]',
      'network.allow = ["registry.test:80"]',
      'network.allow = ["corp.test:443"]',
      'network.allow = ["*.test.test:443"]',
      'network.allow = ["evilcorp.test:443"]',
      'network.allow = ["*.registry.test:443"]',
    ],
    within: ['network.allow = ["api.corp.test:443"]', 'network.allow = ["*.eu.corp.test:443", "registry.test:443"]'],
  },
  "network.hosts": {
    wider: ['network.hosts = { "db.corp.test" = "127.0.0.1" }', 'network.hosts = { "x.corp.test" = "10.0.0.6" }'],
    within: ['network.hosts = { "db.corp.test" = "10.0.0.5" }'],
  },
  "network.publish": { wider: ["network.publish = [22]"], within: ["network.publish = [3000]"] },
  "network.inspect": { wider: [], within: ['network.inspect = ["api.corp.test"]'] },
  "network.rules": {
    wider: [
      'network.rules.github = { owners = ["evil"] }',
      'network.rules.github = { owners = ["acme"], hosts = ["api.test"] }',
    ],
    within: ['network.rules.github = { owners = ["acme"] }', "network.rules.git = {}"],
  },
  "network.trust": { wider: ['network.trust = ["/tmp/own.pem"]'], within: ["network.trust = []"] },
  ssh: {
    wider: [
      `ssh."git.test" = { host-keys = ["${KEY}"], key = { env = "SSH_KEY" }, push = ["acme/app"] }`,
      `ssh."other.test" = { host-keys = ["${KEY}"], key = { env = "SSH_KEY" }, fetch = ["a/b"] }`,
    ],
    within: [`ssh."git.test" = { host-keys = ["${KEY}"], key = { env = "SSH_KEY" }, fetch = ["acme/app"] }`],
  },
  credentials: {
    wider: [`[credentials.api]\n${CREDENTIAL}\nalways = true`, `[credentials.other]\n${CREDENTIAL}`],
    within: [`[credentials.api]\n${CREDENTIAL}`],
  },
  "environment.pass": {
    wider: ['environment.pass = ["AWS_SECRET_ACCESS_KEY"]', 'environment.pass = ["L*"]'],
    within: ['environment.pass = ["LC_ALL"]'],
  },
  "environment.set": {
    wider: ['environment.set = { CI = "0" }', 'environment.set = { AWS_PROFILE = "live" }'],
    within: ['environment.set = { OTHER = "1" }', 'environment.set = { BUILD_ID = "1" }'],
  },
  "environment.only": { wider: [], within: ['environment.only = ["CI"]', 'environment.only = ["AWS_*"]'] },
  "home.seed": { wider: ['home.seed = [".config/tool"]'], within: ["home.seed = []"] },
  "home.mode": { wider: ['home.mode = "kept"'], within: ['home.mode = "ephemeral"'] },
  "limits.processes": { wider: ["limits.processes = 101"], within: ["limits.processes = 99"] },
  "limits.open-files": { wider: ["limits.open-files = 1001"], within: ["limits.open-files = 16"] },
  "limits.wall": { wider: ['limits.wall = "3h"'], within: ['limits.wall = "1h"'] },
  "limits.file-size": { wider: ['limits.file-size = "2GB"'], within: ['limits.file-size = "1MB"'] },
  "limits.memory": { wider: ['limits.memory = "5GB"'], within: ['limits.memory = "1GB"'] },
  "limits.tmp": { wider: ['limits.tmp = "2GB"'], within: ['limits.tmp = "1MB"'] },
  "models.content": { wider: ["models.content = false"], within: ["models.content = true"] },
  "models.currency": { wider: ['models.currency = "JPY"'], within: ['models.currency = "USD"'] },
  "models.prices": {
    wider: ['models.prices = { "claude-sonnet-*" = { in = 0.0, out = 0.0 } }'],
    within: ['models.prices = { "claude-*" = { in = 3.0, out = 15.0 } }'],
  },
  "budgets.tokens": { wider: ["budgets.tokens = 1001"], within: ["budgets.tokens = 1"] },
  "budgets.money": { wider: ["budgets.money = 5.5"], within: ["budgets.money = 1.0"] },
  "budgets.requests": { wider: ["budgets.requests = 101"], within: ["budgets.requests = 1"] },
  "budgets.bytes": { wider: ['budgets.bytes = "2GB"'], within: ['budgets.bytes = "1MB"'] },
  "budgets.wall": { wider: ['budgets.wall = "2h"'], within: ['budgets.wall = "1m"'] },
  "budgets.repeats": { wider: ["budgets.repeats = 6"], within: ["budgets.repeats = 2"] },
  "budgets.when-spent": { wider: ['budgets.when-spent = "pause"'], within: ['budgets.when-spent = "end"'] },
  "budgets.when-repeating": { wider: ['budgets.when-repeating = "tell"'], within: ['budgets.when-repeating = "end"'] },
  "recording.terminal": { wider: ["recording.terminal = false"], within: ["recording.terminal = true"] },
  "recording.max-size": { wider: ['recording.max-size = "1MB"'], within: ['recording.max-size = "200MB"'] },
  "recording.send": { wider: ["recording.send = true"], within: ["recording.send = false"] },
  "leaks.models": { wider: ['leaks.models = ["evil.test"]'], within: ['leaks.models = ["a.models.test"]'] },
  "leaks.code": { wider: ['leaks.code = "1MB"'], within: ['leaks.code = "1KB"'] },
  "leaks.code-hosts": { wider: ['leaks.code-hosts = ["evil.test"]'], within: ["leaks.code-hosts = []"] },
  "record.witnesses": { wider: [], within: ['record.witnesses = ["three"]'] },
  "record.quorum": { wider: ["record.quorum = 1"], within: ["record.quorum = 2"] },
  "record.require": { wider: ['record.require = "never"'], within: ['record.require = "start"'] },
};

async function layer(name: string, text: string): Promise<ProfileLayer> {
  const level = LAYERS.find((known) => name.startsWith(known)) ?? "company";
  return await readProfileLayer({ name, level, text }, undefined);
}

const root = mkdtempSync(join(tmpdir(), "bailiwick-layers-"));
after(() => {
  rmSync(root, { recursive: true, force: true });
});

const company = await layer("company", COMPANY);

/** Every key of a profile, from its form: a key that is new has to be thought about here. */
function keysOf(schema: unknown, path: string): string[] {
  const { properties } = schema as { properties?: Record<string, unknown> };
  if (properties === undefined) return [path];
  return Object.entries(properties).flatMap(([key, inner]) => keysOf(inner, path === "" ? key : `${path}.${key}`));
}

/** As a person's own profile, in a file. */
async function asPerson(toml: string) {
  const path = join(root, "config", "profiles", "own.toml");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, toml);
  return await loadProfile({
    nameOrFile: path,
    workspace: root,
    configDirectory: join(root, "config"),
    cache: undefined,
    layers: [company],
    additions: { allowHosts: [], publish: [], home: undefined },
  });
}

describe("layers of profiles only tighten", () => {
  test("every key is tried", () => {
    assert.deepEqual([...Object.keys(CASES), "extends"].sort(), keysOf(profileForm.schema, "").sort());
  });

  for (const [key, { wider, within }] of Object.entries(CASES)) {
    for (const toml of wider) {
      test(`a team's layer can't widen ${key}: ${toml.split("\n")[0] ?? ""}`, async () => {
        const team = await layer("team payments", toml);
        const { profile, wider } = composeLayers([company, team]);
        assert.match(wider.join(), new RegExp(`team payments: ${key}`));
        assert.equal(profile.digest, (await asPerson(toml)).profile.digest, "and it has no effect");
      });
      test(`nor can a person's own profile: ${toml.split("\n")[0] ?? ""}`, async () => {
        const { profile, warnings } = await asPerson(toml);
        assert.match(warnings.join(), new RegExp(`left out: \`${key}`));
        const { digest } = composeLayers([company]).profile;
        // What grants is empty then, where nothing of what was said lies within; all else is as the company says.
        const plain = await asPerson(toml.replace(/^(\S+) = \[.*\]$/, "$1 = []"));
        assert.ok([digest, plain.profile.digest].includes(profile.digest), "nothing of it counts");
      });
    }
    for (const toml of within) {
      test(`it can say ${toml.split("\n")[0] ?? ""}`, async () => {
        const team = await layer("team payments", toml);
        assert.deepEqual(composeLayers([company, team]).wider, []);
        assert.deepEqual((await asPerson(toml)).warnings, []);
      });
    }
  }

  test("what lies within counts, and what stands above stays", async () => {
    const team = await layer(
      "team payments",
      'filesystem.mask = ["*.db"]\nnetwork.allow = ["api.corp.test:443"]\nlimits.wall = "1h"',
    );
    const { filesystem, network, limits, environment } = composeLayers([company, team]).profile;
    assert.ok(
      filesystem.mask.includes("*.db") && filesystem.mask.includes("*.secret") && filesystem.mask.includes(".env"),
    );
    assert.deepEqual(network.allow, ["api.corp.test:443"]);
    assert.equal(limits.wallMs, 3_600_000);
    assert.deepEqual(environment.set, { CI: "1" });
    // And a third lies within both, as it would from the company's: what goes beyond the team's is told.
    const user = await layer("user robin", 'network.allow = ["registry.test:443"]');
    const three = composeLayers([company, team, user]);
    assert.deepEqual(three.profile.network.allow, []);
    assert.deepEqual(three.wider, ["user robin: network.allow: registry.test:443"]);
  });

  test("layers of one level tighten each other, and neither goes beyond the other", async () => {
    const one = await layer("team payments", 'network.allow = ["api.corp.test:443", "registry.test:443"]');
    const other = await layer("team risk", 'network.allow = ["registry.test:443", "x.corp.test:443"]');
    const { profile, wider } = composeLayers([company, one, other]);
    assert.deepEqual([profile.network.allow, wider], [["registry.test:443"], []]);
  });

  test("a variable may be given that each layer lets through, whoever else names it", async () => {
    const team = await layer("team payments", 'environment.only = ["BUILD_ID", "AWS_*"]');
    const { profile } = composeLayers([company, team]);
    const by = (name: string) => boundOf(profile, name)?.by;
    assert.deepEqual(["BUILD_ID", "BUILD_X", "CI", "AWS_PROFILE", "BUILD", "X"].map(by), [
      ...[undefined, "team payments", "team payments"],
      ...["company", "company", "company"],
    ]);
    assert.equal(boundOf(composeLayers([await layer("company", "")]).profile, "ANY"), undefined);
    const { profile: own } = await asPerson('environment.only = ["AWS_*"]');
    assert.deepEqual(
      ["AWS_PROFILE", "CI"].map((name) => boundOf(own, name)?.by),
      ["company", "own"],
    );
  });

  test("the command line adds what the company permits, and no more", async () => {
    const { profile, warnings } = await loadProfile({
      nameOrFile: "standard",
      workspace: root,
      configDirectory: join(root, "config"),
      cache: undefined,
      layers: [company],
      additions: { allowHosts: ["x.corp.test:443", "evil.test:443"], publish: [3000, 22], home: "kept" },
    });
    assert.deepEqual(profile.network.allow, ["*.corp.test:443", "registry.test:443", "x.corp.test:443"]);
    assert.deepEqual(profile.network.publish, [3000, 8080]);
    assert.equal(profile.home.mode, "ephemeral");
    assert.match(warnings.join(), /--allow-host evil.test:443`, `--publish 22`, `--home kept`/);
  });

  test("a layer names no file of the host, and has no key that is not known", async () => {
    await assert.rejects(layer("company", 'extends = "/tmp/x.toml"'), /`extends` names/);
    await assert.rejects(layer("team payments", 'extends = "bare"'), /`extends` names/);
    await assert.rejects(layer("company", "network.fly = 1"), /company\/profile.toml.*not a known key/);
    await assert.rejects(layer("company", "network = ["), { code: "SANDBOX_PROFILE_INVALID" });
  });
});
