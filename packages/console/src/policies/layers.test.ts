import assert from "node:assert/strict";
import { test } from "node:test";
import type { PolicyRelease, PolicyVersion } from "@bailiwick/control-plane/contract";
import { heldBefore, layersOf, reachText, scopeOfPath, scopeOfPathname, scopePath, scopeText } from "./layers.ts";

const company = { type: "Company", id: "company" } as const;
const team = { type: "Team", id: "payments" } as const;
const release = (sequence: number, change: Partial<PolicyRelease> = {}): PolicyRelease => ({
  ...{ sequence, scope: company, version: `p-${String(sequence)}`, kind: "rollout", percent: 100, first: [] },
  ...{ halted: false, by: "bo", at: sequence },
  ...change,
});
const draft = (id: string, change: Partial<PolicyVersion> = {}): PolicyVersion => ({
  ...{ id, scope: company, digest: "sha256:0", author: "ada", at: 1, tested: { passed: 0, failed: [] } },
  state: "draft",
  ...change,
});

test("a layer has what holds, what is being rolled out and what waits", () => {
  const releases = [release(5, { percent: 10 }), release(4), release(3, { halted: true }), release(2)];
  const versions = [draft("p-9"), draft("p-8", { state: "approved" }), draft("p-7", { scope: team })];
  const [first, second, ...more] = layersOf(versions, releases);
  assert.deepEqual(more, []);
  assert.deepEqual([first?.scope, first?.inForce?.sequence, first?.rollingOut?.sequence], [company, 4, 5]);
  assert.deepEqual(
    first?.waiting.map(({ id }) => id),
    ["p-9"],
  );
  assert.deepEqual([second?.scope, second?.inForce, second?.rollingOut], [team, undefined, undefined]);
  assert.equal(layersOf([], [release(1)])[0]?.rollingOut, undefined);
});

test("what held before is what was complete, of another version than the newest", () => {
  const again = { version: "p-9" };
  const releases = [
    release(9),
    release(8, again),
    release(7, { percent: 5 }),
    release(6, { halted: true }),
    release(5),
  ];
  assert.equal(heldBefore(releases)?.sequence, 5);
  assert.equal(heldBefore([release(1)]), undefined);
});

test("how far a release reaches is said", () => {
  const cases: readonly (readonly [Partial<PolicyRelease>, string])[] = [
    [{}, "all hosts"],
    [{ percent: 10 }, "10 of 100 hosts"],
    [{ percent: 0, first: [{ type: "Team", id: "x" }] }, "team x"],
    [{ percent: 5, first: [{ type: "Host", id: "h" }], halted: true }, "host h, 5 of 100 hosts, halted"],
    [{ percent: 0 }, "0 of 100 hosts"],
  ];
  for (const [change, text] of cases) assert.equal(reachText(release(1, change)), text);
});

test("a scope is a part of an address and comes back from it", () => {
  const odd = { type: "Project", id: "a/b ü%" } as const;
  assert.deepEqual(scopeOfPathname(`/policies/layers/${scopePath(odd)}`), odd);
  for (const path of ["/policies/layers/Agent/x", "/policies/edit/Team/", "/policies/edit/Team/%", "/policies"]) {
    assert.equal(scopeOfPathname(path), undefined, path);
  }
  assert.equal(scopeText({ type: "Person", id: "robin" }), "user robin");
  assert.equal(scopeOfPath("Agent", "x"), undefined);
  assert.equal(scopeOfPath("Team", ""), undefined);
});
