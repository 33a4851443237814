/**
 * A roll-out in steps: which hosts a share takes in, that it only ever grows, what puts all of it back, and hosts that refuse what
 * they are sent, as the drift shows them. All by the shipped command.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, before, describe, test, type TestContext } from "node:test";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import {
  approved,
  forbidProgram,
  heldFile,
  policy,
  POLICY_ACTIONS,
  release,
  type PolicyAuthors,
} from "../support/company-policies.ts";
import { addPerson, enrol, setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { bailiwick, makePlace, runGoverned, type Place } from "../support/governed.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let serverPlace: Place;
let server: RunningServer;
let owner: SignedIn;
let authors: PolicyAuthors;

type Host = Place & { readonly id: string };

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  serverPlace = makePlace();
  const database = await postgres?.makeDatabase();
  server = await startServer(serverPlace, database === undefined ? {} : { database });
  owner = await setUp(server);
  const person = async (id: string, ...roles: readonly string[]) =>
    await addPerson(owner, server, id, { roles, actions: POLICY_ACTIONS });
  authors = {
    author: await person("ada", "policy-author"),
    approver: await person("bo", "policy-approver", "auditor"),
  };
  for (const id of ["robin", "sam", "kim"]) await owner.call("addPerson", { body: { id, name: id } });
});
after(async () => {
  await server.stop();
  await postgres?.stop();
  for (const place of [serverPlace, owner.place, authors.author.place, authors.approver.place]) place.remove();
});

async function hostOf(context: TestContext, who: string): Promise<Host> {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  return { ...place, id: await enrol(owner, server, place, who) };
}

/** Where a host stands in the roll-outs to a person's hosts, as docs/policy-distribution.md has it: a share below the percentage is taken in. */
function shareOf(host: Host, person: string): number {
  return createHash("sha256").update(`user ${person}\n${host.id}`).digest().readUInt32BE(0) % 100;
}

/** Hosts of a person that stand at different places, the first first. */
async function hostsInOrder(context: TestContext, person: string, count: number): Promise<Host[]> {
  const byShare = new Map<number, Host>();
  while (byShare.size < count) {
    const host = await hostOf(context, person);
    byShare.set(shareOf(host, person), host);
  }
  return [...byShare].sort(([a], [b]) => a - b).map(([, host]) => host);
}

/** Number of the person's layer by which runs of the host are governed; 0 where it has none. */
async function numberAt(place: Place): Promise<number> {
  const synced = await bailiwick(place, ["sync"]);
  assert.equal(synced.status, 0, synced.stderr);
  const { layers } = (await policy(place, "status")).json() as { layers: { layer: string; sequence: number }[] };
  return layers.find(({ layer }) => layer === "user")?.sequence ?? 0;
}

async function numbersAt(hosts: readonly Host[]): Promise<number[]> {
  const numbers: number[] = [];
  for (const host of hosts) numbers.push(await numberAt(host));
  return numbers;
}

async function stage(...args: readonly string[]): Promise<{ readonly sequence: number; readonly version?: string }> {
  const { status, stderr, json } = await policy(authors.approver, ...args);
  assert.equal(status, 0, stderr);
  return json() as { sequence: number; version?: string };
}

interface Drift {
  readonly id: string;
  readonly state: string;
  readonly refused?: string;
}

async function driftOf(host: Host): Promise<{ readonly status: number | null; readonly drift: Drift | undefined }> {
  const { status, stdout } = await policy(authors.approver, "drift");
  const all = stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Drift]));
  return { status, drift: all.find(({ id }) => id === host.id) };
}

