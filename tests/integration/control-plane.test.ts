/** The control plane through the shipped command: real runs of enrolled hosts, seen live by those who may. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import { enrol, setUp, signIn, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import {
  bailiwick,
  commandPath,
  makePlace,
  ofType,
  personEnvironment,
  runGoverned,
  type Place,
} from "../support/governed.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let serverPlace: Place;
let server: RunningServer;
let owner: SignedIn;

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  serverPlace = makePlace();
  const database = await postgres?.makeDatabase();
  server = await startServer(serverPlace, database === undefined ? {} : { database });
  owner = await setUp(server);
});
after(async () => {
  await server.stop();
  await postgres?.stop();
  serverPlace.remove();
  owner.place.remove();
});

function placeFor(context: TestContext): Place {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  return place;
}

async function lines(place: Place, ...args: string[]): Promise<Record<string, unknown>[]> {
  const { status, stdout, stderr } = await bailiwick(place, args);
  assert.equal(status, 0, stderr);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The server's events of a run, as `runs tail --server` shows them. */
async function eventsOfServer(run: string): Promise<Record<string, unknown>[]> {
  return await lines(owner.place, "runs", "tail", "--server", run, "--json");
}

describe("records of hosts", () => {
  test("a run of an enrolled host is at the server, event for event, and the server has cosigned it", async (context) => {
    const place = placeFor(context);
    const host = await enrol(owner, server, place);
    assert.equal(statSync(join(place.state, "server/host.key")).mode & 0o777, 0o600);
    const { status, events } = await runGoverned(place, {
      argv: ["sh", "-c", "ls /; exit 3"],
      options: ["--name", "first"],
    });
    assert.equal(status, 3);
    await lines(place, "sync", "--json");
    const run = events[0]?.run ?? "";
    assert.deepEqual(await eventsOfServer(run), events);
    const listed = (await lines(owner.place, "runs", "list", "--server", "--json")).find((each) => each["run"] === run);
    assert.deepEqual(
      [listed?.["host"], listed?.["person"], listed?.["status"], listed?.["name"]],
      [host, "olivia", 3, "first"],
    );
    const log = readFileSync(join(place.state, "log/log/checkpoint"), "utf8").split("\n")[1];
    const cosigned = await bailiwick(place, ["audit", "verify", "--json"]);
    assert.equal(cosigned.status, 0, cosigned.stdout);
    assert.equal(
      ((await owner.call("listHosts")) as { items: { id: string; size: number }[] }).items.find(({ id }) => id === host)
        ?.size,
      Number(log),
    );
  });

  test("runs before the enrolment are sent too, and a second sync sends nothing", async (context) => {
    const place = placeFor(context);
    const { events } = await runGoverned(place, { argv: ["true"] });
    await enrol(owner, server, place);
    const [first] = await lines(place, "sync", "--json");
    const [second] = await lines(place, "sync", "--json");
    assert.ok(Number(first?.["sent"]) >= events.length);
    assert.deepEqual([second?.["sent"], second?.["size"]], [0, first?.["size"]]);
    assert.deepEqual(await eventsOfServer(events[0]?.run ?? ""), events);
  });

  test("a one-time token enrols one host; what is revoked is refused, and the run goes on", async (context) => {
    const place = placeFor(context);
    const { secret } = (await owner.call("invite", { body: { person: "olivia" } })) as { secret: string };
    const first = await bailiwick(place, ["enroll", server.url, secret, "--json"]);
    const { host } = JSON.parse(first.stdout) as { host: string };
    const again = await bailiwick(placeFor(context), ["enroll", server.url, secret]);
    assert.equal(again.status, 125);
    assert.match(again.stderr, /was used, has expired, or never was/);
    await owner.call("revokeHost", { params: { host }, body: { reason: "sold" } });
    const { status, stderr } = await runGoverned(place, { argv: ["true"] });
    assert.equal(status, 0, stderr);
    const refused = await bailiwick(place, ["sync"]);
    assert.equal(refused.status, 125);
    assert.match(refused.stderr, /not that of an enrolled host/);
  });

  test("a host can't write for another, with its own key or its own record", async (context) => {
    const [one, two] = [placeFor(context), placeFor(context)];
    await runGoverned(one, { argv: ["true"] });
    await runGoverned(two, { argv: ["true"] });
    const hosts = [await enrol(owner, server, one), await enrol(owner, server, two)];
    // The name of the other, its own key.
    const path = join(one.state, "server/enrolment.json");
    const own = readFileSync(path, "utf8");
    writeFileSync(path, own.replace(hosts[0] ?? "", hosts[1] ?? ""));
    const impostor = await bailiwick(one, ["sync"]);
    assert.match(impostor.stderr, /not that of an enrolled host/);
    // Negative control.
    writeFileSync(path, own);
    assert.equal((await bailiwick(one, ["sync"])).status, 0);
    // A stolen key and name, with another record.
    for (const file of ["enrolment.json", "host.key"]) {
      writeFileSync(join(two.state, "server", file), readFileSync(join(one.state, "server", file)));
    }
    // Policies are for one host, too: those of the other are not taken for its.
    assert.equal((await runGoverned(two, { argv: ["true"] })).status, 125);
    rmSync(join(two.state, "server/policy"), { recursive: true });
    for (const argv of [["true"], ["true"]]) assert.equal((await runGoverned(two, { argv })).status, 0);
    const stolen = await bailiwick(two, ["sync"]);
    assert.equal(stolen.status, 125);
    assert.match(stolen.stderr, /does not cover the entries|not signed by the key/);
  });

  test("a record that was put back is refused, and the server keeps the proof", async (context) => {
    const place = placeFor(context);
    const host = await enrol(owner, server, place);
    await runGoverned(place, { argv: ["true"] });
    const copy = join(place.root, "copy");
    cpSync(join(place.state, "log"), copy, { recursive: true });
    await runGoverned(place, { argv: ["true"] });
    await bailiwick(place, ["sync"]);
    rmSync(join(place.state, "log"), { recursive: true });
    cpSync(copy, join(place.state, "log"), { recursive: true });
    const back = await bailiwick(place, ["sync"]);
    assert.equal(back.status, 125);
    assert.match(back.stderr, /an older state of it was put back/);
    // And when it has grown beyond what the server holds again.
    await runGoverned(place, { argv: ["sh", "-c", "true; true; ls; ls; ls; ls"] });
    const forked = await bailiwick(place, ["sync"]);
    assert.match(forked.stderr, /was rewritten, or an older state/);
    const { items } = (await owner.call("listHosts")) as { items: { id: string; alarm?: string }[] };
    assert.equal(items.find(({ id }) => id === host)?.alarm, "forked");
  });

  test("erased here is erased there", async (context) => {
    const place = placeFor(context);
    await enrol(owner, server, place);
    const { events } = await runGoverned(place, { argv: ["echo", "a-secret-name"] });
    const run = events[0]?.run ?? "";
    await bailiwick(place, ["sync"]);
    assert.match(JSON.stringify(await eventsOfServer(run)), /a-secret-name/);
    assert.equal((await bailiwick(place, ["audit", "erase", run, "--reason", "asked"])).status, 0);
    await bailiwick(place, ["sync"]);
    const left = JSON.stringify([
      await eventsOfServer(run),
      await lines(owner.place, "runs", "list", "--server", "--json"),
    ]);
    assert.doesNotMatch(left, /a-secret-name/);
  });
});

