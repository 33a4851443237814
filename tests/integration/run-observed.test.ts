/** A run seen from another terminal, while it goes on and afterwards; and ended from there. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { bailiwick, makePlace, ofType, personEnvironment, readEvents, runGoverned } from "../support/governed.ts";
import { startCommand, type Ongoing } from "../support/ongoing.ts";

const place = makePlace();
after(() => {
  place.remove();
});

const start = (...args: string[]): Ongoing => startCommand(place, args);

/** Processes on the host whose command line holds this word. */
function processesWith(word: string): string[] {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name) || name === String(process.pid)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, "latin1").includes(word);
    } catch {
      return false; // it ended meanwhile
    }
  });
}

async function untilGone(word: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (processesWith(word).length > 0 && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(processesWith(word), []);
}

describe("runs", () => {
  test("before the first there are none, and that is no error", async () => {
    const { status, stdout, stderr } = await bailiwick(place, ["runs"]);
    assert.deepEqual([status, stdout], [0, ""]);
    assert.match(stderr, /no runs yet/);
    assert.equal((await bailiwick(place, ["runs", "show"])).status, 125);
  });

  test("list shows each with its end, show the tree of its commands", async () => {
    await runGoverned(place, {
      argv: ["sh", "-c", "/usr/bin/true; sh -c '/usr/bin/false; /usr/bin/true'; exit 3"],
      options: ["--name", "first"],
    });
    const { stdout: list } = await bailiwick(place, ["runs"]);
    assert.match(
      list,
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}[0-9a-z]{26} {2}exit 3 after .* {2}5 commands “first” {2}sh -c/m,
    );
    const { stdout: tree } = await bailiwick(place, ["runs", "show", "first"]);
    const shape = tree.split("\n").map((line) => line.replace(/ {2}\d+ ms/, "  N ms"));
    assert.deepEqual(shape.slice(2, 7), [
      "└─ ✓ sh -c '/usr/bin/true; sh -c '\\''/usr/bin/false; /usr/bin/true'\\''; exit 3'  N ms, exit 3",
      "   ├─ ✓ /usr/bin/true  N ms",
      "   └─ ✓ sh -c '/usr/bin/false; /usr/bin/true'  N ms",
      "      ├─ ✓ /usr/bin/false  N ms, exit 1",
      "      └─ ✓ /usr/bin/true  N ms",
    ]);
    // No colours where nobody can see them.
    assert.doesNotMatch(list + tree, /\u001b/);
  });

  test("--json is one object a line", async () => {
    const { stdout } = await bailiwick(place, ["runs", "--json"]);
    const runs = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { run: string; running: boolean; ended: { status: number } });
    assert.deepEqual(
      runs.map(({ running, ended }) => [running, ended.status]),
      [[false, 3]],
    );
    assert.equal((await bailiwick(place, ["runs", "show", runs[0]?.run.slice(0, 10) ?? "", "--json"])).status, 0);
  });

  test("tail -f shows a run as it happens, and ends with it", async () => {
    const run = start(
      "run",
      "--name",
      "live",
      "--",
      "sh",
      "-c",
      "/usr/bin/echo begun; until [ -e go ]; do sleep 0.05; done; /usr/bin/ls -d /; exit 4",
    );
    await run.until(/begun/);
    const tail = start("runs", "tail", "-f", "live");
    await tail.until(/✓ \/usr\/bin\/echo begun/);
    assert.match((await bailiwick(place, ["runs"])).stdout, /running/);
    writeFileSync(join(place.workspace, "go"), "");
    const seen = await tail.until(/ended: exited, status 4/);
    assert.match(seen, /^\d\d:\d\d:\d\d {4}✓ \/usr\/bin\/ls -d \/ {2}\d+ ms$/m);
    assert.equal(await tail.ended(), 0);
    assert.equal(await run.ended(), 4);
  });

  test("an unknown run is an error", async () => {
    const { status, stderr } = await bailiwick(place, ["runs", "show", "nope"]);
    assert.equal(status, 125);
    assert.match(stderr, /^bailiwick: there is no run `nope`\n {2}.*bailiwick runs/);
  });
});

