/** Input that is broken or unusual: a clear error and nothing ran, or the right work; never a weaker sandbox. More of it: run-basics.test.ts. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { bailiwick, makePlace, ofType, personEnvironment, readEvents } from "../support/governed.ts";

const command = fileURLToPath(new URL("../../packages/cli/bin/bailiwick.js", import.meta.url));
const place = makePlace();
after(place.remove);

const isRoot = process.getuid?.() === 0;

/** A shell in the workspace with `$bailiwick`: Node can't pass bytes that are no UTF-8. */
function shell(text: string, env: Readonly<Record<string, string>> = {}) {
  const options = { cwd: place.workspace, env: personEnvironment(place, env) };
  const script = `bailiwick="${process.execPath} ${command}"; ${text}`;
  const { status, stdout, stderr } = spawnSync("sh", ["-c", script], options);
  return { status, stdout: stdout.toString("latin1"), stderr: stderr.toString("utf8") };
}

const ERROR = /^bailiwick: .+\n {2}.+\n$/;

describe("files that can't be used", () => {
  const cases: readonly (readonly [what: string, args: readonly string[], message: RegExp])[] = [
    ["a profile that is a directory", ["--profile", "./folder.toml"], /folder\.toml` is not a file/],
    ["a profile that is not UTF-8", ["--profile", "./bytes.toml"], /bytes\.toml` is not UTF-8/],
    ["a profile that is too large", ["--profile", "./large.toml"], /large\.toml` is larger than 1 MiB/],
    ["a profile that is not TOML", ["--profile", "./broken.toml"], /broken\.toml/],
    ["a profile that extends itself", ["--profile", "./circle.toml"], /circle/],
    ["a profile that names the whole file system", ["--profile", "./wide.toml"], /is the whole file system/],
    ["a directory without policies", ["--policy", "empty"], /there is no policy in `empty`/],
    ["a policy that is not UTF-8", ["--policy", "bytes.cedar"], /bytes\.cedar`: it is not UTF-8/],
    ["a policy that ends in the middle", ["--policy", "broken.cedar"], /broken\.cedar/],
    [
      "a policy that names a host in capitals",
      ["--policy", "capitals.cedar"],
      /`Host::"API\.test"` is no host.*write `Host::"api\.test"`/,
    ],
    ["a workspace of an impossible name", ["--workspace", "x".repeat(5000)], /is not there/],
    ["an empty workspace", ["--workspace", ""], /is not there/],
    ["a host name with a line break", ["--allow-host", "a\nb:443"], /not a host name|a\\nb/],
  ];
  const write = (name: string, content: string | Buffer) => {
    writeFileSync(join(place.workspace, name), content);
  };
  mkdirSync(join(place.workspace, "folder.toml"));
  mkdirSync(join(place.workspace, "empty"));
  write("bytes.toml", Buffer.of(0x61, 0xff));
  write("large.toml", Buffer.alloc(2 << 20, "#"));
  write("broken.toml", "[filesystem\n");
  write("circle.toml", 'extends = "./circle.toml"\n');
  write("wide.toml", '[filesystem]\nread = ["/"]\n');
  write("bytes.cedar", Buffer.of(0x61, 0xff));
  write("broken.cedar", "forbid(principal,\n");
  write("capitals.cedar", '@id("x") forbid(principal, action, resource == Host::"API.test");');
  for (const [what, args, message] of cases) {
    test(what, async () => {
      const { status, stdout, stderr } = await bailiwick(place, ["run", ...args, "--", "touch", "made"]);
      assert.equal(status, 125, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, message);
      assert.match(stderr, ERROR);
      assert.ok(!existsSync(join(place.workspace, "made")));
    });
  }

  for (const [what, name, args] of [
    ["a profile", "closed.toml", ["--profile", "./closed.toml"]],
    ["a policy", "closed.cedar", ["--policy", "closed.cedar"]],
  ] as const) {
    test(`${what} that the person may not read`, async (context) => {
      if (isRoot) {
        context.skip("root reads every file");
        return;
      }
      write(name, "");
      chmodSync(join(place.workspace, name), 0);
      const { status, stderr } = await bailiwick(place, ["run", ...args, "--", "true"]);
      assert.equal(status, 125);
      assert.match(stderr, /EACCES/);
      assert.match(stderr, ERROR);
    });
  }

  test("a workspace that the person may not write", async (context) => {
    if (isRoot) {
      context.skip("root writes everywhere");
      return;
    }
    const closed = join(place.root, "closed");
    mkdirSync(closed, { mode: 0o555 });
    const { status, stderr } = await bailiwick(place, ["run", "--workspace", closed, "--", "true"]);
    assert.equal(status, 125);
    assert.match(stderr, /cannot hold the protected name .*: EACCES/);
    assert.match(stderr, ERROR);
    assert.deepEqual(readdirSync(closed), []);
  });
});

