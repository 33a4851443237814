import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { announceRun, listLiveRuns } from "./live-runs.ts";
import { makeRunId } from "@bailiwick/base";
import { readPolicies } from "./policy-files.ts";
import { openStateDirectory } from "./state-directory.ts";

const folder = mkdtempSync(join(tmpdir(), "bailiwick-places-"));
after(() => {
  rmSync(folder, { recursive: true });
});

function directory(name: string): string {
  mkdirSync(join(folder, name), { recursive: true });
  return join(folder, name);
}

describe("state directory", () => {
  test("is made for its owner alone", () => {
    const state = openStateDirectory({ BAILIWICK_HOME: join(folder, "new/state") });
    assert.equal(statSync(state.root).mode & 0o777, 0o700);
    assert.equal(existsSync(state.runs), true);
  });

  test("one that others can write to is refused", () => {
    const root = directory("open");
    chmodSync(root, 0o777);
    assert.throws(() => openStateDirectory({ BAILIWICK_HOME: root }), { code: "RUN_STATE_UNUSABLE" });
  });

  test("a relative one is refused, and a relative XDG_STATE_HOME ignored", () => {
    assert.throws(() => openStateDirectory({ BAILIWICK_HOME: "here" }), { code: "RUN_STATE_UNUSABLE" });
    const state = openStateDirectory({ XDG_STATE_HOME: "here", HOME: directory("somebody") });
    assert.equal(state.root, join(folder, "somebody/.local/state/bailiwick"));
  });
});

describe("policy files", () => {
  test("a directory means its policies in the order of their names, and an empty one is an error", () => {
    const set = directory("policies");
    for (const name of ["b.cedar", "a.cedar", "notes.md"]) writeFileSync(join(set, name), name);
    assert.deepEqual(
      readPolicies([set]).map(({ text }) => text),
      ["a.cedar", "b.cedar"],
    );
    assert.throws(() => readPolicies([directory("empty")]), { code: "RUN_POLICY_UNREADABLE" });
    assert.throws(() => readPolicies([join(folder, "nowhere.cedar")]), {
      code: "RUN_POLICY_UNREADABLE",
      message: /ENOENT/,
    });
  });

  test("bytes that are no UTF-8 are an error, never replaced", () => {
    const path = join(folder, "latin.cedar");
    writeFileSync(path, Buffer.of(0xff));
    assert.throws(() => readPolicies([path]), { code: "RUN_POLICY_UNREADABLE", message: /not UTF-8/ });
  });
});

describe("live runs", () => {
  const run = makeRunId(1_700_000_000_000, Buffer.alloc(10, 7));

  test("a run is listed until it is taken back", () => {
    const runs = directory("runs");
    const takeBack = announceRun(runs, run, 5);
    assert.deepEqual(
      listLiveRuns(runs).map((live) => [live.run, live.pid, live.startedAt]),
      [[run, process.pid, 5]],
    );
    takeBack();
    assert.deepEqual(listLiveRuns(runs), []);
  });

  test("a file whose process is gone, or whose pid is another process's now, is taken away", () => {
    const runs = directory("stale");
    const path = join(runs, `${run}.json`);
    writeFileSync(path, JSON.stringify({ run, pid: process.pid, startTicks: "1", startedAt: 5 }));
    assert.deepEqual(listLiveRuns(runs), []);
    assert.equal(existsSync(path), false);
  });
});