test("the person works in the same repository: what is held for a run is no news to git", async () => {
  const repository = makePlace();
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: repository.workspace, encoding: "utf8", env: personEnvironment(repository) });
  try {
    git("init", "-q");
    const run = startCommand(repository, [
      "run",
      "--approvals",
      "deny",
      "--",
      "sh",
      "-c",
      "echo up; until [ -e go ]; do sleep 0.05; done",
    ]);
    await run.until(/up/);
    assert.ok(existsSync(join(repository.workspace, ".mcp.json")), "negative control: it is there");
    assert.equal(git("status", "--porcelain"), "");
    writeFileSync(join(repository.workspace, "go"), "");
    assert.equal(await run.ended(), 0);
    assert.equal(git("status", "--porcelain"), "?? go\n");
    assert.doesNotMatch(readFileSync(join(repository.workspace, ".git/info/exclude"), "utf8"), /bailiwick/);
  } finally {
    repository.remove();
  }
});

describe("the end of a run", () => {
  const NAP = "sleep 4242";
  const script = `setsid ${NAP} & ${NAP} & echo up; wait`;

  test("kill ends it and everything in it at once, and the record says so", async () => {
    const run = start("run", "--name", "killed", "--", "sh", "-c", script);
    await run.until(/up/);
    const { status, stderr } = await bailiwick(place, ["kill", "killed"]);
    assert.equal(status, 0);
    assert.match(stderr, /^ended [0-9a-z]{26}\n$/);
    assert.equal(await run.ended(), 137);
    await untilGone("sleep\u00004242");
    assert.equal(ofType(await readEvents(place, "killed"), "run.ended")[0]?.reason, "killed");
    assert.equal((await bailiwick(place, ["kill", "killed"])).status, 125);
  });

  test("SIGTERM ends it in peace", async () => {
    const run = start("run", "--name", "terminated", "--", "sh", "-c", `trap 'echo bye; exit 9' TERM; ${script}`);
    await run.until(/up/);
    run.child.kill("SIGTERM");
    await run.until(/bye/);
    assert.equal(await run.ended(), 9);
    assert.equal(ofType(await readEvents(place, "terminated"), "run.ended")[0]?.reason, "killed");
    await untilGone("sleep\u00004242");
  });

  test("SIGINT is the command's to handle", async () => {
    const run = start(
      "run",
      "--name",
      "interrupted",
      "--",
      "sh",
      "-c",
      "trap 'echo caught; exit 5' INT; echo up; while :; do sleep 0.1; done",
    );
    await run.until(/up/);
    run.child.kill("SIGINT");
    assert.equal(await run.ended(), 5);
    assert.equal(ofType(await readEvents(place, "interrupted"), "run.ended")[0]?.reason, "exited");
  });

  test("SIGKILL of Bailiwick leaves nothing behind, and the run is shown as cut off", async () => {
    const run = start("run", "--name", "cut", "--", "sh", "-c", script);
    await run.until(/up/);
    run.child.kill("SIGKILL");
    assert.equal(await run.ended(), "SIGKILL");
    await untilGone("sleep\u00004242");
    assert.match((await bailiwick(place, ["runs"])).stdout, /cut off.*“cut”/);
    assert.equal((await bailiwick(place, ["audit", "verify"])).status, 0);
  });

  test("what outlives the command ends with it", async () => {
    await runGoverned(place, { argv: ["sh", "-c", `setsid ${NAP} & exit 0`] });
    await untilGone("sleep\u00004242");
  });

  test("the wall time of the profile ends it", async () => {
    const { status, stderr, events } = await runGoverned(place, {
      argv: ["sh", "-c", script],
      profile: 'extends = "standard"\n[limits]\nwall = "1s"\n',
    });
    assert.equal(status, 137);
    assert.match(stderr, /ended: out of time/);
    assert.equal(ofType(events, "run.ended")[0]?.reason, "wall-time");
    await untilGone("sleep\u00004242");
  });
});

