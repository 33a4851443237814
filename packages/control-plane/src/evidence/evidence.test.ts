/** Archives of evidence that the server makes: what is in them, for whom, that they hold, and that no change to them does. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { eraseRuns, type NewEvent } from "@bailiwick/audit";
import type { RunId } from "@bailiwick/base";
import { checkEvidence } from "@bailiwick/evidence";
import { unzipSync, zipSync } from "fflate";
import pg from "pg";
import { downloadEvidence, type Client, type InputOf } from "../../contract/index.ts";
import { makeHost, type TestHost } from "../../test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../../test/postgres.ts";
import { serve, type Served } from "../../test/served.ts";

type Body = InputOf<"makeEvidence">["body"];

const found = findPostgres();
let postgres: Postgres | undefined;
let database: string | undefined;
let served: Served;
let robins: TestHost;
let norberts: TestHost;
let run: RunId;
let theirs: RunId;
before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  database = await postgres?.makeDatabase();
  served = await serve({ database });
  for (const person of ["robin", "norbert"]) await served.person(person);
  await served.owner.call("addTeam", { body: { id: "payments", name: "Payments" } });
  await served.owner.call("joinTeam", { params: { team: "payments", person: "robin" } });
  robins = await makeHost(served, "robin");
  norberts = await makeHost(served, "norbert");
  run = await robins.record({ execs: 700, labels: ["ticket=1"] });
  theirs = await norberts.record();
  for (const host of [robins, norberts]) await host.send();
});
after(async () => {
  for (const host of [robins, norberts]) host.remove();
  await served.stop();
  await postgres?.stop();
});

const COMPANY = { type: "Company", id: "company" } as const;
const REASON = "the audit of October";
const of = (type: Body["scope"]["type"], id: string): Body => ({ scope: { type, id }, reason: REASON });

async function make(body: Partial<Body> = {}, client: Client = served.owner): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of downloadEvidence(client, { scope: COMPANY, reason: REASON, ...body })) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function check(archive: Uint8Array, logKey = served.server.keys.log, witnesses: string[] = []) {
  const found = await checkEvidence(archive, { logKey, witnesses, quorum: witnesses.length });
  return { ...found, told: found.problems.map(({ path, detail }) => `${path} ${detail}`).join("\n") };
}

const namesIn = (archive: Uint8Array) => Object.keys(unzipSync(archive));
const textIn = (archive: Uint8Array, path: string) => Buffer.from(unzipSync(archive)[path] ?? []).toString();
interface Data {
  readonly runs: readonly {
    readonly run: string;
    readonly host: string;
    readonly started?: { readonly user: string };
  }[];
  readonly limits: readonly string[];
  readonly reason: string;
}
const dataIn = (archive: Uint8Array) => JSON.parse(textIn(archive, "evidence.json")) as Data;
const digestOf = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

describe("an archive of evidence from the server", () => {
  test("has the runs of several hosts with proofs, holds by the server's key, and is in its log with its digest", async () => {
    const archive = await make();
    const found = await check(archive, served.server.keys.log, [served.server.keys.witness]);
    assert.equal(found.told, "");
    assert.ok(found.ok && found.proofs >= 2, String(found.proofs));
    const lines = found.statement?.filter((line) => line.startsWith("host ")) ?? [];
    assert.equal(lines.length, 2);
    for (const [host, each] of [
      [robins, run],
      [norberts, theirs],
    ] as const) {
      assert.ok(lines.some((line) => line.startsWith(`host ${host.id} `)));
      assert.match(textIn(archive, `hosts/${host.id}/runs/${each}.ndjson`), /"run\.started"/);
    }
    const { runs, reason } = dataIn(archive);
    assert.deepEqual([reason, runs.map((each) => each.run).sort()], [REASON, [run, theirs].sort()]);
    assert.match(textIn(archive, "report.html"), /verified: what is here is what was signed/);
    assert.equal(textIn(archive, `hosts/${robins.id}/runs/${run}.ndjson`).trimEnd().split("\n").length, 701);
    const [made] = (await served.owner.call("listEvidence", { query: {} })).items;
    assert.deepEqual([made?.digest, made?.bytes, made?.by], [digestOf(archive), archive.length, "olivia"]);
    assert.deepEqual([made?.reason, made?.scope, made?.recordings], [REASON, COMPANY, []]);
    assert.deepEqual([...(made?.runs ?? [])].sort(), [run, theirs].sort());
    const { items } = await served.owner.call("report", { query: { action: "exportAudit", person: "olivia" } });
    assert.equal(items.length, 1);
  });

  test("is of one run, of a person, a host, a project, a label or a time, and of nothing else", async () => {
    const cases: [Partial<Body>, RunId[]][] = [
      [of("Run", theirs), [theirs]],
      [of("Person", "robin"), [run]],
      [of("Team", "payments"), [run]],
      [of("Host", norberts.id), [theirs]],
      [{ ...of("Project", "shop"), label: "ticket=1" }, [run]],
      [{ ...of("Agent", "claude-code"), from: Date.now() - 60_000 }, [run, theirs]],
    ];
    for (const [body, expected] of cases) {
      const { runs } = dataIn(await make(body));
      assert.deepEqual(runs.map((each) => each.run).sort(), [...expected].sort(), JSON.stringify(body));
    }
    for (const none of [{ ...of("Company", "company"), to: 1 }, of("Project", "bank"), of("Team", "payments")]) {
      const body = none.scope.type === "Team" ? { ...none, label: "ticket=2" } : none;
      await assert.rejects(make(body), { code: "SERVER_NOT_FOUND" });
    }
  });

  test("negative control: with any byte changed, a file more, another's proof or another key it does not hold", async () => {
    const archive = await make();
    const files = unzipSync(archive);
    const [proof = ""] = Object.keys(files).filter((path) => path.startsWith(`hosts/${robins.id}/proofs/`));
    const events = `hosts/${robins.id}/runs/${run}.ndjson`;
    const changes: [Record<string, Uint8Array>, RegExp][] = [
      [{ ...files, "report.html": flipped(files["report.html"]) }, /report\.html was changed/],
      [{ ...files, [events]: flipped(files[events]) }, /was changed/],
      [{ ...files, [proof]: flipped(files[proof]) }, /tlog-proof/],
      [{ ...files, "note.txt": Buffer.from("all is well") }, /note\.txt is not in the manifest/],
      [
        { ...files, "manifest.note": Buffer.from(textIn(archive, "manifest.note").replace(robins.id, norberts.id)) },
        /manifest\.note is not signed/,
      ],
    ];
    for (const [changed, expected] of changes) {
      const found = await check(zipSync(changed));
      assert.ok(!found.ok);
      assert.match(found.told, expected);
    }
    const moved = proof.replace(robins.id, norberts.id).replace(/\d+\.tlog/, "99.tlog");
    assert.match((await check(zipSync({ ...files, [moved]: files[proof] ?? Buffer.alloc(0) }))).told, /of another log/);
    assert.match((await check(archive, served.server.keys.witness)).told, /manifest\.note is not signed/);
    const stranger = await check(archive, served.server.keys.log, [
      served.server.keys.witness.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
    ]);
    assert.ok(!stranger.ok);
    await assert.rejects(check(archive.subarray(0, archive.length - 1)), { code: "EVIDENCE_NO_ARCHIVE" });
  });

  test(
    "of what was changed in the database it says so, and proves nothing of it",
    { skip: !("programs" in found) },
    async () => {
      const host = await makeHost(served, "norbert");
      const changed = await host.record({ execs: 5 });
      await host.send();
      const client = new pg.Client({ connectionString: database });
      await client.connect();
      try {
        await client.query(
          `update event set entry = overlay(entry placing '\\x20'::bytea from length(entry)) where run = $1 and index = 3`,
          [changed],
        );
        const archive = await make(of("Run", changed));
        const found = await check(archive);
        assert.deepEqual([found.told, found.proofs], ["", 0]);
        assert.match(textIn(archive, "report.html"), /NOT VERIFIED/);
        assert.ok(dataIn(archive).limits.some((limit) => limit.startsWith("The record did not verify")));
      } finally {
        await client.end();
        host.remove();
      }
    },
  );
});

/** In its middle. */
function flipped(bytes: Uint8Array = Buffer.alloc(1)): Uint8Array {
  const changed = Buffer.from(bytes);
  const at = changed.length >> 1;
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

describe("whose it is to make", () => {
  test("takes exportAudit for the scope; what of that one may not read is left out, and is said to be", async () => {
    const auditor = await served.person("anna", ["auditor", "Team", "payments"]);
    assert.deepEqual(
      dataIn(await make(of("Team", "payments"), auditor)).runs.map((each) => each.run),
      [run],
    );
    for (const body of [of("Company", "company"), of("Run", theirs), of("Run", "0".repeat(26))]) {
      await assert.rejects(make(body, auditor), { code: "SERVER_FORBIDDEN" });
    }
    await assert.rejects(make(of("Run", "0".repeat(26))), { code: "SERVER_NOT_FOUND" });
    await served.owner.call("defineRole", { params: { role: "taker" }, body: { actions: ["exportAudit"] } });
    const taker = await served.person("tom", ["taker", "Company", "company"]);
    await assert.rejects(make({}, taker), { code: "SERVER_NOT_FOUND" });
    const half = await served.person("hanna", ["taker", "Company", "company"], ["auditor", "Team", "payments"]);
    const { runs, limits } = dataIn(await make(of("Company", "company"), half));
    assert.deepEqual(
      runs.map((each) => each.run),
      [run],
    );
    assert.ok(
      limits.some((limit) => /^Not in it: \d+ runs? that hanna may not read\.$/.test(limit)),
      limits.join("\n"),
    );
    const responder = await served.person("rita", ["responder", "Company", "company"]);
    await assert.rejects(make({}, responder), { code: "SERVER_FORBIDDEN" });
    await assert.rejects(responder.call("makeEvidence", { body: { ...of("Company", "company"), reason: " " } }), {
      code: "SERVER_MALFORMED",
    });
    // Who made which is for those who may see what was done to that.
    const scopes = async (client: Client) =>
      (await client.call("listEvidence", { query: {} })).items.map(({ scope }) => scope.type);
    assert.deepEqual(new Set(await scopes(auditor)), new Set(["Team", "Person"]));
    assert.deepEqual(await scopes(responder), []);
    assert.ok((await scopes(served.owner)).includes("Company"));
  });

  test("a host that was revoked leaves what it sent; what was erased is not there", async () => {
    const host = await makeHost(served, "norbert");
    const [gone, kept] = [await host.record(), await host.record()];
    await host.send();
    await eraseRuns(host.log, { runs: [gone], by: "norbert", reason: "x", at: Date.now(), isRunning: () => false });
    await host.send();
    await served.owner.call("revokeHost", { params: { host: host.id }, body: { reason: "lost" } });
    const archive = await make(of("Host", host.id));
    assert.equal((await check(archive)).told, "");
    const events = textIn(archive, `hosts/${host.id}/runs/${gone}.ndjson`);
    assert.doesNotMatch(events, /fix it|\/home\/robin/);
    assert.match(events, /"run\.erased"/);
    assert.match(textIn(archive, `hosts/${host.id}/runs/${kept}.ndjson`), /fix it/);
    assert.equal(dataIn(archive).runs.find((each) => each.run === gone)?.started?.user, "");
    host.remove();
  });
});

const START = Date.now();
const recordingOf = (bytes: Uint8Array): NewEvent[] => [
  { type: "recording.opened", at: START, columns: 80, rows: 24, send: true },
  {
    ...{ type: "recording.closed", at: START, bytes: bytes.length, digest: digestOf(bytes) },
    ...{ frames: 1, dropped: 0, redactions: 0, reason: "ended" },
  },
];

async function record(host: TestHost, bytes: Buffer): Promise<RunId> {
  const started = await host.record();
  await host.write(recordingOf(bytes), started);
  await host.send();
  for (let from = 0; from < bytes.length; from += 256 << 10) {
    const body = { from, bytes: bytes.subarray(from, from + (256 << 10)).toString("base64") };
    await host.client.call("appendRecording", { params: { host: host.id, run: started }, body });
  }
  return started;
}

describe("recordings of terminals", () => {
  const cast = Buffer.from(`{"version":3,"term":{"cols":80,"rows":24}}\n${'[0.5,"o","hello\\r\\n"]\n'.repeat(50)}`);

  test("are in it where they are asked for and whoever asks may replay them, and are what the record says", async () => {
    const host = await makeHost(served, "norbert");
    const recorded = await record(host, cast);
    const path = `hosts/${host.id}/recordings/${recorded}.cast`;
    const body = { ...of("Run", recorded), recordings: true };
    const archive = await make(body);
    assert.equal(textIn(archive, path), cast.toString());
    assert.equal((await check(archive)).told, "");
    assert.deepEqual((await served.owner.call("listEvidence", { query: {} })).items[0]?.recordings, [recorded]);
    assert.ok(!namesIn(await make(of("Run", recorded))).includes(path));
    await served.owner.call("defineRole", {
      params: { role: "reader" },
      body: { actions: ["exportAudit", "readRun"] },
    });
    const reader = await served.person("rolf", ["reader", "Company", "company"]);
    const without = await make(body, reader);
    assert.ok(!namesIn(without).includes(path));
    assert.ok(dataIn(without).limits.includes("Not in it: the recording of 1 run that rolf may not replay."));
    // Negative control: by whoever could sign the manifest anew.
    const files = unzipSync(archive);
    const found = await check(zipSync({ ...files, [path]: flipped(files[path]) }));
    assert.match(found.told, /is not what the events of its run say was recorded/);
    host.remove();
  });

  test("while it is made only so many are; one of which a run was erased meanwhile has no end and no entry", async () => {
    const host = await makeHost(served, "norbert");
    // More than sockets hold, and nothing that a compression could make less of.
    const large = await record(host, Buffer.from(randomBytes(18 << 20).toString("base64")));
    const body = { ...of("Run", large), recordings: true };
    const before = (await served.owner.call("listEvidence", { query: {} })).items.length;
    const slow = [await begin(body), await begin(body)];
    await assert.rejects(make(body), { code: "SERVER_BUSY" });
    await eraseRuns(host.log, { runs: [large], by: "norbert", reason: "x", at: Date.now(), isRunning: () => false });
    await host.send();
    for (const pieces of slow) {
      await assert.rejects(
        async () => {
          while ((await pieces.next()).done !== true);
        },
        { code: "SERVER_UNREACHABLE", message: /broke the archive off/ },
      );
    }
    assert.equal((await served.owner.call("listEvidence", { query: {} })).items.length, before);
    // Both are over: there is room again, and what is made now has no recording.
    const archive = await make(body);
    assert.ok(!namesIn(archive).some((path) => path.endsWith(".cast")));
    assert.equal((await check(archive)).told, "");
    host.remove();
  });

  async function begin(body: Body): Promise<AsyncGenerator<Uint8Array>> {
    const pieces = downloadEvidence(served.owner, body);
    assert.ok((await pieces.next()).value !== undefined);
    return pieces;
  }
});
