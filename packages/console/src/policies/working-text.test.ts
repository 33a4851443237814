import assert from "node:assert/strict";
import { test } from "node:test";
import { FILE_NAME, fileNamesOf, firstFileOf, STARTER, textOf, withText } from "./working-text.ts";

test("files are added, changed in their place, and removed, each as what its name says", () => {
  let parts = withText(STARTER, "a.test.toml", "1");
  parts = withText(parts, "profile.toml", "2");
  parts = withText(parts, "b.cedar", "3");
  parts = withText(parts, "policies.cedar", "4");
  assert.deepEqual(fileNamesOf(parts), ["policies.cedar", "b.cedar", "a.test.toml", "profile.toml"]);
  assert.deepEqual(
    fileNamesOf(parts).map((name) => textOf(parts, name)),
    ["4", "3", "1", "2"],
  );
  for (const name of fileNamesOf(parts)) parts = withText(parts, name, undefined);
  assert.deepEqual([parts.policies, parts.tests, parts.profile], [[], [], undefined]);
  assert.equal(firstFileOf(parts), "policies.cedar");
  assert.equal(textOf(parts, "policies.cedar"), undefined);
});

test("names that a bundle can have", () => {
  const pattern = new RegExp(`^(?:${FILE_NAME})$`, "v");
  for (const good of ["a.cedar", "a-b_c.1.test.toml", "profile.toml"]) assert.match(good, pattern);
  for (const bad of ["a.toml", ".cedar", "a/b.cedar", "../a.cedar", "profile.toml.cedar.x"]) {
    assert.doesNotMatch(bad, pattern);
  }
});
