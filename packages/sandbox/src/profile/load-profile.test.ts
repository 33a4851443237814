import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { SandboxError } from "../errors.ts";
import { loadProfile, locateProject } from "./load-profile.ts";
import type { LoadedProfile, ProfileCache, ProfileRequest } from "./profile-request.ts";
import { STANDARD } from "./standard.ts";

const folder = mkdtempSync(join(tmpdir(), "bailiwick-profile-"));
const configDirectory = join(folder, "config");
after(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, content: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

async function load(nameOrFile: string | undefined, options: Partial<ProfileRequest> = {}): Promise<LoadedProfile> {
  return await loadProfile({
    nameOrFile,
    workspace: join(folder, "nowhere"),
    configDirectory,
    cache: undefined,
    layers: [],
    additions: { allowHosts: [], publish: [], home: undefined },
    ...options,
  });
}

async function problemOf(toml: string): Promise<string> {
  const path = write("bad.toml", toml);
  const error: unknown = await load(path).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SandboxError, "it was taken");
  return `${error.code}: ${error.message.replaceAll(`${folder}/`, "")}${error.remedy === undefined ? "" : `; ${error.remedy}`}`;
}

describe("form", () => {
  test("the example of the documentation says what it says", async () => {
    const { profile } = await load(
      write(
        "example.toml",
        `extends = "standard"
[filesystem]
write = ["{workspace}"]
mask = [".env", ".env.*"]
protect = [".git/hooks", ".git/config"]
[network]
allow = ["allowed.test:8080", "*.example.com:443"]
[network.hosts]
"allowed.test" = "127.0.0.2"
[environment]
pass = ["TERM", "LANG"]
set = { CI = "1" }
[limits]
processes = 2000
wall = "2h"
`,
      ),
    );
    assert.equal(profile.name, "example");
    assert.deepEqual(profile.filesystem.write, ["{workspace}"]);
    assert.deepEqual(profile.network.allow, ["allowed.test:8080", "*.example.com:443"]);
    assert.deepEqual(profile.network.hosts, { "allowed.test": "127.0.0.2" });
    assert.deepEqual(profile.environment.set, { CI: "1" });
    assert.equal(profile.limits.processes, 2000);
    assert.equal(profile.limits.wallMs, 7_200_000);
    assert.ok(profile.filesystem.protect.includes(".git/hooks/"), "a directory stays one without its slash");
    assert.ok(profile.filesystem.protect.includes(".claude/"), "the standard list is still there");
    assert.equal(profile.limits.tmpBytes, STANDARD.limits?.tmp);
  });

  for (const [what, toml, expected] of [
    [
      "an unknown table",
      "[filesytem]\nwrite = []",
      "`bad.toml:1`: `filesytem` is not a known key; did you mean `filesystem`?",
    ],
    [
      "an unknown key",
      "\n[network]\n\nalow = []",
      "`bad.toml:4`: `network.alow` is not a known key; did you mean `allow`?",
    ],
    ["a wrong type", "[limits]\nprocesses = 'many'", "`bad.toml:2`: `limits.processes` must be a whole number"],
    ["a list that is none", "[filesystem]\nwrite = 'x'", "`bad.toml:2`: `filesystem.write` must be a list"],
    [
      "the whole file system",
      "[filesystem]\nwrite = ['/']",
      "`bad.toml:2`: `filesystem.write[0]` is the whole file system; name the directory that is needed",
    ],
    [
      "a home",
      "[filesystem]\nread = ['/x', '~']",
      "`bad.toml:2`: `filesystem.read[1]` is not an absolute path; start it with `/`, `~/` or `{workspace}`",
    ],
    [
      "a key in a sub-table",
      "[network.hosts]\n'*.x.test' = '1.1.1.1'",
      "`bad.toml:2`: `network.hosts.*.x.test` is not a host name; write it as in DNS; other alphabets as `xn--…`",
    ],
    [
      "an inline table",
      "environment = { set = { HOME = '/x' } }",
      "`bad.toml:1`: `environment.set.HOME` is set by Bailiwick itself; leave it out",
    ],
    ["a date", "[limits]\nwall = 2020-01-01", "`bad.toml:2`: `limits.wall` must be a string"],
    [
      "a key that is no word",
      '"\\u001b[31m" = 1',
      "`bad.toml`: `\\x1b[31m` is not a known key; known here: `extends`, `filesystem`, `network`, `ssh`, `credentials`, `environment`, `home`, `limits`, `models`, `budgets`, `recording`, `leaks`, `record`",
    ],
    [
      "a prototype",
      "__proto__ = { x = 1 }",
      "`bad.toml:1`: `__proto__` is not a known key; known here: `extends`, `filesystem`, `network`, `ssh`, `credentials`, `environment`, `home`, `limits`, `models`, `budgets`, `recording`, `leaks`, `record`",
    ],
  ] as const) {
    test(`${what} is an error that says where and what instead`, async () => {
      assert.equal(await problemOf(toml), `SANDBOX_PROFILE_INVALID: ${expected}`);
    });
  }

  test("what is not TOML, not UTF-8, not a file or not there", async () => {
    assert.match(await problemOf("[x\n"), /SANDBOX_PROFILE_INVALID: `bad.toml:\d`: not TOML/);
    writeFileSync(join(folder, "latin.toml"), Buffer.of(0x61, 0xff));
    await assert.rejects(load(join(folder, "latin.toml")), { code: "SANDBOX_PROFILE_INVALID", message: /UTF-8/ });
    await assert.rejects(load(`${folder}/`), { code: "SANDBOX_PROFILE_INVALID", message: /not a file/ });
    await assert.rejects(load(join(folder, "none.toml")), { code: "SANDBOX_PROFILE_NOT_FOUND" });
    await assert.rejects(load("none"), { code: "SANDBOX_PROFILE_NOT_FOUND" });
    await assert.rejects(load(".."), { code: "SANDBOX_PROFILE_NOT_FOUND", message: /not the name/ });
    await assert.rejects(load("/dev/zero"), { code: "SANDBOX_PROFILE_INVALID" });
  });
});