describe("audit verify", () => {
  test("says that the record is whole, and of a run that its part is", async () => {
    const whole = await bailiwick(place, ["audit", "verify"]);
    assert.deepEqual([whole.status, whole.stderr], [0, ""]);
    assert.match(
      whole.stdout,
      /^verified the record, \d+ runs, \d+ entries: whole, in order and signed\n {2}tree head: /,
    );
    assert.match((await bailiwick(place, ["audit", "verify", "last"])).stdout, /^verified the run [0-9a-z]{26}/);
  });

  test("a record that was written to is not verified, and it is said where", async () => {
    const other = makePlace();
    try {
      await runGoverned(other, { argv: ["true"] });
      const tiles = join(other.state, "log/log/tile/entries/000.p");
      const name = String(Math.max(...readdirSync(tiles).map(Number)));
      const entries = readFileSync(join(tiles, name), "latin1");
      const edited = entries.replace('"status":0', '"status":1');
      assert.notEqual(edited, entries);
      writeFileSync(join(tiles, name), edited, "latin1");
      const { status, stdout } = await bailiwick(other, ["audit", "verify"]);
      assert.equal(status, 1);
      assert.match(stdout, /^NOT VERIFIED the record/);
    } finally {
      other.remove();
    }
  });
});

describe("policies", () => {
  test("check: a valid set, and an error with its place", async () => {
    assert.match((await bailiwick(place, ["policy", "check"])).stdout, /all valid/);
    place.write(
      "home/project/bad.cedar",
      '@id("x")\npermit (principal, action == Action::"exec", resource) when { context.nope };\n',
    );
    const { status, stderr } = await bailiwick(place, ["policy", "check", "bad.cedar"]);
    assert.equal(status, 1);
    assert.match(stderr, /^error: bad\.cedar:2/m);
  });

  test("explain: what would be decided and why, without running it", async () => {
    const { status, stdout } = await bailiwick(place, [
      "policy",
      "explain",
      "--",
      "git",
      "push",
      "--force",
      "origin",
      "main",
    ]);
    assert.equal(status, 1);
    assert.match(stdout, /^would be (asked about|refused): git push --force origin main\n {2}because /);
    assert.match(stdout, /standard\/git\.cedar:\d+/);
    assert.equal((await bailiwick(place, ["policy", "explain", "--", "ls"])).status, 0);
  });

  test("test: the tests beside a policy", async () => {
    place.write(
      "home/project/p/say.cedar",
      '@id("say")\n@reason("no")\nforbid (principal, action == Action::"exec", resource in ProgramGroup::"say");\n',
    );
    const passing = '[[test]]\nname = "say is refused"\nargv = ["say", "x"]\nexpect = "deny"\npolicy = "say"\n';
    place.write("home/project/p/say.test.toml", passing);
    const passed = await bailiwick(place, ["policy", "test", "p"]);
    assert.deepEqual([passed.status, passed.stdout], [0, "✓ say is refused\n1 passed, 0 failed\n"]);
    place.write("home/project/p/say.test.toml", passing.replace('"deny"', '"allow"'));
    const failed = await bailiwick(place, ["policy", "test", "p/say.cedar"]);
    assert.equal(failed.status, 1);
    assert.match(failed.stdout, /✗ say is refused: expected allow by `say`, got deny/);
  });

  test("fmt: lays a policy out, once", async () => {
    const path = place.write("home/project/wide.cedar", '@id("w") forbid(principal,action,resource);');
    assert.equal((await bailiwick(place, ["policy", "fmt", "--check", "wide.cedar"])).status, 1);
    assert.equal((await bailiwick(place, ["policy", "fmt", "wide.cedar"])).stdout, "wide.cedar\n");
    assert.match(readFileSync(path, "utf8"), /forbid \(/);
    assert.deepEqual(await bailiwick(place, ["policy", "fmt", "--check", "wide.cedar"]), {
      status: 0,
      signal: null,
      stdout: "",
      stderr: "",
    });
  });
});
