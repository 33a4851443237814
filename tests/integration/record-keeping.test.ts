/** Keeping the record, through the shipped command: erasing, retention, rotation of the key, verification against copies, files. */
import assert from "node:assert/strict";
import { appendFileSync, cpSync, existsSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { bailiwick, makePlace, ofType, readEvents, runGoverned, type Place } from "../support/governed.ts";

const SECRET = "a-word-of-the-person";

async function placeWithRun(context: TestContext): Promise<{ place: Place; log: string; run: string }> {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  const { status, events } = await runGoverned(place, { argv: ["echo", SECRET] });
  assert.equal(status, 0);
  return { place, log: join(place.state, "log"), run: events[0]?.run ?? "" };
}

async function ok(place: Place, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await bailiwick(place, args);
  assert.equal(status, 0, `${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

function filesWith(place: Place, text: string): string[] {
  const files = globSync("**", { cwd: place.state, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((file) => join(file.parentPath, file.name)).filter((path) => readFileSync(path).includes(text));
}

describe("personal data of a run", () => {
  test("is erased for good: nothing in the state directory has it, and the record still verifies", async (context) => {
    const { place, run } = await placeWithRun(context);
    const other = await runGoverned(place, { argv: ["echo", "kept"] });
    assert.match(await ok(place, "search", SECRET), new RegExp(SECRET));
    assert.ok(filesWith(place, SECRET).length > 0);
    const text = await ok(place, "audit", "erase", run, "--reason", "the person asked for it");
    assert.match(text, new RegExp(`erased the personal data of 1 run\\n {2}${run}`));
    assert.deepEqual(filesWith(place, SECRET), []);
    assert.match(await ok(place, "audit", "verify"), /verified[^]*personal data erased: 1 run/);
    await ok(place, "audit", "verify", run);

    const events = await readEvents(place, run);
    const [started] = ofType(events, "run.started");
    const [erased] = ofType(events, "run.erased");
    assert.deepEqual([started?.user, started?.command.values, erased?.reason], ["", [], "the person asked for it"]);
    assert.ok(ofType(events, "exec.allowed").every(({ argv, program }) => argv.values.length === 0 && program.digest));
    assert.match(
      await ok(place, "runs", "show", run),
      /\(erased\)[^]*personal data erased by .*: the person asked for it/,
    );
    assert.match(await ok(place, "runs"), /\(erased\)/);
    assert.equal((await bailiwick(place, ["search", SECRET])).status, 1);
    assert.match(await ok(place, "search", "kept"), /kept/);
    assert.ok(other.events.length > 0);
  });

  test("is kept as long as it should be, and no longer", async (context) => {
    const { place, run } = await placeWithRun(context);
    assert.deepEqual(JSON.parse(await ok(place, "audit", "retain", "--days", "1", "--json")), {
      erased: [],
      before: [],
    });
    const dry = await ok(place, "audit", "retain", "--days", "0", "--dry-run", "--json");
    assert.deepEqual(JSON.parse(dry), { wouldErase: [run] });
    assert.ok(filesWith(place, SECRET).length > 0);
    assert.deepEqual(JSON.parse(await ok(place, "audit", "retain", "--days", "0", "--json")), {
      erased: [run],
      before: [],
    });
    assert.deepEqual(filesWith(place, SECRET), []);
    const again = await ok(place, "audit", "retain", "--days", "0", "--json");
    assert.deepEqual(JSON.parse(again), { erased: [], before: [] });
    const wrong = await bailiwick(place, ["audit", "retain", "--days", "many"]);
    assert.deepEqual([wrong.status, /is not a number of days/.test(wrong.stderr)], [125, true]);
  });

  test("of a run that goes on is not erased", async (context) => {
    const { place } = await placeWithRun(context);
    const going = runGoverned(place, {
      argv: ["sh", "-c", "echo going > started; while [ ! -e stop ]; do sleep 0.05; done"],
    });
    await until(() => existsSync(join(place.workspace, "started")));
    const { status, stderr } = await bailiwick(place, ["audit", "erase", "last", "--reason", "r"]);
    assert.deepEqual([status, /still goes on/.test(stderr)], [125, true], stderr);
    writeFileSync(join(place.workspace, "stop"), "");
    assert.equal((await going).status, 0);
    await ok(place, "audit", "erase", "last", "--reason", "r");
  });
});

test("the key is rotated; whoever has the first one is led to the newest", async (context) => {
  const { place, log } = await placeWithRun(context);
  const first = (await ok(place, "audit", "key")).trim();
  const { from, to } = JSON.parse(await ok(place, "audit", "rotate-key", "--json")) as { from: string; to: string };
  assert.deepEqual([from, (await ok(place, "audit", "key")).trim()], [first, to]);
  assert.equal((await runGoverned(place, { argv: ["true"] })).status, 0);
  assert.match(await ok(place, "audit", "verify", "--key", first), /verified[^]*key rotated 1 time\n/);
  rmSync(join(log, "log/rotations/0"));
  const { status, stdout } = await bailiwick(place, ["audit", "verify", "--key", first]);
  assert.equal(status, 1);
  assert.match(stdout, /no rotation to another key is recorded/);
});

test("a command signs; a run is frozen while it fails, and goes on when it signs again", async (context) => {
  const { place, log } = await placeWithRun(context);
  const key = place.write("token/key", "");
  const program = place.write(
    "token/sign",
    `#!/bin/sh
set -e
cat > ${key}.message
exec openssl pkeyutl -sign -rawin -inkey ${key}.pem -in ${key}.message
`,
    0o700,
  );
  const { spawnSync } = await import("node:child_process");
  assert.equal(spawnSync("openssl", ["genpkey", "-algorithm", "ed25519", "-out", `${key}.pem`]).status, 0);
  const { stdout: pem } = spawnSync("openssl", ["pkey", "-in", `${key}.pem`, "-pubout"], { encoding: "utf8" });
  const signer = place.write("signer.toml", `command = ["${program}"]\npublic-key = """\n${pem}"""\n`);
  const first = (await ok(place, "audit", "key")).trim();
  await ok(place, "audit", "rotate-key", "--signer", signer);
  assert.ok(!existsSync(join(log, "log.key")));
  assert.equal((await runGoverned(place, { argv: ["true"] })).status, 0);
  await ok(place, "audit", "verify", "--key", first);
  const works = readFileSync(program, "utf8");
  const going = runGoverned(place, {
    argv: ["sh", "-c", "echo going > started; while [ ! -e stop ]; do sleep 0.05; /bin/true; done"],
  });
  await until(() => existsSync(join(place.workspace, "started")));
  writeFileSync(program, `#!/bin/sh\n: > ${key}.failed; echo no token >&2; exit 1\n`);
  await until(() => existsSync(`${key}.failed`));
  const rotated = await bailiwick(place, ["audit", "rotate-key"]);
  assert.deepEqual([rotated.status, /ended with 1: no token/.test(rotated.stderr)], [125, true], rotated.stderr);
  writeFileSync(program, works);
  writeFileSync(join(place.workspace, "stop"), "");
  const { status, events, stderr } = await going;
  assert.equal(status, 0, stderr);
  assert.match(ofType(events, "run.frozen")[0]?.reason ?? stderr, /the command that signs the record.*no token/);
  await ok(place, "audit", "verify", "--key", first);
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe("verifying against what was kept elsewhere", () => {
  test("an older state that was put back is a rollback, another history a fork", async (context) => {
    const { place, log } = await placeWithRun(context);
    const older = join(place.root, "older");
    cpSync(log, older, { recursive: true });
    await runGoverned(place, { argv: ["true"] });
    const newer = join(place.root, "newer");
    cpSync(log, newer, { recursive: true });
    for (const against of [older, join(older, "log"), join(older, "log/checkpoint")]) {
      await ok(place, "audit", "verify", "--against", against);
    }
    rmSync(log, { recursive: true });
    cpSync(older, log, { recursive: true });
    await ok(place, "audit", "verify");
    for (const against of [newer, join(newer, "log"), join(newer, "log/checkpoint")]) {
      const { status, stdout } = await bailiwick(place, ["audit", "verify", "--against", against]);
      assert.deepEqual([status, /rollback at entry \d+:/.test(stdout)], [1, true], stdout);
    }
    await runGoverned(place, { argv: ["false"] });
    await runGoverned(place, { argv: ["true"] });
    const forked = await bailiwick(place, ["audit", "verify", "--against", newer]);
    assert.deepEqual([forked.status, / {2}fork: /.test(forked.stdout)], [1, true], forked.stdout);
    await ok(place, "audit", "verify");
  });

  test("from a checkpoint on, only what follows is read; what comes before is that of the checkpoint", async (context) => {
    const { place, log } = await placeWithRun(context);
    const checkpoint = place.write("checkpoint", readFileSync(join(log, "log/checkpoint"), "utf8"));
    await runGoverned(place, { argv: ["true"] });
    type Json = { entries: number; ok: boolean };
    const all = JSON.parse(await ok(place, "audit", "verify", "--json")) as Json;
    const rest = JSON.parse(await ok(place, "audit", "verify", "--from", checkpoint, "--json")) as Json;
    assert.ok(rest.entries > 0 && rest.entries < all.entries);
    const none = await bailiwick(place, ["audit", "verify", "--from", join(place.root, "nothing")]);
    assert.equal(none.status, 125);
    const both = await bailiwick(place, ["audit", "verify", "last", "--from", checkpoint]);
    assert.equal(both.status, 125);
  });
});

test("files of the record are checked, and put right where that can be", async (context) => {
  const { place, log } = await placeWithRun(context);
  await ok(place, "audit", "fsck");
  const [tile = ""] = globSync(join(log, "log/tile/0/*.p/*")).sort().slice(-1);
  appendFileSync(join(log, "log/checkpoint.tmp"), "x");
  const newest = globSync(join(log, "log/tile/0/000.p/*")).map((path) => Number(path.split("/").at(-1)));
  const path = join(log, "log/tile/0/000.p", String(Math.max(...newest)));
  writeFileSync(path, "garbage");
  assert.ok(tile !== "");
  const found = await bailiwick(place, ["audit", "fsck"]);
  assert.deepEqual([found.status, /damaged log\/tile\/0\/000\.p/.test(found.stdout)], [1, true], found.stdout);
  assert.match(await ok(place, "audit", "fsck", "--repair"), /repaired damaged log\/tile/);
  assert.match(await ok(place, "audit", "fsck"), /^0 damaged, 0 missing, 0 leftover\n$/);
  await ok(place, "audit", "verify");
});