describe("extends", () => {
  test("lists are joined, tables merged, single values replaced, and a path is from the file that names it", async () => {
    write(
      "team/base.toml",
      `[network]\nallow = ["a.test:1"]\n[network.hosts]\n"a.test" = "10.0.0.1"\n"b.test" = "10.0.0.2"\n[limits]\nprocesses = 5\n`,
    );
    const path = write(
      "team/inner/own.toml",
      `extends = "../base.toml"\n[network]\nallow = ["c.test:2", "a.test:1"]\n[network.hosts]\n"b.test" = "10.0.0.3"\n[limits]\nprocesses = 7\n[filesystem]\nprotect = ["!.envrc"]\n`,
    );
    const { profile, sources } = await load(path);
    assert.deepEqual(profile.network.allow, ["a.test:1", "c.test:2"]);
    assert.deepEqual(profile.network.hosts, { "a.test": "10.0.0.1", "b.test": "10.0.0.3" });
    assert.equal(profile.limits.processes, 7);
    assert.ok(!profile.filesystem.protect.includes(".envrc"));
    assert.deepEqual(sources, [join(folder, "team/base.toml"), path]);
  });

  test("one that does not say what it extends extends `standard`; only `bare` leaves that out", async () => {
    const { profile } = await load(write("silent.toml", "[network]\n"));
    assert.ok(profile.filesystem.protect.includes(".git/hooks/"));
    const bare = await load(write("alone.toml", 'extends = "bare"\n'));
    assert.deepEqual(bare.profile.filesystem, { read: [], write: [], mask: [], protect: [] });
  });

  test("circles and a missing one are errors", async () => {
    write("one.toml", 'extends = "./two.toml"');
    write("two.toml", 'extends = "./one.toml"');
    await assert.rejects(load(join(folder, "one.toml")), { code: "SANDBOX_PROFILE_INVALID", message: /leads back/ });
    await assert.rejects(load(write("three.toml", 'extends = "./none.toml"')), { code: "SANDBOX_PROFILE_NOT_FOUND" });
  });

  test("profiles by name are the person's, and what is built in can't be taken over", async () => {
    write("config/profiles/ci.toml", "[limits]\nprocesses = 3\n");
    write("config/profiles/standard.toml", 'extends = "bare"\n');
    assert.equal((await load("ci")).profile.limits.processes, 3);
    assert.ok((await load("standard")).profile.filesystem.protect.length > 0);
    assert.equal((await load(write("standard.toml", ""))).profile.name, "own-standard");
  });
});

describe("which profile", () => {
  test("without a name: the person's own for exactly this workspace, else standard", async () => {
    const workspace = join(folder, "a/project");
    const { profile: path } = locateProject(configDirectory, workspace);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "[limits]\nprocesses = 11\n");
    const own = await load(undefined, { workspace });
    assert.equal(own.profile.limits.processes, 11);
    assert.equal(own.profile.name, "project");
    const other = await load(undefined, { workspace: join(folder, "b/project") });
    assert.equal(other.profile.name, "standard");
    assert.notEqual(own.homeKey, other.homeKey);
  });

  test("profiles of one name in two places have two homes", async () => {
    const [one, two] = [await load(write("x/p.toml", "")), await load(write("y/p.toml", ""))];
    assert.equal(one.profile.name, two.profile.name);
    assert.notEqual(one.homeKey, two.homeKey);
    assert.equal(one.profile.digest, two.profile.digest);
  });

  test("the command line adds, and is checked like the rest", async () => {
    const additions = { allowHosts: ["X.test:1"], publish: [3000], home: "ephemeral" as const };
    const { profile } = await load("standard", { additions });
    assert.deepEqual(profile.network.allow, ["x.test:1"]);
    assert.deepEqual(profile.network.publish, [3000]);
    assert.equal(profile.home.mode, "ephemeral");
    assert.notEqual(profile.digest, (await load("standard")).profile.digest);
    await assert.rejects(load("standard", { additions: { ...additions, allowHosts: ["127.0.0.1:80"] } }), {
      code: "SANDBOX_PROFILE_INVALID",
      message: "`--allow-host 127.0.0.1:80` is an address, not a name",
    });
  });
});

