import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeRecord } from "./merge-record.ts";

test("nothing said: no witnesses, nothing required", () => {
  assert.deepEqual(mergeRecord([{}, {}]), { witnesses: [], quorum: 0, require: "never" });
});

test("witnesses named: all of them are needed, and a missing one is told at the end", () => {
  assert.deepEqual(mergeRecord([{ witnesses: ["a", "b"] }]), { witnesses: ["a", "b"], quorum: 2, require: "end" });
});

for (const [what, layers, quorum, require] of [
  ["a quorum is as it is said", [{ witnesses: ["a", "b", "c"], quorum: 2 }], 2, "end"],
  ["a later layer raises it", [{ witnesses: ["a", "b"], quorum: 1 }, { quorum: 2 }], 2, "end"],
  ["and never lowers it", [{ witnesses: ["a", "b"] }, { quorum: 1 }], 2, "end"],
  [
    "a witness that is added does not stand in for another",
    [{ witnesses: ["a"] }, { witnesses: ["b"], quorum: 1 }],
    2,
    "end",
  ],
  [
    "one that is named again is no other",
    [
      { witnesses: ["a", "b"], quorum: 1 },
      { witnesses: ["a"], quorum: 1 },
    ],
    1,
    "end",
  ],
  ["`require` is the strictest", [{ witnesses: ["a"], require: "start" }, { require: "never" }], 1, "start"],
  ["and can be tightened", [{ witnesses: ["a"], require: "never" }, { require: "start" }], 1, "start"],
  ["an outer layer without witnesses asks for none", [{ quorum: 0 }, { witnesses: ["a", "b"], quorum: 1 }], 1, "end"],
] as const) {
  test(what, () => {
    const merged = mergeRecord(layers.map((layer) => ({ ...layer })));
    assert.equal(merged.quorum, quorum);
    assert.equal(merged.require, require);
  });
}

test("whoever makes up the quorum, every layer's own is met within its witnesses", () => {
  const names = ["a", "b", "c", "d"];
  const subsets = Array.from({ length: 16 }, (_, bits) => names.filter((_name, index) => (bits >> index) % 2 === 1));
  for (const outer of subsets.filter(({ length }) => length > 0)) {
    for (const inner of subsets) {
      for (let own = 1; own <= outer.length; own++) {
        const { quorum } = mergeRecord([
          { witnesses: outer, quorum: own },
          { witnesses: inner, quorum: 1 },
        ]);
        const all = new Set([...outer, ...inner]);
        const cosigned = subsets.filter((each) => each.length >= quorum && each.every((name) => all.has(name)));
        for (const each of cosigned) assert.ok(each.filter((name) => outer.includes(name)).length >= own);
      }
    }
  }
});
