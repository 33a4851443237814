import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { describe, test, type TestContext } from "node:test";
import { BrokenFiles, type Fault } from "../test/broken-files.ts";
import { allowed, collect, ended, newRun, started, temporaryRecord, writeRun } from "../test/fixtures.ts";
import { PowerCutFiles, type Forgets } from "../test/power-cut.ts";
import { AuditError } from "./errors.ts";
import type { Files } from "./files.ts";
import type { RunLog } from "./log-types.ts";
import { listRuns, readRun, verifyLog } from "./queries.ts";
import { openRunLog } from "./run-log.ts";

const EXECS = 140; // two events each: beyond a full tile

/** Opens, tolerating failures up to `tries` times, as a caller may. */
async function openPatiently(directory: string, files: Files, run = newRun(), tries = 3): Promise<RunLog> {
  for (let left = tries; ; left--) {
    try {
      return await openRunLog({ directory, run, files, batchMs: 1 });
    } catch (error) {
      assert.ok(error instanceof AuditError, String(error));
      if (left === 0) throw error;
    }
  }
}

/** Three batches and the end. Calls `acknowledge` with each index that was promised. */
async function scenario(
  log: RunLog,
  finish: (work: () => Promise<unknown>) => Promise<void>,
  acknowledge: (index: number) => void,
) {
  const append = (event: Parameters<RunLog["append"]>[0]): void => {
    log.append(event).then(acknowledge, (error: unknown) => {
      assert.ok(error instanceof AuditError, String(error));
    });
  };
  append(started(log.follows));
  await finish(() => log.flush());
  append(allowed(1, ["long".repeat(9_000)]));
  append(ended(1));
  await finish(() => log.flush());
  for (let exec = 2; exec <= EXECS; exec++) for (const event of [allowed(exec), ended(exec)]) append(event);
  await finish(() => log.close());
}

const TOTAL = 1 + 2 * EXECS;

function dryRun(context: TestContext): Promise<string[]> {
  const files = new BrokenFiles();
  return openPatiently(temporaryRecord(context), files).then(async (log) => {
    await scenario(
      log,
      async (work) => void (await work()),
      () => undefined,
    );
    return files.calls;
  });
}

describe("a disk that fails once", () => {
  for (const [effect, code] of [
    ["none", "ENOSPC"],
    ["done", "EIO"],
    ["none", "EROFS"],
  ] as const) {
    test(`at each call in turn (${code}, effect ${effect}): nothing is lost, nothing is written twice`, async (context) => {
      const { length } = await dryRun(context);
      assert.ok(length > 80, "the scenario makes calls");
      for (let at = 0; at < length; at++) {
        const fault: Fault = { at, code, effect, lasts: "once" };
        const directory = temporaryRecord(context);
        const files = new BrokenFiles(fault);
        const run = newRun();
        const log = await openPatiently(directory, files, run);
        let failures = 0;
        await scenario(
          log,
          async (work) => {
            try {
              await work();
            } catch (error) {
              assert.ok(
                error instanceof AuditError && error.code === "AUDIT_WRITE_FAILED",
                `${String(at)}: ${String(error)}`,
              );
              failures += 1;
              await log.retry();
              await log.flush();
            }
          },
          () => undefined,
        );
        await log.close();
        assert.ok(failures <= 1 && files.broken);
        const verification = await verifyLog(directory);
        assert.deepEqual(verification.problems, [], `fault at ${files.calls[at] ?? ""}`);
        const events = await collect(readRun(directory, run));
        assert.equal(events.length, TOTAL, `fault at ${files.calls[at] ?? ""}`);
        const execs = events.flatMap(({ event }) => (event.type === "exec.allowed" ? [event.exec] : []));
        assert.deepEqual(
          execs,
          Array.from({ length: EXECS }, (_, index) => index + 1),
        );
        rmSync(directory, { recursive: true });
      }
    });
  }
});

