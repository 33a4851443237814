import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunOfServer } from "@bailiwick/control-plane/contract";
import { matches, stateOf } from "./filter.ts";

const run: RunOfServer = {
  ...{ run: "01jd0000000000000000000000", host: "laptop", person: "olivia", agent: "claude", project: "shop" },
  ...{
    profile: "default",
    command: ["git", "Push"],
    entries: 3,
    erased: false,
    labels: ["team=payments", "urgent=yes"],
  },
};

for (const [filter, expected] of [
  ["", true],
  ["push", true],
  ["person:oli agent:claude", true],
  ["person:claude", false],
  ["state:running", true],
  ["state:failed", false],
  ["label:team=payments", true],
  ["label:URGENT", true],
  ["label:team=bank", false],
  ["label:push", false],
  ["push nothing-of-that", false],
  // No field of that name: a word as any other.
  ["reach:all", false],
] as const) {
  test(`\`${filter}\` ${expected ? "means" : "does not mean"} the run`, () => {
    assert.equal(matches(run, filter), expected);
  });
}

test("a run of whose host nothing comes is silent, until it has ended", () => {
  assert.equal(stateOf({ ...run, silentSince: 2 }), "silent");
  assert.ok(matches({ ...run, silentSince: 2 }, "state:silent"));
  assert.equal(stateOf({ ...run, silentSince: 2, endedAt: 3, status: 0 }), "succeeded");
});

test("a run is running until it has ended; without a status of 0 it failed", () => {
  assert.equal(stateOf(run), "running");
  assert.equal(stateOf({ ...run, endedAt: 2, status: 0 }), "succeeded");
  assert.equal(stateOf({ ...run, endedAt: 2 }), "failed");
});
