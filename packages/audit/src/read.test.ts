import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  allowed,
  appendNow,
  collect,
  ended,
  finished,
  newRun,
  started,
  temporaryRecord,
  writeRun,
} from "../test/fixtures.ts";
import { AuditError, type AuditErrorCode } from "./errors.ts";
import { followLog, followRun, listRuns, readLog, readRun } from "./queries.ts";
import { readVerifierKey } from "./read.ts";
import { openRunLog } from "./run-log.ts";

const hasCode = (code: AuditErrorCode) => (error: unknown) => error instanceof AuditError && error.code === code;

describe("the list of runs", () => {
  test("says who ran what, when, and how it ended", async (context) => {
    const directory = temporaryRecord(context);
    const first = await writeRun(directory, 2);
    const run = newRun();
    const log = await openRunLog({ directory, run });
    await appendNow(log, { ...started(log.follows), name: "named" });
    await appendNow(log, { ...allowed(1), type: "exec.refused" });
    await log.close();
    const summary = {
      user: "user",
      agent: "agent",
      command: ["agent", "--flag"],
      workspace: "/workspace",
      profile: "standard",
      at: 1,
    };
    assert.deepEqual(await listRuns(directory), [
      {
        run: first.run,
        first: 0,
        last: 5,
        entries: 6,
        started: summary,
        ended: { at: 4, status: 0, reason: "exited", wallMs: 1, index: 5 },
        counts: { execs: 2, refused: 0, asked: 0, connections: 0, hostsRefused: 0 },
      },
      {
        run,
        first: 6,
        last: 7,
        entries: 2,
        started: { ...summary, name: "named" },
        counts: { execs: 0, refused: 1, asked: 0, connections: 0, hostsRefused: 0 },
      },
    ]);
  });

  test("reads only what is new, and does not need its hint", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 300);
    const before = await listRuns(directory);
    const hint = join(directory, "runs.hint.json");
    // The first bundle is in the hint already: that it is gone now shows that it is not read again.
    const bundle = join(directory, "log/tile/entries/000");
    const bytes = readFileSync(bundle);
    rmSync(bundle);
    await writeRun(directory, 1);
    const after = await listRuns(directory);
    assert.deepEqual([after.length, after[0]], [2, before[0]]);
    rmSync(hint);
    await assert.rejects(listRuns(directory), hasCode("AUDIT_MALFORMED"));
    writeFileSync(bundle, bytes);
    assert.deepEqual(await listRuns(directory), after);
  });

  test("is made anew when the hint is not of this log, or is not one", async (context) => {
    const [directory, other] = [temporaryRecord(context), temporaryRecord(context)];
    await writeRun(directory, 5);
    await writeRun(other, 3);
    const [truth] = [await listRuns(directory), await listRuns(other)];
    const hint = join(directory, "runs.hint.json");
    const good = readFileSync(hint, "utf8");
    const bad = [
      readFileSync(join(other, "runs.hint.json"), "utf8"),
      "",
      "{",
      "null",
      good.replace('"size":12', '"size":11'),
      good.replace('"size":12', '"size":99'),
      good.replace('"last":11', '"last":12'),
      good.replace('"v":1', '"v":2'),
    ];
    for (const text of bad) {
      writeFileSync(hint, text);
      assert.deepEqual(await listRuns(directory), truth, text);
    }
  });

  test("needs a log", async (context) => {
    const directory = temporaryRecord(context);
    await assert.rejects(listRuns(directory), hasCode("AUDIT_NO_LOG"));
    await assert.rejects(readVerifierKey(directory), hasCode("AUDIT_NO_LOG"));
    await writeRun(directory, 0);
    assert.match(await readVerifierKey(directory), /^bailiwick\/[^+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$/);
    writeFileSync(join(directory, "log/checkpoint"), "nonsense");
    await assert.rejects(listRuns(directory), hasCode("AUDIT_LOG_DAMAGED"));
  });
});