/** After a death: what was acknowledged is there, what is there is in order, and the next run goes on. */
async function assertSurvived(directory: string, run: string, acknowledged: readonly number[], message: string) {
  const next = await writeRun(directory, 3, { files: new BrokenFiles() });
  const verification = await verifyLog(directory);
  assert.deepEqual(verification.problems, [], message);
  const runs = await listRuns(directory);
  assert.ok(
    runs.some((summary) => summary.run === next.run && summary.entries === 8),
    message,
  );
  const survivor = runs.find((summary) => summary.run === run);
  assert.ok((survivor?.entries ?? 0) >= acknowledged.length, `${message}: acknowledged entries are missing`);
  if (survivor === undefined) return;
  const events = await collect(readRun(directory, newRunId(run)));
  const indexes = events.map(({ index }) => index);
  assert.deepEqual(
    indexes,
    Array.from(indexes, (_, index) => index),
    message,
  );
  const steps = events.flatMap(({ event }) => ("exec" in event && event.exec !== undefined ? [event.exec] : []));
  assert.deepEqual(
    steps,
    Array.from(steps, (_, index) => 1 + (index >> 1)),
    message,
  );
}

function newRunId(text: string) {
  return text as ReturnType<typeof newRun>;
}

describe("a process that dies", () => {
  test("at each call in turn: the log opens, verifies and has all that was acknowledged", async (context) => {
    const { length } = await dryRun(context);
    for (let at = 0; at < length; at++) {
      const directory = temporaryRecord(context);
      const files = new BrokenFiles({ at, code: "EIO", effect: at % 2 === 0 ? "none" : "done", lasts: "forever" });
      const run = newRun();
      const acknowledged: number[] = [];
      await dieDuring(directory, files, run, acknowledged);
      await assertSurvived(directory, run, acknowledged, `died at ${files.calls[at] ?? ""}`);
      rmSync(directory, { recursive: true });
    }
  });
});

async function dieDuring(directory: string, files: Files, run: ReturnType<typeof newRun>, acknowledged: number[]) {
  const failed = Symbol("died");
  try {
    const log = await openPatiently(directory, files, run, 0);
    await scenario(
      log,
      async (work) => {
        await work().catch((error: unknown) => {
          assert.ok(error instanceof AuditError, String(error));
          throw failed; // eslint-disable-line @typescript-eslint/only-throw-error -- leaves the scenario, nothing else
        });
      },
      (index) => acknowledged.push(index),
    );
  } catch (error) {
    if (error !== failed && !(error instanceof AuditError)) throw error;
  }
}

describe("a power cut", () => {
  for (const forgets of ["contents", "contents and names"] satisfies Forgets[]) {
    test(`at each call in turn, when the disk forgets ${forgets} that were not synced`, async (context) => {
      const measured = new PowerCutFiles(temporaryRecord(context));
      const log = await openPatiently(temporaryRecord(context), measured);
      await scenario(
        log,
        async (work) => void (await work()),
        () => undefined,
      );
      for (let at = 0; at <= measured.calls; at++) {
        const directory = temporaryRecord(context);
        const files = new PowerCutFiles(directory, at);
        const run = newRun();
        const acknowledged: number[] = [];
        await dieDuring(directory, files, run, acknowledged);
        files.restore(forgets);
        if (at === measured.calls) assert.equal(acknowledged.length, TOTAL);
        await assertSurvived(directory, run, acknowledged, `cut at call ${String(at)}`);
        rmSync(directory, { recursive: true });
      }
    });
  }

  test("negative control: without the syncs, acknowledged entries are lost", async (context) => {
    const directory = temporaryRecord(context);
    const files = new PowerCutFiles(directory);
    files.sync = () => Promise.resolve();
    const acknowledged: number[] = [];
    await dieDuring(directory, files, newRun(), acknowledged);
    assert.equal(acknowledged.length, TOTAL);
    files.restore("contents and names");
    await writeRun(directory, 1);
    assert.equal((await listRuns(directory)).length, 1);
  });
});
