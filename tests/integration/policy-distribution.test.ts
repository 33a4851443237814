/** A company's policies from draft to run: two people, signed bundles, hosts that take no other, roll-out in steps and back. All by the shipped command. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, before, describe, test, type TestContext } from "node:test";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import {
  draft,
  forbidProgram as forbid,
  heldFile as held,
  policy,
  POLICY_ACTIONS,
  release,
  type Files,
} from "../support/company-policies.ts";
import { addPerson, enrol, setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { bailiwick, makePlace, ofType, runGoverned, type Place } from "../support/governed.ts";
import { readServerNotes } from "../support/server-log.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let serverPlace: Place;
let server: RunningServer;
let owner: SignedIn;
let author: SignedIn;
let approver: SignedIn;

async function person(id: string, ...roles: readonly string[]): Promise<SignedIn> {
  return await addPerson(owner, server, id, { roles, actions: POLICY_ACTIONS });
}

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  serverPlace = makePlace();
  const database = await postgres?.makeDatabase();
  server = await startServer(serverPlace, database === undefined ? {} : { database });
  owner = await setUp(server);
  author = await person("ada", "policy-author", "policy-approver");
  approver = await person("bo", "policy-approver", "auditor");
  await person("robin");
  await owner.call("addTeam", { body: { id: "payments", name: "Payments" } });
  await owner.call("joinTeam", { params: { team: "payments", person: "robin" } });
});
after(async () => {
  await server.stop();
  await postgres?.stop();
  for (const place of [serverPlace, owner.place, author.place, approver.place]) place.remove();
});

async function hostOf(context: TestContext, who: string): Promise<Place & { readonly id: string }> {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  return { ...place, id: await enrol(owner, server, place, who) };
}

async function sync(place: Place) {
  return await bailiwick(place, ["sync"]);
}

const ls = ["ls", "/"];

describe("policies of a company", { concurrency: false }, () => {
  test("nobody approves what they wrote; what another approved governs the runs of hosts, and their record says so", async (context) => {
    const host = await hostOf(context, "robin");
    assert.equal((await runGoverned(host, { argv: ["sh", "-c", "seq 1"] })).status, 0);
    const drafted = await draft(
      { author, approver },
      {
        "base.cedar": forbid("seq"),
        "base.test.toml": '[[test]]\nname = "seq"\nargv = ["seq", "1"]\nexpect = "deny"\npolicy = "corp.seq"\n',
        "profile.toml": '[network]\nallow = ["*.corp.test:443"]\n[limits]\nwall = "1h"\n',
      },
      "--company",
    );
    assert.equal(drafted.status, 0, drafted.stderr);
    const { id, tested } = drafted.json();
    assert.deepEqual(tested, { passed: 1, failed: [] });
    // It has the role; the duty forbids it all the same.
    const own = await policy(author, "approve", String(id));
    assert.match(own.stderr, /nobody approves what they wrote/);
    assert.match((await policy(approver, "rollout", String(id))).stderr, /the version is draft/);
    assert.match((await bailiwick(approver.place, ["policy", "review", String(id)])).stdout, /\+ @id\("corp.seq"\)/);
    assert.equal((await policy(approver, "approve", String(id), "--why", "ok")).status, 0);
    assert.equal((await policy(approver, "rollout", String(id))).status, 0);
    // By itself at the next start; here at once.
    assert.equal((await sync(host)).status, 0);
    const run = await runGoverned(host, { argv: ["sh", "-c", "seq 1"] });
    assert.equal(run.status, 126, run.stderr);
    const [started] = ofType(run.events, "run.started");
    assert.deepEqual(
      started?.policyLayers?.map(({ layer, scope }) => [layer, scope]),
      [["company", "company"]],
    );
    assert.deepEqual(ofType(run.events, "exec.refused")[0]?.decision.policies, ["corp.seq"]);
    const explained = await bailiwick(host, ["policy", "explain", "--", "seq", "1"]);
    assert.match(explained.stdout, /corp\.seq forbids.*company\/base\.cedar:1/);
    const notes = (await readServerNotes(owner)).filter(({ type }) => type === "policy.changed");
    assert.deepEqual(
      notes.map(({ what, by }) => [what, by]),
      [
        ["drafted", "ada"],
        ["approved", "bo"],
        ["rolled out", "bo"],
      ],
    );
  });

  test("a run asks by itself, and its person can't widen anything", async (context) => {
    const host = await hostOf(context, "robin");
    const id = await release({ author, approver }, { "team.cedar": forbid("factor") }, ["--team", "payments"]);
    // As after a while: what was heard is no longer fresh.
    rmSync(held(host, "heard"));
    const run = await runGoverned(host, { argv: ["sh", "-c", "factor 4"] });
    assert.equal(run.status, 126, run.stderr);
    const permit = '@id("own.all") permit (principal, action, resource);';
    const own = await runGoverned(host, { argv: ls, policy: permit });
    assert.deepEqual([own.status, /can only forbid and ask/.test(own.stderr)], [125, true], own.stderr);
    const wider = await runGoverned(host, {
      argv: ls,
      profile: '[network]\nallow = ["a.corp.test:443", "evil.test:443"]\n',
      options: ["--allow-host", "worse.test:443"],
    });
    assert.equal(wider.status, 0);
    assert.match(wider.stderr, /left out: `network.allow: evil.test:443`, `--allow-host worse.test:443`/);
    // Somebody of another team has it not.
    const other = await hostOf(context, "olivia");
    assert.equal((await runGoverned(other, { argv: ["sh", "-c", "factor 4"] })).status, 0);
    assert.equal((await policy(approver, "rollback", "--team", "payments", "--reason", "tried")).status, 0);
    assert.match((await policy(approver, "log")).stdout, new RegExp(`${id}.*\n?`));
  });

  test("a draft that can't be used, or that widens, is refused with the reason; one whose tests fail is not approved", async () => {
    const cases: readonly (readonly [Files, readonly string[], RegExp])[] = [
      [{ "a.cedar": "permit (" }, ["--company"], /a\.cedar/],
      [
        { "a.cedar": '@id("x") permit (principal, action, resource);' },
        ["--team", "payments"],
        /can only forbid and ask/,
      ],
      [{ "a.cedar": forbid("seq", "corp.seq") }, ["--team", "payments"], /already used/],
      [
        { "profile.toml": 'network.allow = ["evil.test:443"]' },
        ["--team", "payments"],
        /goes beyond the layers above it/,
      ],
      [{ "profile.toml": 'limits.wall = "2h"' }, ["--person", "robin"], /limits\.wall/],
      [{ "profile.toml": "network.fly = 1" }, ["--company"], /not a known key/],
      [{ "readme.md": "" }, ["--company"], /holds no policy/],
      [{ "a.cedar": forbid("seq") }, ["--team", "nobody"], /team|no role/],
    ];
    for (const [files, scope, message] of cases) {
      const { status, stderr } = await draft({ author, approver }, files, ...scope);
      assert.notEqual(status, 0);
      assert.match(stderr, message);
    }
    const failing = await draft(
      { author, approver },
      { "a.cedar": forbid("rev"), "a.test.toml": '[[test]]\nname = "n"\nargv = ["rev"]\nexpect = "allow"\n' },
      "--team",
      "payments",
    );
    assert.equal(failing.status, 1);
    const approved = await policy(approver, "approve", String(failing.json()["id"]));
    assert.match(approved.stderr, /1 of its tests fail/);
  });

  test("a host takes nothing that is unsigned, older, of another host, changed or of a later form, and keeps what it has", async (context) => {
    const host = await hostOf(context, "robin");
    const other = await hostOf(context, "robin");
    const old = { note: readFileSync(held(host, "current.note"), "utf8"), bundles: [] as string[] };
    await release({ author, approver }, { "user.cedar": forbid("tac") }, ["--person", "robin"]);
    assert.equal((await sync(host)).status, 0);
    const good = readFileSync(held(host, "current.note"), "utf8");
    const forged: readonly (readonly [string, object | string, RegExp])[] = [
      ["older", old, /is older/],
      ["of another host", { ...old, note: readFileSync(held(other, "current.note"), "utf8") }, /not signed/],
      ["a layer left out", { ...old, note: good.replace(/,\{"layer":"user".*?\}/, "") }, /not signed/],
      ["another signature", { ...old, note: good.replace(/.{4}\n$/, "AAAA\n") }, /not signed/],
      ["no note", { ...old, note: "" }, /not signed/],
      ["cut off", "{", /damaged/],
    ];
    for (const [name, next, message] of forged) {
      writeFileSync(held(host, "next.json"), typeof next === "string" ? next : JSON.stringify(next));
      const run = await runGoverned(host, { argv: ["sh", "-c", "tac /dev/null"] });
      assert.equal(run.status, 126, `${name}: ${run.stderr}`);
      assert.match(run.stderr, message, name);
      assert.equal(readFileSync(held(host, "current.note"), "utf8").split("\n")[0], good.split("\n")[0]);
    }
    // What was taken and changed since is noticed, too.
    writeFileSync(held(host, "current.note"), good.replace("tac", "cat").replace(/"sequence":\d/, '"sequence":9'));
    const run = await runGoverned(host, { argv: ls });
    assert.deepEqual([run.status, /not what the server signed/.test(run.stderr)], [125, true], run.stderr);
    rmSync(held(host, ""), { recursive: true });
    // And with nothing at all nothing runs, unless the server can be asked.
    assert.equal((await runGoverned(host, { argv: ["sh", "-c", "tac /dev/null"] })).status, 126);
    assert.equal((await policy(approver, "rollback", "--person", "robin", "--reason", "tried")).status, 0);
  });

  test("a roll-out goes to named hosts first, is seen in the drift, halted, and rolled back with a new number", async (context) => {
    const first = await hostOf(context, "robin");
    const second = await hostOf(context, "robin");
    const before = await release({ author, approver }, { "user.cedar": forbid("nl") }, ["--person", "robin"]);
    const id = await release(
      { author, approver },
      { "user.cedar": forbid("od") },
      ["--person", "robin"],
      "--host",
      first.id,
    );
    const sequences = async (place: Place): Promise<number[]> => {
      assert.equal((await sync(place)).status, 0);
      const { layers } = (await policy(place, "status")).json() as { layers: { layer: string; sequence: number }[] };
      return layers.filter(({ layer }) => layer === "user").map(({ sequence }) => sequence);
    };
    const outcome = async (place: Place, program: string) =>
      (await runGoverned(place, { argv: ["sh", "-c", `${program} /dev/null`] })).status;
    const [one = 0] = await sequences(first);
    const [two = 0] = await sequences(second);
    assert.ok(one > two);
    assert.deepEqual([await outcome(first, "od"), await outcome(second, "od")], [126, 0]);
    assert.deepEqual([await outcome(first, "nl"), await outcome(second, "nl")], [0, 126]);
    assert.match((await policy(approver, "rollout", before)).stderr, /another version is being rolled out/);
    assert.equal((await policy(approver, "halt", "--person", "robin", "--reason", "look")).status, 0);
    assert.deepEqual(await sequences(second), [two]);
    // All of its record is there then.
    assert.equal((await sync(first)).status, 0);
    const drift = (await policy(approver, "drift")).stdout.split("\n").filter((line) => line !== "");
    const states = drift.map(
      (line) => JSON.parse(line) as { id: string; state: string; lastRun?: { layers: unknown[] } },
    );
    assert.equal(states.find((each) => each.id === second.id)?.state, "current");
    assert.ok((states.find((each) => each.id === first.id)?.lastRun?.layers.length ?? 0) > 0);
    // The one who answers for it when it burns needs nobody else: it was approved before.
    const back = await policy(approver, "rollback", "--person", "robin", "--reason", "it broke builds");
    assert.deepEqual([back.json()["version"], back.json()["kind"]], [before, "rollback"]);
    const [restored = 0] = await sequences(first);
    assert.ok(restored > one);
    assert.deepEqual([await outcome(first, "od"), await outcome(first, "nl")], [0, 126]);
    assert.match(
      (await policy(approver, "rollback", "--person", "robin", "--reason", "x", "--to", id)).stderr,
      /never held for all/,
    );
    const found = await policy(approver, "what-if", id);
    const { decisions, changes } = found.json() as { decisions: number; changes: { policies: string[] }[] };
    assert.ok(decisions > 0 && changes.some(({ policies }) => policies.includes("corp.od")), found.stdout);
  });

  test("without its server a host works with what it has, until its policies say otherwise", async (context) => {
    const host = await hostOf(context, "olivia");
    const text = { "user.cedar": forbid("fmt") };
    await release({ author, approver }, text, ["--person", "olivia", "--required-within", "2h"], "--percent", "100");
    assert.equal((await sync(host)).status, 0);
    await server.stop();
    rmSync(held(host, "heard"));
    const run = await runGoverned(host, { argv: ["sh", "-c", "fmt /dev/null"] });
    assert.equal(run.status, 126, run.stderr);
    const later = (hours: number) => {
      const shifted = `const now=Date.now;Date.now=()=>now()+${String(hours * 3_600_000)}`;
      return { NODE_OPTIONS: `--import="data:text/javascript,${encodeURIComponent(shifted)}"` };
    };
    assert.equal((await runGoverned(host, { argv: ["true"], env: later(1.5) })).status, 0);
    const overdue = await runGoverned(host, { argv: ["true"], env: later(2.5) });
    assert.equal(overdue.status, 125);
    assert.match(overdue.stderr, /policies require that within 2 hours/);
  });
});