describe("a roll-out in steps", { concurrency: false }, () => {
  test("a share takes in the same hosts whenever it is asked, grows by promotion and never shrinks, and a rollback reaches all", async (context) => {
    const person = ["--person", "robin"];
    const hosts = await hostsInOrder(context, "robin", 4);
    const [first, second] = hosts;
    assert.ok(first && second);
    const before = await release(authors, { "user.cedar": forbidProgram("nl") }, person);
    const [old = 0, ...others] = await numbersAt(hosts);
    assert.ok(old > 0 && others.every((number) => number === old));

    const id = await approved(authors, { "user.cedar": forbidProgram("od") }, person);
    // Not one host below its own place: the share says who is in, and not how many there are.
    const percent = shareOf(first, "robin");
    const { sequence } = await stage("rollout", id, "--percent", String(percent));
    assert.deepEqual(await numbersAt(hosts), [old, old, old, old]);
    await stage("promote", String(percent + 1), ...person);
    assert.deepEqual(await numbersAt(hosts), [sequence, old, old, old]);
    assert.deepEqual(await numbersAt(hosts), [sequence, old, old, old]);
    const outcome = async (place: Place, program: string) =>
      (await runGoverned(place, { argv: ["sh", "-c", `${program} /dev/null`] })).status;
    assert.deepEqual([await outcome(first, "od"), await outcome(second, "od")], [126, 0]);

    await stage("promote", String(shareOf(second, "robin") + 1), ...person);
    assert.deepEqual(await numbersAt(hosts), [sequence, sequence, old, old]);
    const fewer = await policy(authors.approver, "promote", String(percent + 1), ...person);
    assert.match(fewer.stderr, /already.*roll it back/s);
    assert.deepEqual((await driftOf(first)).drift?.state, "current");

    const back = await stage("rollback", ...person, "--reason", "builds fail");
    assert.equal(back.version, before);
    assert.ok(back.sequence > sequence);
    assert.deepEqual(
      await numbersAt(hosts),
      hosts.map(() => back.sequence),
    );
    assert.deepEqual([await outcome(first, "od"), await outcome(first, "nl")], [0, 126]);
    // Two who answer for it at once: the second does not bring back what the first took away.
    const again = await policy(authors.approver, "rollback", ...person, "--reason", "builds fail");
    assert.match(again.stderr, /rolled back already by bo.*--to/s);

    // The next has the same hosts first, and all of them when it is promoted to the end.
    const { sequence: next } = await stage("rollout", id, "--percent", String(percent + 1));
    assert.deepEqual(await numbersAt(hosts), [next, back.sequence, back.sequence, back.sequence]);
    await stage("promote", "100", ...person);
    assert.deepEqual(
      await numbersAt(hosts),
      hosts.map(() => next),
    );
  });

  test("the first release of a layer is taken back to a layer that says nothing", async (context) => {
    const host = await hostOf(context, "kim");
    await release(authors, { "user.cedar": forbidProgram("od") }, ["--person", "kim"], "--host", host.id);
    assert.ok((await numberAt(host)) > 0);
    const back = await stage("rollback", "--person", "kim", "--reason", "too early");
    assert.equal(back.version, undefined);
    assert.equal(await numberAt(host), 0);
  });

  test("a host that refuses what it was sent stands in the drift with its reason, until it has taken what holds", async (context) => {
    const host = await hostOf(context, "sam");
    await release(authors, { "user.cedar": forbidProgram("nl") }, ["--person", "sam"]);
    await numberAt(host);
    const older = readFileSync(heldFile(host, "current.note"), "utf8");
    await release(authors, { "user.cedar": forbidProgram("od") }, ["--person", "sam"]);
    const held = await numberAt(host);
    const forged: readonly (readonly [note: string, reason: RegExp])[] = [
      [older, /is older \(\d+\) than what is held \(\d+\)/],
      [older.replace(/.{4}\n$/, "AAAA\n"), /not signed by the server's key/],
    ];
    for (const [note, reason] of forged) {
      writeFileSync(heldFile(host, "next.json"), JSON.stringify({ note, bundles: [] }));
      assert.match((await runGoverned(host, { argv: ["true"] })).stderr, reason);
      assert.equal((await driftOf(host)).drift?.state, "current");
      // With its next question it says what it made of the last answer.
      rmSync(heldFile(host, "heard"));
      assert.equal((await runGoverned(host, { argv: ["true"] })).status, 0);
      const { status, drift } = await driftOf(host);
      assert.deepEqual([status, drift?.state], [1, "refused"]);
      assert.match(drift?.refused ?? "", reason);
      assert.equal(await numberAt(host), held);
      assert.equal((await driftOf(host)).drift?.state, "current");
    }
    // As after the server's database was put back: what it says is older than what this host saw, until something is released again.
    writeFileSync(heldFile(host, "seen.json"), JSON.stringify({ "user sam": held + 1 }));
    const refusing = await bailiwick(host, ["sync"]);
    assert.deepEqual([refusing.status, /is older/.test(refusing.stderr)], [1, true], refusing.stderr);
    assert.equal((await bailiwick(host, ["sync"])).status, 1);
    assert.equal((await driftOf(host)).drift?.state, "refused");
    const shown = await bailiwick(authors.approver.place, ["policy", "drift"]);
    assert.match(shown.stdout, new RegExp(`refused +${host.id} +of sam .*\n(.*\n)* +refused: .* is older`));
    await release(authors, { "user.cedar": forbidProgram("tac") }, ["--person", "sam"]);
    assert.ok((await numberAt(host)) > held + 1);
    assert.equal((await driftOf(host)).drift?.state, "current");
  });
});
