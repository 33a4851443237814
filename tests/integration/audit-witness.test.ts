/** Witnesses through the shipped command: what is cosigned, what is refused without them, and what they find out. */
import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { bailiwick, makePlace, ofType, readEvents, runGoverned, type Place } from "../support/governed.ts";
import { logKey, startWitness, type RunningWitness } from "../support/witness.ts";

interface Setting {
  readonly place: Place;
  readonly witness: RunningWitness;
  /** One `bailiwick run -- true` under `[record]` with these lines. */
  run(record: string): ReturnType<typeof runGoverned>;
  /** The summary of a run with `--json`. */
  summaryOf(stderr: string): { readonly record: { readonly witnessed?: { readonly met: boolean } } };
}

/** A place with a record of one run, and a witness `w` that knows it. */
async function set(context: TestContext): Promise<Setting> {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  await runGoverned(place, { argv: ["true"] });
  const witness = await startWitness(place, "w", { logs: [await logKey(place)] });
  context.after(async () => {
    await witness.stop();
  });
  const added = await bailiwick(place, ["audit", "witness", "add", "w", witness.url, witness.key]);
  assert.equal(added.status, 0, added.stderr);
  return {
    place,
    witness,
    run: (record) => runGoverned(place, { argv: ["true"], profile: `[record]\n${record}\n`, options: ["--json"] }),
    summaryOf: (stderr) => JSON.parse(stderr.trim().split("\n").at(-1) ?? "") as ReturnType<Setting["summaryOf"]>,
  };
}

const STRICT = 'witnesses = ["w"]\nrequire = "start"';

async function verify(place: Place, ...options: string[]) {
  const { status, stdout } = await bailiwick(place, ["audit", "verify", "--json", ...options]);
  return {
    status,
    found: JSON.parse(stdout) as {
      problems: { kind: string }[];
      head: { size: number };
      witnessed: { head?: { size: number } }[];
    },
  };
}

test("a run's beginning and end are cosigned, recorded, told, and verified with the rest", async (context) => {
  const { place, run, summaryOf } = await set(context);
  const { status, stderr, events } = await run(STRICT);
  assert.equal(status, 0, stderr);
  assert.equal(summaryOf(stderr).record.witnessed?.met, true);
  assert.deepEqual(
    ofType(events, "record.witnessed").map(({ when, met, by }) => [when, met, by.map((each) => each.witness)]),
    [
      ["start", true, ["w"]],
      ["end", true, ["w"]],
    ],
  );
  const { status: verified, found } = await verify(place, "--ask-witnesses");
  assert.equal(verified, 0);
  assert.deepEqual(
    found.witnessed.map(({ head }) => head?.size),
    [found.head.size, found.head.size],
  );
  const text = (await bailiwick(place, ["audit", "verify"])).stdout;
  assert.match(
    text,
    new RegExp(`witness w: the first ${String(found.head.size)} of ${String(found.head.size)} entries`),
  );
  // Runs without witnesses follow: what is vouched for is said as what it is.
  await runGoverned(place, { argv: ["true"] });
  const { found: later } = await verify(place);
  assert.equal(later.witnessed[0]?.head?.size, found.head.size);
  assert.ok(later.head.size > found.head.size);
});

test("without the quorum that is required at the start nothing runs, and that is recorded", async (context) => {
  const { place, witness, run } = await set(context);
  await witness.stop();
  const { status, stderr } = await runGoverned(place, {
    argv: ["touch", "it-ran"],
    profile: `[record]\n${STRICT}\n`,
  });
  assert.equal(status, 125);
  assert.match(stderr, /could not be witnessed \(0 of the 1 that are needed\): `w` is unreachable/);
  assert.throws(() => readFileSync(join(place.workspace, "it-ran")), { code: "ENOENT" });
  const events = await readEvents(place);
  assert.deepEqual(
    events.map(({ type }) => type),
    ["run.started", "record.witnessed", "run.ended"],
  );
  assert.equal(ofType(events, "run.ended")[0]?.status, 125);
  assert.equal((await verify(place)).status, 0);
  // Negative control: with the witness it runs.
  const again = await startWitness(place, "w", {
    logs: [await logKey(place)],
    port: Number(new URL(witness.url).port),
  });
  context.after(async () => {
    await again.stop();
  });
  assert.equal((await run(STRICT)).status, 0);
});

test("without the quorum that is required at the end the run goes on, and its end says so", async (context) => {
  const { witness, run, summaryOf } = await set(context);
  await witness.stop();
  const { status, stderr, events } = await run('witnesses = ["w"]');
  assert.equal(status, 0);
  assert.equal(summaryOf(stderr).record.witnessed?.met, false);
  const [end] = ofType(events, "record.witnessed");
  assert.deepEqual([end?.when, end?.met, end?.missing], ["end", false, [{ witness: "w", reason: "unreachable" }]]);
});

test("what is missing is said to a person whose run required it, and to nobody else", async (context) => {
  const { place, witness } = await set(context);
  await witness.stop();
  const plain = (require: string) =>
    runGoverned(place, { argv: ["true"], profile: `[record]\nwitnesses = ["w"]\nrequire = "${require}"\n` });
  assert.match((await plain("end")).stderr, /NOT WITNESSED.*w is unreachable \(1 of 1 needed\)/);
  const { stderr, events, status } = await plain("never");
  assert.equal(stderr, "");
  assert.equal(status, 0);
  assert.equal(ofType(events, "record.witnessed")[0]?.met, false, "the record knows");
});