describe("bytes that are no text", () => {
  test("in the environment arrive as they are", () => {
    const { stdout, status } = shell(
      `LANG="$(printf 'a\\377b')" $bailiwick run --env "X=$(printf 'c\\376d')" -- sh -c 'printf %s "$LANG$X"'`,
    );
    assert.deepEqual([status, stdout], [0, "a\xffbc\xfed"]);
  });

  test("in the name of a variable are refused", () => {
    const { status, stderr } = shell(`$bailiwick run --env "$(printf 'X\\377')" -- true`);
    assert.equal(status, 125);
    assert.match(stderr, /not an environment variable/);
  });

  test("in the names of files are worked with, run, and recorded", async () => {
    const inside = `n=$(printf 'p\\377'); printf '#!/bin/sh\\necho ran\\n' > $n; chmod +x $n; ./$n`;
    const { stdout, stderr, status } = shell(`$bailiwick run --quiet -- sh -c "$inside"`, { inside });
    assert.deepEqual([status, stdout], [0, "ran\n"], stderr);
    const events = await readEvents(place);
    assert.ok(ofType(events, "exec.allowed").some(({ program }) => program.path.endsWith("/p\udcff")));
    assert.ok(ofType(events, "files.changed").length === 1);
  });

  for (const [how, text] of [
    ["the person is in it", `mkdir -p "$name"; cd "$name"; $bailiwick run -- true`],
    ["it is named", `mkdir -p "$name"; $bailiwick run --workspace "$name" -- true`],
  ] as const) {
    test(`in the name of the workspace are said to be the reason: ${how}`, () => {
      const { status, stderr } = shell(`name="$(printf 'w\\377')"; ${text}`);
      assert.equal(status, 125);
      assert.match(stderr, /has a name that is not UTF-8/);
    });
  }
});

describe("surroundings that are missing", () => {
  test("a directory that is gone", () => {
    const { status, stderr } = shell("mkdir gone; cd gone; rmdir ../gone; $bailiwick run -- true");
    assert.equal(status, 125);
    assert.match(stderr, /the workspace `\.` is not there/);
  });

  for (const [what, closed, expected] of [
    ["standard input", "<&-", "out\n"],
    ["standard output", ">&-", ""],
    ["standard error", "2>&-", "out\n"],
  ] as const) {
    test(`${what} that is closed stays closed for nobody else: no file takes its place`, () => {
      const { status, stdout } = shell(`$bailiwick run --quiet -- sh -c 'echo out; echo err >&2; true' ${closed}`);
      assert.deepEqual([status, stdout], [0, expected]);
    });
  }

  test("HOME that is relative", () => {
    const { status, stderr } = shell("HOME=here $bailiwick run -- true");
    assert.equal(status, 125);
    assert.match(stderr, /`HOME` is not an absolute path: `here`/);
    assert.match(stderr, ERROR);
  });

  test("no PATH, or an empty one", () => {
    for (const setting of ["unset PATH", "PATH="]) {
      const { status, stdout } = shell(`${setting}; $bailiwick run --quiet -- sh -c 'echo $PATH'`);
      assert.deepEqual([status, stdout], [0, "/usr/local/bin:/usr/bin:/bin\n"]);
    }
  });

  test("a command that is a directory, has no x bit, or has no name", () => {
    writeFileSync(join(place.workspace, "plain"), "x");
    for (const name of [".", "/", "./plain"]) {
      const { status, stderr } = shell(`$bailiwick run --quiet -- ${name}`);
      assert.equal(status, 126, name);
      assert.match(stderr, /cannot run/);
    }
    assert.equal(shell("$bailiwick run -- ''").status, 125);
  });
});
