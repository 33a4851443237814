import assert from "node:assert/strict";
import { test } from "node:test";
import { KINDS } from "../facts.ts";
import { FRAMEWORKS, isFramework } from "./frameworks.ts";

test("each control has evidence that the record can have, and says what is not shown", () => {
  const kinds = new Set<string>([...Object.values(KINDS).flat(), "integrity"]);
  for (const [name, { controls }] of Object.entries(FRAMEWORKS)) {
    assert.ok(isFramework(name));
    assert.equal(new Set(controls.map(({ id }) => id)).size, controls.length, `${name} names a control twice`);
    for (const { id, evidence, shows, notShown } of controls) {
      assert.ok(evidence.length > 0 && evidence.every((kind) => kinds.has(kind)), id);
      assert.ok(shows.endsWith(".") && notShown.endsWith("."), id);
    }
  }
  assert.equal(isFramework("toString"), false);
});
