import assert from "node:assert/strict";
import { test } from "node:test";
import { hasLabel, isLabel, keyOfLabel, LABEL, LABEL_OR_KEY } from "./labels.ts";

for (const [text, expected] of [
  ["team=payments", true],
  ["a=b", true],
  ["ticket.id-2=ABC 12=x", true],
  [`${"k".repeat(63)}=${"😀".repeat(128)}`, true],
  [`${"k".repeat(64)}=v`, false],
  [`k=${"v".repeat(129)}`, false],
  ["team", false],
  ["team=", false],
  ["=payments", false],
  ["Team=payments", false],
  ["1a=b", false],
  ["a_b=c", false],
  ["a=b\n", false],
  ["a=b\u0000", false],
  ["a=b\u009b", false],
  ["a=\u2028", false],
  ["a=\ud800", false],
  ["a=\udc80x", false],
] as const) {
  test(`${JSON.stringify(text.slice(0, 20))} ${expected ? "is" : "is not"} a label`, () => {
    assert.equal(isLabel(text), expected);
    assert.equal(new RegExp(LABEL.source, "u").test(text), expected);
  });
}

test("a key alone means any of its values, and no other key", () => {
  assert.equal(keyOfLabel("a=b=c"), "a");
  assert.equal(hasLabel(["team=payments"], "team"), true);
  assert.equal(hasLabel(["team=payments"], "team=payments"), true);
  assert.equal(hasLabel(["team=payments"], "team=pay"), false);
  assert.equal(hasLabel(["team=payments"], "tea"), false);
  assert.equal(LABEL_OR_KEY.test("team"), true);
  assert.equal(LABEL_OR_KEY.test("team="), false);
});