describe("the workspace's own profile", () => {
  const workspace = join(folder, "hostile");
  const own = (toml: string): string => write("hostile/.bailiwick/profile.toml", toml);

  test("tightens: masks, protects, lowers", async () => {
    own(
      `[filesystem]\nmask = ["secret.txt"]\nprotect = ["ci/"]\n[limits]\nprocesses = 10\nwall = "1m"\n[home]\nmode = "ephemeral"\n`,
    );
    const { profile, warnings } = await load("standard", { workspace });
    assert.ok(profile.filesystem.mask.includes("secret.txt"));
    assert.ok(profile.filesystem.protect.includes("ci/"));
    assert.equal(profile.limits.processes, 10);
    assert.equal(profile.limits.wallMs, 60_000);
    assert.equal(profile.home.mode, "ephemeral");
    assert.deepEqual(warnings, []);
  });

  test("never widens, whatever it says, and that is said", async () => {
    const { profile: outer } = await load("standard");
    own(`extends = "bare"
[filesystem]
read = ["/data"]
write = ["/data"]
mask = ["!.env"]
protect = ["!.git/hooks"]
[network]
allow = ["evil.test:443"]
hosts = { "evil.test" = "127.0.0.1" }
publish = [1]
[environment]
pass = ["AWS_*"]
set = { LD_PRELOAD = "/x.so" }
[home]
seed = [".gitconfig"]
mode = "kept"
[limits]
processes = 1000000
tmp = "1TB"
open-files = 1000000
[record]
quorum = 0
require = "never"
`);
    const { profile, warnings } = await load("standard", { workspace });
    assert.deepEqual(profile, outer);
    assert.equal(warnings.length, 1);
    for (const key of [
      "extends",
      "network",
      "environment",
      "filesystem.write",
      "filesystem.mask: !.env",
      "home.seed",
    ]) {
      assert.match(warnings[0] ?? "", new RegExp(`\`${key.replace(/[.!]/g, "\\$&")}\``));
    }
  });

  test("what is wrong in it ends the launch, and a FIFO in its place does not hold it up", async () => {
    own("[network]\nallow = 1\n");
    await assert.rejects(load("standard", { workspace }), { code: "SANDBOX_PROFILE_INVALID" });
    rmSync(join(workspace, ".bailiwick"), { recursive: true });
    mkdirSync(join(workspace, ".bailiwick"));
    symlinkSync("/dev/zero", join(workspace, ".bailiwick/profile.toml"));
    await assert.rejects(load("standard", { workspace }), { code: "SANDBOX_PROFILE_INVALID", message: /not a file/ });
  });
});

describe("cache", () => {
  test("gives the same profile, only for the same text, and is checked like a file", async () => {
    const kept = new Map<string, string>();
    const cache: ProfileCache = {
      read: (name) => kept.get(name),
      write: (name, content) => kept.set(name, content),
    };
    const path = write("cached.toml", "[limits]\nprocesses = 21\n");
    const first = await load(path, { cache });
    assert.equal(kept.size, 1);
    assert.deepEqual(await load(path, { cache }), first);
    write("cached.toml", "[limits]\nprocesses = 22\n");
    assert.equal((await load(path, { cache })).profile.limits.processes, 22);
    for (const name of kept.keys()) kept.set(name, '{"filesystem":{"write":["/"]}}');
    await assert.rejects(load(path, { cache }), { code: "SANDBOX_PROFILE_INVALID" });
    for (const name of kept.keys()) kept.set(name, '{"limits":{"proc');
    assert.equal((await load(path, { cache })).profile.limits.processes, 22);
  });
});

test("the standard profile is in its own form: each of its words reads as itself", async () => {
  const { profile } = await load("standard");
  const lines = [
    "extends = 'bare'",
    "[filesystem]",
    ...(["write", "mask", "protect"] as const).map((key) => `${key} = ${JSON.stringify(STANDARD.filesystem?.[key])}`),
    `[environment]\npass = ${JSON.stringify(STANDARD.environment?.pass)}`,
    `[home]\nseed = ${JSON.stringify(STANDARD.home?.seed)}`,
    "[limits]\nprocesses = 4096\nopen-files = 65536\ntmp = '2GiB'",
  ];
  const copy = await load(write("copy.toml", lines.join("\n")));
  assert.equal(copy.profile.digest, profile.digest);
});
