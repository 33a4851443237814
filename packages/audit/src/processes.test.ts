import assert from "node:assert/strict";
import { test } from "node:test";
import { isRunId } from "@bailiwick/base";
import { collect, temporaryRecord, writeRun } from "../test/fixtures.ts";
import { killSoon, startChild } from "../test/processes.ts";
import { listRuns, readRun, verifyLog } from "./queries.ts";

test("runs of several processes share a log, whichever of them are killed while they write", async (context) => {
  const directory = temporaryRecord(context);
  const acknowledged: string[] = [];
  const workers = Array.from({ length: 3 }, async (_, worker) => {
    for (let round = 0; round < 4; round++) {
      const child = startChild("writer.ts", directory);
      await killSoon(child, 20 + 11 * worker + 17 * round);
      acknowledged.push(...child.lines);
    }
    const last = startChild("writer.ts", directory, "50");
    assert.deepEqual(await last.ended, { status: 0, signal: null });
    acknowledged.push(...last.lines);
  });
  await Promise.all(workers);
  const { run } = await writeRun(directory, 1);

  const verification = await verifyLog(directory);
  assert.deepEqual(verification.problems, []);
  assert.equal(verification.runs, 16);
  assert.equal(verification.unended.length, 12);
  const summaries = await listRuns(directory);
  assert.equal(summaries.at(-1)?.run, run);

  const found = new Set<string>();
  for (const summary of summaries) {
    assert.ok(isRunId(summary.run));
    for (const { index, event } of await collect(readRun(directory, summary.run))) {
      const exec = event.type === "exec.allowed" || event.type === "exec.ended" ? event.exec : 0;
      found.add(`${summary.run} ${String(index)} ${String(exec)}`);
    }
  }
  assert.ok(acknowledged.length > 16);
  assert.deepEqual(
    acknowledged.filter((line) => line !== "" && !found.has(line)),
    [],
  );
});
