/** Proofs that the server makes, checked by the code that `bailiwick audit check` checks by. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { checkProof, eraseRuns, proveEntry } from "@bailiwick/audit";
import { compareHead, primitives, type ToldHead } from "@bailiwick/audit/browser";
import type { RunId } from "@bailiwick/base";
import { makeHost, type TestHost } from "../../test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../../test/postgres.ts";
import { serve, type Served } from "../../test/served.ts";

let served: Served;
let host: TestHost;
let run: RunId;
let postgres: Postgres | undefined;
const programs = findPostgres();
const EXECS = 1_000;
before(async () => {
  if ("programs" in programs) postgres = await startPostgres(programs.programs);
  served = await serve({ database: await postgres?.makeDatabase() });
  host = await makeHost(served, "olivia");
  run = await host.record({ execs: EXECS });
  while ((await host.send()) !== undefined);
});
after(async () => {
  host.remove();
  await served.stop();
  await postgres?.stop();
});

const NOBODY = { witnesses: [], quorum: 0 };

describe("the server's own log", () => {
  const head = async (since?: number): Promise<ToldHead> => {
    const told = await served.owner.call("showLogHead", { query: { since } });
    return { ...told, consistency: told.consistency };
  };

  test("each of its entries is proven by the key that signs it, at every size of the log", async () => {
    for (const index of [0, 1, 7]) {
      const { proof, logKey } = await served.owner.call("proveNote", { params: { index }, query: {} });
      const report = await checkProof(Buffer.from(proof), { logKey, ...NOBODY });
      assert.deepEqual([report.problems, report.index], [[], index]);
      assert.equal((JSON.parse(report.entry ?? "") as { v: number }).v, 1);
    }
    const missing = served.owner.call("proveNote", { params: { index: 1e9 }, query: {} });
    await assert.rejects(missing, { code: "SERVER_NOT_FOUND" });
  });

  test("a head continues what was seen before; what was seen last is not asked about again", async () => {
    const seen = await head();
    assert.deepEqual((await compareHead(undefined, seen, primitives)).finding, "first");
    assert.deepEqual((await compareHead(seen, seen, primitives)).finding, "same");
    const { size } = await compareHead(undefined, seen, primitives);
    // Past a full tile.
    for (let asked = 0; asked < 6; asked++) {
      await Promise.all(Array.from({ length: 50 }, () => served.owner.call("listRuns", { query: { limit: 1 } })));
    }
    const now = await head(size);
    assert.equal((await compareHead(seen, now, primitives)).finding, "grown");
    // Negative controls: another proof, none, an older head, another history of the same size.
    const [first = "", ...rest] = now.consistency ?? [];
    const turned = Buffer.from(first, "base64").reverse().toString("base64");
    assert.equal((await compareHead(seen, { ...now, consistency: [turned, ...rest] }, primitives)).finding, "forked");
    assert.equal((await compareHead(seen, { ...now, consistency: undefined }, primitives)).finding, "unproven");
    assert.equal((await compareHead(now, seen, primitives)).finding, "rolled back");
  });

  test("negative control: a log that says it is the same and is another is found", async () => {
    const other = await serve({ database: await postgres?.makeDatabase() });
    const told = await other.owner.call("showLogHead", { query: {} });
    const seen = await head();
    const theirs = { ...told, consistency: undefined };
    assert.equal((await compareHead(seen, theirs, primitives)).finding, "other key");
    assert.equal((await compareHead(seen, { ...theirs, logKey: seen.logKey }, primitives)).finding, "unsigned");
    await other.stop();
  });
});

describe("events of hosts", () => {
  const prove = async (seq: number, personal: "true" | "false" = "true") =>
    await served.owner.call("proveEvent", { params: { run, seq }, query: { personal } });

  test("each is proven as its host proves it, near and far from the end, and the server has cosigned", async () => {
    for (const seq of [1, 2, 300, 600, EXECS - 700, EXECS + 1]) {
      const { proof, logKey, witnessKey } = await prove(seq);
      const report = await checkProof(Buffer.from(proof), { logKey, witnesses: [witnessKey], quorum: 1 });
      assert.deepEqual([report.problems, report.index, report.witnessed.length], [[], seq - 1, 1]);
      const theirs = await checkProof(await proveEntry(host.log, seq - 1), { logKey, ...NOBODY });
      assert.deepEqual([report.head, report.entry, report.personal], [theirs.head, theirs.entry, theirs.personal]);
    }
  });

  test("without its personal members where they are left out, or were erased", async () => {
    const personalOf = async (proof: string, logKey: string) =>
      (await checkProof(Buffer.from(proof), { logKey, ...NOBODY })).personal;
    const open = await prove(2, "false");
    assert.equal(await personalOf(open.proof, open.logKey), "absent");
    await eraseRuns(host.log, { runs: [run], by: "robin", at: Date.now(), reason: "asked", isRunning: () => false });
    while ((await host.send()) !== undefined);
    const erased = await prove(2);
    assert.equal(await personalOf(erased.proof, erased.logKey), "absent");
  });

  test("what no checkpoint covers yet is not proven, and what is not of the run is not there", async () => {
    const later = await host.record();
    await host.send();
    await assert.rejects(served.owner.call("proveEvent", { params: { run: later, seq: 1 }, query: {} }), {
      code: "SERVER_NOT_FOUND",
    });
    await assert.rejects(served.owner.call("proveEvent", { params: { run, seq: 1e9 }, query: {} }), {
      code: "SERVER_NOT_FOUND",
    });
  });
});