test("the whole state directory put back to an earlier day is found out by the witness", async (context) => {
  const { place, run } = await set(context);
  assert.equal((await run(STRICT)).status, 0);
  const backup = join(place.root, "backup");
  cpSync(place.state, backup, { recursive: true });
  await runGoverned(place, { argv: ["sh", "-c", "echo to be forgotten"], profile: `[record]\n${STRICT}\n` });
  rmSync(place.state, { recursive: true });
  cpSync(backup, place.state, { recursive: true });
  // By itself the older state is whole.
  assert.equal((await verify(place)).status, 0);
  const { status, found } = await verify(place, "--ask-witnesses");
  assert.equal(status, 1);
  assert.deepEqual(
    found.problems.map(({ kind }) => kind),
    ["rollback"],
  );
  const refused = await run(STRICT);
  assert.equal(refused.status, 125);
  assert.match(
    refused.stderr,
    /the witness `w` remembers more of the record than there is: an older state of it was put back/,
  );
  // Also where nothing is required of it, the finding is told.
  const told = await runGoverned(place, {
    argv: ["true"],
    profile: '[record]\nwitnesses = ["w"]\nrequire = "never"\n',
  });
  assert.match(told.stderr, /an older state of it was put back|it was rewritten/);
});

test("a history that whoever has the key wrote instead is found out by the witness", async (context) => {
  const { place, run } = await set(context);
  const backup = join(place.root, "backup");
  cpSync(place.state, backup, { recursive: true });
  assert.equal((await run(STRICT)).status, 0);
  const { head: cosigned } = (await verify(place)).found;
  rmSync(place.state, { recursive: true });
  cpSync(backup, place.state, { recursive: true });
  // With the key at hand, another story is as easily written and as well signed.
  for (let size = 0; size <= cosigned.size; size = (await verify(place)).found.head.size) {
    await runGoverned(place, { argv: ["true"] });
  }
  assert.equal((await verify(place)).status, 0);
  const { status, found } = await verify(place, "--ask-witnesses");
  assert.equal(status, 1);
  assert.deepEqual(
    found.problems.map(({ kind }) => kind),
    ["edit"],
  );
  const refused = await run(STRICT);
  assert.equal(refused.status, 125);
  assert.match(refused.stderr, /remembers another record than this one: it was rewritten/);
});

test("two of three are enough for two of three", async (context) => {
  const { place, run } = await set(context);
  const key = await logKey(place);
  for (const name of ["x", "y"]) {
    const other = await startWitness(place, name, { logs: name === "x" ? [key] : [await otherKey(context)] });
    context.after(async () => {
      await other.stop();
    });
    await bailiwick(place, ["audit", "witness", "add", name, other.url, other.key]);
  }
  const three = 'witnesses = ["w", "x", "y"]\nrequire = "start"';
  const { status, events } = await run(`${three}\nquorum = 2`);
  assert.equal(status, 0);
  const [start] = ofType(events, "record.witnessed");
  assert.deepEqual(start?.missing, [{ witness: "y", reason: "does not know the log" }]);
  assert.equal((await run(three)).status, 125, "all of three are not there");
});

test("what a profile says of witnesses must make sense", async (context) => {
  const { place, run, witness } = await set(context);
  for (const [record, message] of [
    ['witnesses = ["nobody"]', /names the witness `nobody`, which this host does not know/],
    ['witnesses = ["w"]\nquorum = 2', /requires 2 of 1 witnesses/],
    ['require = "start"', /requires 0 of 0 witnesses/],
    ['witnesses = ["w"]\nquorum = 0', /requires 0 of 1 witnesses/],
    ['witness = ["w"]', /`record\.witness` is not a known key\s+did you mean `witnesses`\?/],
    ['witnesses = ["W w"]', /is not the name of a witness/],
    ['witnesses = ["w"]\nrequire = "maybe"', /must be one of `start`, `end`, `never`/],
  ] as const) {
    const { status, stderr } = await run(record);
    assert.equal(status, 125, record);
    assert.match(stderr, message);
  }
  for (const [args, message] of [
    [["w2", witness.url, witness.key], /this key is that of the witness `w`/],
    [["w", witness.url, await logKey(place)], /not the verifier key of a witness/],
    [["w", "ftp://a", witness.key], /not the URL of a witness/],
    [["w", "http://user:secret@a", witness.key], /not the URL of a witness/],
    [["W w", witness.url, witness.key], /not a name for a witness/],
  ] as const) {
    const { status, stderr } = await bailiwick(place, ["audit", "witness", "add", ...args]);
    assert.equal(status, 125, args.join(" "));
    assert.match(stderr, message);
  }
  const listed = await bailiwick(place, ["audit", "witness", "list", "--json"]);
  assert.deepEqual(JSON.parse(listed.stdout), { name: "w", url: witness.url, key: witness.key });
  assert.equal((await bailiwick(place, ["audit", "witness", "remove", "w"])).status, 0);
  assert.equal((await bailiwick(place, ["audit", "witness", "remove", "w"])).status, 125);
  writeFileSync(join(place.home, ".config/bailiwick/witnesses.json"), "[{}]");
  assert.match((await run('witnesses = ["w"]')).stderr, /is not a list of witnesses/);
});

test("a workspace can ask for more of the witnesses, and never for less", async (context) => {
  const { place, witness, run } = await set(context);
  place.write("home/project/.bailiwick/profile.toml", '[record]\nrequire = "never"\nquorum = 0\n');
  await witness.stop();
  assert.equal((await run(STRICT)).status, 125);
  place.write("home/project/.bailiwick/profile.toml", '[record]\nrequire = "start"\n');
  assert.equal((await run('witnesses = ["w"]\nrequire = "never"')).status, 125);
});

async function otherKey(context: TestContext): Promise<string> {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  await runGoverned(place, { argv: ["true"] });
  return await logKey(place);
}