describe("while a run goes on", () => {
  test("its events are seen at the server before it ends, by those who may", async (context) => {
    const place = placeFor(context);
    await enrol(owner, server, place);
    const flag = join(place.workspace, "go");
    const running = runGoverned(place, { argv: ["sh", "-c", "echo begun; while ! [ -e go ]; do sleep 0.05; done"] });
    let run = "";
    for (let tries = 0; run === "" && tries < 200; tries++) {
      const listed = await lines(owner.place, "runs", "list", "--server", "--json");
      run = String(listed.find((each) => each["endedAt"] === undefined)?.["run"] ?? "");
    }
    assert.notEqual(run, "");
    const tail = spawn(process.execPath, [commandPath, "runs", "tail", "-f", "--server", run, "--json"], {
      env: personEnvironment(owner.place),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise((resolve) => tail.on("close", resolve));
    let text = "";
    tail.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("exec.allowed")) writeFileSync(flag, "");
    });
    const { events } = await running;
    await bailiwick(place, ["sync"]);
    assert.equal(await ended, 0);
    assert.deepEqual(
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
      events,
    );
    // Somebody without a right sees nothing of it.
    await owner.call("addPerson", { body: { id: "norbert", name: "Norbert" } });
    const { secret } = (await owner.call("issueToken", {
      params: { person: "norbert" },
      body: { name: "t", actions: ["viewRun", "readRun", "watchRun", "issueToken"], expiresInS: 600 },
    })) as { secret: string };
    const norbert = await signIn(server, secret);
    context.after(() => {
      norbert.place.remove();
    });
    assert.deepEqual(await lines(norbert.place, "runs", "list", "--server", "--json"), []);
    const refused = await bailiwick(norbert.place, ["runs", "tail", "--server", run]);
    assert.equal(refused.status, 125);
    assert.match(refused.stderr, /no role permits readRun|no role permits viewRun/);
    // Negative control, and the explanation of it.
    const scope = { type: "Run", id: run };
    await owner.call("grantRole", { body: { to: { type: "Person", id: "norbert" }, role: "auditor", scope } });
    assert.equal((await bailiwick(norbert.place, ["runs", "tail", "--server", run])).status, 0);
    const why = await bailiwick(owner.place, ["access", "explain", "norbert", "readRun", `Run:${run}`]);
    assert.deepEqual([why.status, why.stdout.split("\n")[0]], [0, `yes: role auditor for Run ${run}`]);
    const no = await bailiwick(owner.place, ["access", "explain", "norbert", "watchRun", `Run:${run}`]);
    assert.equal(no.status, 1);
  });

  test("the sandbox can't reach the server, also where the profile permits its port", async (context) => {
    const place = placeFor(context);
    await enrol(owner, server, place);
    const probe = `fetch("http://"+process.argv[1]+"/").then(()=>console.log("REACHED"),(e)=>console.log("no: "+(e.cause?.code??e.message)))`;
    const other = createServer((_, response) => response.end("ok"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    context.after(() => other.close());
    const elsewhere = String((other.address() as AddressInfo).port);
    const { port } = new URL(server.url);
    const reach = async (at: string) =>
      await runGoverned(place, {
        argv: ["node", "-e", probe, `local.test:${at}`],
        profile: `extends = "standard"\n[network]\nallow = ["local.test:${at}"]\n[network.hosts]\n"local.test" = "127.0.0.1"\n`,
      });
    const { stdout: refused, events } = await reach(port);
    assert.match(refused, /^no: /);
    assert.match(ofType(events, "host.refused")[0]?.decision.reason ?? "", /the server that this host is enrolled at/);
    // Negative controls: another port of this machine is reached, and so is this one on a host that is enrolled nowhere.
    assert.match((await reach(elsewhere)).stdout, /REACHED/);
    rmSync(join(place.state, "server"), { recursive: true });
    assert.match((await reach(port)).stdout, /REACHED/);
  });

  test("what a host and a person sign in with is not readable inside", async (context) => {
    const place = placeFor(context);
    await enrol(owner, server, place);
    for (const path of [
      join(place.state, "server/host.key"),
      join(owner.place.home, ".config/bailiwick/server.json"),
    ]) {
      assert.ok(readFileSync(path, "utf8").length > 0);
      assert.equal((await runGoverned(place, { argv: ["cat", path] })).stdout, "");
    }
  });
});