describe("reading a run", () => {
  test("gives its events and no others, though they are mixed", async (context) => {
    const directory = temporaryRecord(context);
    const [one, other] = [newRun(), newRun()];
    const logs = await Promise.all([one, other].map((run) => openRunLog({ directory, run, batchMs: 1 })));
    for (const log of logs) await appendNow(log, started(log.follows));
    for (let exec = 1; exec <= 150; exec++)
      for (const log of logs) await Promise.all([log.append(allowed(exec)), exec % 10 === 0 ? log.flush() : undefined]);
    for (const log of logs) await log.close();
    for (const run of [one, other]) {
      const events = await collect(readRun(directory, run));
      assert.equal(events.length, 151);
      assert.ok(events.every(({ event }) => event.run === run));
      assert.deepEqual(
        events.map(({ index }) => index),
        events.map(({ index }) => index).toSorted((a, b) => a - b),
      );
    }
  });

  test("of nobody's is an error", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 0);
    await assert.rejects(collect(readRun(directory, newRun())), hasCode("AUDIT_NO_SUCH_RUN"));
  });

  test("whose entries are missing is an error", async (context) => {
    const directory = temporaryRecord(context);
    const { run } = await writeRun(directory, 300);
    await listRuns(directory);
    rmSync(join(directory, "log/tile/entries/001"));
    await assert.rejects(collect(readRun(directory, run)), hasCode("AUDIT_MALFORMED"));
  });
});

describe("following a run", () => {
  test("gives what was there, then what comes, and ends with the run", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 3);
    const run = newRun();
    const log = await openRunLog({ directory, run, batchMs: 1 });
    await appendNow(log, started(log.follows));
    await appendNow(log, allowed(1));
    const seen: string[] = [];
    const other = await openRunLog({ directory, run: newRun(), batchMs: 1 });
    await appendNow(other, started(other.follows));
    for await (const { index, event } of followRun(directory, run, { signal: new AbortController().signal })) {
      seen.push(`${String(index)} ${event.type}`);
      // Each comes only because the one before was seen: nothing is held back.
      if (event.type === "exec.allowed" && event.exec < 300)
        await Promise.all([appendNow(log, allowed(event.exec + 1)), other.append(allowed(event.exec))]);
      else if (event.type === "exec.allowed") await appendNow(log, finished(300));
    }
    assert.equal(seen.length, 302);
    assert.deepEqual([seen[0], seen.at(-1)?.split(" ")[1]], ["8 run.started", "run.ended"]);
    await Promise.all([log.close(), other.close()]);
  });

  test("waits for a run that is not there yet, and ends without an error when it is told to", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 3);
    const run = newRun();
    const controller = new AbortController();
    const following = collect(followRun(directory, run, { signal: controller.signal }));
    const log = await openRunLog({ directory, run });
    await appendNow(log, started(log.follows));
    await appendNow(log, allowed(1));
    await appendNow(log, ended(1));
    await log.close();
    const types: string[] = [];
    for await (const { event } of followRun(directory, run, { signal: controller.signal })) {
      types.push(event.type);
      if (event.type === "exec.ended") controller.abort();
    }
    assert.deepEqual(types, ["run.started", "exec.allowed", "exec.ended"]);
    assert.ok((await following).length <= 3);
  });
});

describe("reading the whole log", () => {
  test("gives every run's events from one entry on, in order, and nothing beyond the end", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 200);
    await writeRun(directory, 3);
    const all = await collect(readLog(directory, 0));
    assert.deepEqual(
      all.map(({ index }) => index),
      Array.from({ length: 402 + 8 }, (_, index) => index),
    );
    assert.equal(new Set(all.map(({ event }) => event.run)).size, 2);
    assert.deepEqual(await collect(readLog(directory, 401)), all.slice(401));
    assert.deepEqual(await collect(readLog(directory, 10_000)), []);
  });

  test("goes on with what comes, over the ends of runs, until it is told to stop", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 1);
    const controller = new AbortController();
    const seen: number[] = [];
    for await (const { index } of followLog(directory, 2, { signal: controller.signal })) {
      seen.push(index);
      if (index === 3) await writeRun(directory, 0);
      if (index === 5) controller.abort();
    }
    assert.deepEqual(seen, [2, 3, 4, 5]);
  });
});
