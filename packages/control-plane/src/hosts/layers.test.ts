import assert from "node:assert/strict";
import { test } from "node:test";
import { layersOf } from "./layers.ts";
import type { Start } from "./starts.ts";

const start = (run: string, enforcement: Start["enforcement"], profile = "a"): Start => ({
  ...{
    v: 1,
    type: "run.started",
    run,
    at: 1,
    user: "",
    hostname: "",
    agent: "",
    command: { values: [] },
    workspace: "",
  },
  ...{
    profile: { name: "standard", digest: `sha256:${profile.repeat(64)}` },
    policyDigest: `sha256:${"0".repeat(64)}`,
  },
  ...{ enforcement, follows: { size: 0, root: "" }, version: "0" },
});
const enforced = (layer: string, detail = "") => ({ layer, state: "enforced" as const, detail });
const unavailable = (layer: string) => ({ layer, state: "unavailable" as const, detail: "too old" });

test("of a host without runs nothing is said, and what was never enforced is missing, not weaker", () => {
  assert.deepEqual(layersOf([]), []);
  assert.deepEqual(layersOf([start("2", [unavailable("landlock")]), start("1", [])]), [unavailable("landlock")]);
});

test("what was enforced before and is not available now names the run in which it was", () => {
  const [layer] = layersOf([
    start("3", [unavailable("landlock")]),
    start("2", [enforced("landlock", "ABI 6")], "b"),
    start("1", [enforced("landlock", "ABI 5")]),
  ]);
  assert.deepEqual(layer?.before, { run: "2", at: 1, detail: "ABI 6" });
});

test("what the statement no longer speaks of is absent, of the same profile alone", () => {
  const [newest, before] = [
    start("2", [enforced("seccomp")]),
    [enforced("seccomp"), enforced("limit:processes", "64")],
  ];
  assert.deepEqual(
    layersOf([newest, start("1", before)]).map(({ layer, state }) => [layer, state]),
    [
      ["seccomp", "enforced"],
      ["limit:processes", "absent"],
    ],
  );
  assert.deepEqual(layersOf([newest, start("1", before, "b")]), [enforced("seccomp")]);
});
