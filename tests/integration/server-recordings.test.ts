/** The recording of a real run's terminal at its server, through the shipped command: live, after outages of either side, as far as the profile says, and erased. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "../../packages/control-plane/contract/index.ts";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import { enrol, setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { bailiwick, commandPath, makePlace, personEnvironment, type Place } from "../support/governed.ts";
import { inTerminal } from "../support/terminal.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let serverPlace: Place;
let server: RunningServer;
let owner: SignedIn;
let token = "";
let client: Client;
let database: string | undefined;
before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  serverPlace = makePlace();
  database = await postgres?.makeDatabase();
  await start(0);
  owner = await setUp(server);
  const body = { name: "test", actions: ["viewRun", "replayRun"], expiresInS: 3_600 };
  const { secret } = (await owner.call("issueToken", { params: { person: "olivia" }, body })) as { secret: string };
  token = secret;
  client = new Client({ url: server.url, by: { token } });
});
after(async () => {
  await server.stop();
  await postgres?.stop();
  serverPlace.remove();
  owner.place.remove();
});

async function start(port: number): Promise<void> {
  server = await startServer(serverPlace, { port, ...(database !== undefined && { database }) });
  client = new Client({ url: server.url, by: { token } });
}

async function enrolled(context: TestContext): Promise<Place> {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  await enrol(owner, server, place);
  return place;
}

const SENT = "[recording]\nsend = true\n";

/** Runs a script at a terminal, to its end. */
async function atTerminal(place: Place, script: string, { profile = SENT, name = "seen" } = {}) {
  place.write("profile.toml", profile);
  const options = ["--quiet", "--name", name, "--profile", `${place.root}/profile.toml`];
  const result = await inTerminal({
    argv: [process.execPath, commandPath, "run", ...options, "--", "bash", "--norc", "-c", script],
    cwd: place.workspace,
    env: personEnvironment(place, { TERM: "xterm-256color" }),
    steps: [],
    timeout: 60_000,
  });
  assert.equal(result.failed, null, result.output);
  return result;
}

async function until<T>(look: () => Promise<T>, wanted: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const seen = await look();
    if (wanted(seen)) return seen;
    assert.ok(tries < 400, JSON.stringify(seen));
    await pause(50);
  }
}

async function runOf(name: string): Promise<string> {
  const look = async () => (await client.call("listRuns", { query: {} })).items.find((each) => each.name === name)?.run;
  return (await until(look, (run) => run !== undefined)) ?? "";
}

const shown = async (run: string) => await client.call("showRecording", { params: { run } });
const bytesAt = async (run: string) => Buffer.from(await client.call("readRecording", { params: { run }, query: {} }));

const castOf = (place: Place, run: string): Buffer =>
  readFileSync(join(place.state, "log/private", run, "terminal.cast"));

async function sync(place: Place): Promise<void> {
  const { status, stderr } = await bailiwick(place, ["sync", "--json"]);
  assert.equal(status, 0, stderr);
}

describe("recordings of terminals", { timeout: 200_000 }, () => {
  test("are at the server while the run goes on, and afterwards byte for byte what the host has and its record says", async (context) => {
    const place = await enrolled(context);
    const secret = `ghp_${"a1B2c3D4e5F6g7H8i9J0".repeat(2).slice(0, 36)}`;
    const script = `echo first; echo token ${secret}; touch begun; while ! [ -e go ]; do sleep 0.1; done; echo last; exit 3`;
    const running = atTerminal(place, script, { name: "live" });
    while (!existsSync(join(place.workspace, "begun"))) await pause(20);
    const run = await runOf("live");
    // Before anything ends.
    await until(
      async () => String(await bytesAt(run)),
      (text) => text.includes("first"),
    );
    assert.equal((await shown(run)).state, "growing");
    writeFileSync(join(place.workspace, "go"), "");
    assert.equal((await running).status, 3);
    await sync(place);
    const cast = castOf(place, run);
    const { state, bytes, checked, differs } = await until(
      () => shown(run),
      (each) => each.checked === cast.length,
    );
    assert.deepEqual([state, bytes, checked, differs], ["whole", cast.length, cast.length, false]);
    const held = await bytesAt(run);
    assert.ok(held.equals(cast));
    assert.match(String(held), /last/);
    assert.doesNotMatch(String(held), new RegExp(secret));
    const { stdout } = await bailiwick(place, ["runs", "show", "live", "--json"]);
    const closed = stdout.split("\n").find((line) => line.includes('"recording.closed"')) ?? "";
    assert.match(closed, new RegExp(createHash("sha256").update(held).digest("hex")));
  });

  test("that no profile lets go stay on their host; the server knows that there is one", async (context) => {
    const place = await enrolled(context);
    await atTerminal(place, "echo private", { profile: "", name: "stays" });
    await sync(place);
    const run = await runOf("stays");
    assert.equal((await shown(run)).state, "host");
    assert.equal((await bytesAt(run)).length, 0);
    assert.match(String(castOf(place, run)), /private/);
  });

  test("arrive whole and once though server and host are ended in between", async (context) => {
    const place = await enrolled(context);
    const port = Number(new URL(server.url).port);
    const script = "for i in $(seq 1 60); do echo line $i; sleep 0.05; [ $i = 10 ] && touch begun; done; true";
    const running = atTerminal(place, script, { name: "outages" });
    while (!existsSync(join(place.workspace, "begun"))) await pause(20);
    await server.kill();
    await pause(700);
    await start(port);
    await pause(700);
    await server.kill();
    const { status, output } = await running;
    assert.equal(status, 0, output);
    // The run has ended while its server was away: what is missing is sent by whoever comes next.
    await start(port);
    await sync(place);
    const run = await runOf("outages");
    const cast = castOf(place, run);
    assert.match(String(cast), /line 60/);
    await until(
      () => shown(run),
      ({ state, checked }) => state === "whole" && checked === cast.length,
    );
    assert.ok((await bytesAt(run)).equals(cast));
  });

  test("that were changed on the host are shown to differ from its record", async (context) => {
    const place = await enrolled(context);
    await atTerminal(place, "echo true; sleep 0.5", { name: "changed" });
    await sync(place);
    const run = await runOf("changed");
    await until(
      () => shown(run),
      ({ state }) => state === "whole",
    );

    // A host that was enrolled nowhere while it recorded, and changed the file before it was.
    const other = makePlace();
    context.after(() => {
      other.remove();
    });
    await atTerminal(other, "echo true", { name: "forged" });
    const [id = ""] = (await bailiwick(other, ["runs", "list", "--json"])).stdout.match(/[0-9a-z]{26}/) ?? [];
    const path = join(other.state, "log/private", id, "terminal.cast");
    writeFileSync(path, readFileSync(path, "utf8").replace("true", "fals"));
    await enrol(owner, server, other);
    await sync(other);
    const { state, differs, checked } = await until(
      () => shown(id),
      (each) => each.differs,
    );
    assert.deepEqual([state, differs, checked], ["whole", true, 0]);
    assert.equal((await shown(run)).differs, false);
  });

  test("are erased at the server with their run", async (context) => {
    const place = await enrolled(context);
    await atTerminal(place, "echo personal", { name: "erased" });
    await sync(place);
    const run = await runOf("erased");
    await until(
      () => shown(run),
      ({ state }) => state === "whole",
    );
    const { status, stderr } = await bailiwick(place, ["audit", "erase", run, "--reason", "asked for"]);
    assert.equal(status, 0, stderr);
    await sync(place);
    assert.equal((await shown(run)).state, "erased");
    assert.equal((await bytesAt(run)).length, 0);
  });
});
