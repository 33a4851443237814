import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { prepareHome, type HomeRequest, type PreparedHome } from "./private-home.ts";

const folder = mkdtempSync(join(tmpdir(), "bailiwick-home-"));
const personHome = join(folder, "person");
const state = join(folder, "state");
after(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, content: string): void {
  const path = join(personHome, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

let used = 0;
function prepare(request: Partial<HomeRequest>): PreparedHome {
  return prepareHome({
    stateDirectory: state,
    homeKey: `key-${String(used++)}`,
    mode: "kept",
    agent: "tool",
    personHome,
    seed: [],
    ...request,
  });
}

describe("kept", () => {
  test("starts with the seed, is the person's alone, and gets nothing later", () => {
    write(".gitconfig", "[user]\n\tname = P\n");
    write(".config/git/ignore", "*.o\n");
    const seed = [".gitconfig", ".config/git/ignore", ".missing"];
    const home = prepare({ homeKey: "kept", seed });
    assert.equal(statSync(home.directory).mode & 0o777, 0o700);
    assert.equal(readFileSync(join(home.directory, ".gitconfig"), "utf8"), "[user]\n\tname = P\n");
    assert.deepEqual(readdirSync(join(home.directory, ".config/git")), ["ignore"]);
    assert.deepEqual(home.warnings, []);
    rmSync(join(home.directory, ".gitconfig"));
    symlinkSync(join(folder, "target"), join(home.directory, ".gitconfig"));
    home.release();
    const again = prepare({ homeKey: "kept", seed });
    assert.equal(again.directory, home.directory);
    assert.ok(!existsSync(join(folder, "target")), "a link of an agent was written through");
  });

  test("is another for another profile and another agent", () => {
    const homes = [prepare({ homeKey: "a" }), prepare({ homeKey: "b" }), prepare({ homeKey: "a", agent: "other" })];
    assert.equal(new Set(homes.map(({ directory }) => directory)).size, 3);
  });

  for (const bad of ["", ".", "..", "a/b", ".hidden", "a\0b"]) {
    test(`can't be named ${JSON.stringify(bad)}`, () => {
      assert.throws(() => prepare({ homeKey: bad }), { code: "SANDBOX_HOME_REFUSED" });
      assert.throws(() => prepare({ agent: bad }), { code: "SANDBOX_HOME_REFUSED" });
    });
  }
});

describe("seed", () => {
  for (const [name, content] of [
    [".netrc", "machine x"],
    [".ssh/config", "Host x"],
    [".npmrc", "registry=https://r.test"],
    [".aws/config", ""],
    ["keys/id_ed25519", ""],
    [".gitconfig-url", '[url "https://user:hunter2@git.test"]\n'],
    [".gitconfig-header", "[http]\n\textraheader = AUTHORIZATION: basic eA==\n"],
    [".tool", "api_key = abcdef123\n"],
    [".tool.key.txt", "-----BEGIN OPENSSH PRIVATE KEY-----\n"],
  ] as const) {
    test(`${name} is not taken, and that is said`, () => {
      write(name, content);
      const home = prepare({ seed: [name] });
      assert.deepEqual(readdirSync(home.directory), []);
      assert.match(
        home.warnings[0] ?? "",
        /was not taken into the private home: it (is known to hold|holds what looks like a) secret/,
      );
    });
  }

  test("a link to a secret, and what is no file, are not taken either", () => {
    write(".netrc", "machine x");
    symlinkSync(join(personHome, ".netrc"), join(personHome, ".harmless"));
    const home = prepare({ seed: [".harmless", ".config"] });
    assert.deepEqual(readdirSync(home.directory), []);
    assert.equal(home.warnings.length, 2);
  });
});

describe("ephemeral", () => {
  test("is new each time, and gone afterwards whatever is in it", () => {
    const [one, two] = [prepare({ mode: "ephemeral" }), prepare({ mode: "ephemeral" })];
    assert.notEqual(one.directory, two.directory);
    mkdirSync(join(one.directory, "a/b"), { recursive: true });
    writeFileSync(join(one.directory, "a/b/c"), "");
    symlinkSync(personHome, join(one.directory, "a/link"));
    chmodSync(join(one.directory, "a/b"), 0o000);
    chmodSync(join(one.directory, "a"), 0o000);
    one.release();
    assert.ok(!existsSync(one.directory));
    assert.ok(existsSync(personHome));
    assert.ok(existsSync(two.directory));
    two.release();
  });

  test("what a killed run left is removed by the next", () => {
    const left = join(state, "homes/.ephemeral/4194304-1-abc");
    mkdirSync(left, { recursive: true });
    prepare({ mode: "ephemeral" }).release();
    assert.ok(!existsSync(left));
  });
});
