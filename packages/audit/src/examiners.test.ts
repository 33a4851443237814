import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { EVERY_EVENT } from "../test/every-event.ts";
import { allowed, newRun, started, temporaryRecord, writeRun } from "../test/fixtures.ts";
import { eraseRuns } from "./erase.ts";
import { Examiners, openExaminers } from "./examiners.privileged.ts";
import { sha256, verifyEd25519 } from "./key.ts";
import { readVerifierKey } from "./read.ts";
import { openRunLog } from "./run-log.ts";
import { diskSource } from "./source-disk.ts";
import { BundleExaminer } from "./verify/examine.ts";
import type { Examiner } from "./verify/facts.ts";
import { verifyRecord, type Verification } from "./verify/verify.ts";

const BUNDLES = 20;
const createSha256 = () => {
  const hash = createHash("sha256");
  return { update: (bytes: Uint8Array) => void hash.update(bytes), digest: () => hash.copy().digest() };
};

/** 20 full bundles and some entries: two jobs of threads. */
async function makeRecord(context: TestContext) {
  const directory = temporaryRecord(context);
  const { run } = await writeRun(directory, BUNDLES * 128);
  return { directory, run, log: (path: string) => join(directory, "log", path) };
}

const long: Examiner = { examine: () => Promise.resolve(undefined), close: () => Promise.resolve() };

/** Every way to read a record finds the same, and this is it. */
async function verifyEveryWay(directory: string): Promise<Verification> {
  const verifierKey = await readVerifierKey(directory);
  const verify = (openExaminer: (size: number) => Examiner | undefined) =>
    verifyRecord(diskSource(directory), { sha256, createSha256, verifyEd25519 }, { verifierKey, openExaminer });
  const found = await verify(() => long);
  assert.deepEqual(await verify(() => undefined), found);
  assert.deepEqual(await verify((size) => new Examiners(directory, size, 2)), found);
  return found;
}

/** Which full bundles the short way suffices for. */
async function examined(directory: string, examiner: Examiner): Promise<number[]> {
  const found: number[] = [];
  for (let bundle = 0; bundle < BUNDLES; bundle++)
    if ((await examiner.examine(bundle)) !== undefined) found.push(bundle);
  await examiner.close();
  return found;
}

const all = Array.from({ length: BUNDLES }, (_, bundle) => bundle);
const local = (directory: string): Examiner => new BundleExaminer(diskSource(directory), { sha256 });

describe("bundles examined by threads, here, and the long way", () => {
  test("are the same, and the short way suffices for all of a record that is whole", async (context) => {
    const { directory } = await makeRecord(context);
    const found = await verifyEveryWay(directory);
    assert.ok(found.ok && found.entries === 2 * BUNDLES * 128 + 2);
    assert.deepEqual(await examined(directory, local(directory)), all);
    assert.deepEqual(await examined(directory, new Examiners(directory, found.entries, 2)), all);
  });

  test("are the same of a run that was erased", async (context) => {
    const { directory, run } = await makeRecord(context);
    await eraseRuns(directory, { runs: [run], by: "somebody", reason: "asked for", at: 9, isRunning: () => false });
    const found = await verifyEveryWay(directory);
    assert.ok(found.ok);
    assert.deepEqual(found.erased, [run]);
    assert.deepEqual(await examined(directory, local(directory)), all);
  });

  for (const [what, path, kind] of [
    ["an entry", "log/tile/entries/003", "edit"],
    ["a hash", "log/tile/0/004", "edit"],
    ["personal members", "private/RUN/1", "edit"],
    ["a bundle that is gone", "log/tile/entries/007", "deletion"],
    ["personal members that are gone", "private/RUN/0", "deletion"],
  ] as const) {
    test(`find ${what} changed, each in the same words`, async (context) => {
      const { directory, run } = await makeRecord(context);
      const file = join(directory, path.replace("RUN", run));
      const bytes = readFileSync(file);
      bytes[1_000] = (bytes[1_000] ?? 0) ^ 1;
      if (kind === "edit") writeFileSync(file, bytes);
      else rmSync(file);
      const found = await verifyEveryWay(directory);
      assert.ok(!found.ok && found.problems.some((problem) => problem.kind === kind), JSON.stringify(found.problems));
    });
  }

  test("find an exec that comes from a call which was never told", async (context) => {
    const directory = temporaryRecord(context);
    const log = await openRunLog({ directory, run: newRun() });
    const appended = [log.append(started(log.follows))];
    appended.push(log.append({ type: "tool.called", at: 1, ...EVERY_EVENT["tool.called"] }));
    for (let exec = 1; exec <= 600; exec++) {
      const origin = { kind: "call", call: exec === 300 ? 2 : 1 } as const;
      appended.push(log.append({ ...allowed(exec), origin }));
    }
    await Promise.all([log.close(), ...appended]);
    const { problems } = await verifyEveryWay(directory);
    assert.deepEqual(
      problems.map(({ kind, index, detail }) => [kind, index, detail]),
      [["gap", 301, "an exec comes from call 2, which was never told"]],
    );
  });

  test("threads that can't begin leave everything to the long way", async (context) => {
    const { directory } = await makeRecord(context);
    const found = await verifyEveryWay(directory);
    const absent = new Examiners(join(directory, "absent"), found.entries, 2);
    assert.deepEqual(await examined(directory, absent), []);
    const closed = new Examiners(directory, found.entries, 2);
    await closed.close();
    assert.deepEqual(await examined(directory, closed), []);
  });

  test("of a small record nobody makes threads", () => {
    assert.equal(openExaminers("/nonexistent", 1_000), undefined);
  });
});
