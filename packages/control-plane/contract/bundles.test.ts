import assert from "node:assert/strict";
import { test } from "node:test";
import { readBundle, writeBundle } from "@bailiwick/policy";
import { readParts, writeParts } from "./bundles.ts";

const parts = {
  policies: [
    { name: "b.cedar", text: "permit" },
    { name: "a.cedar", text: "“forbid”" },
  ],
  tests: [{ name: "a.test.toml", text: "" }],
  profile: "[network]\n",
  requiredWithinHours: 72,
};

test("a bundle is written as the policies' own writer has it, and read as its reader does", () => {
  for (const given of [parts, { policies: [], tests: [], profile: undefined, requiredWithinHours: undefined }]) {
    const text = writeParts({ type: "Person", id: "robin" }, given);
    assert.equal(text, writeBundle({ layer: "user", scope: "robin", ...given }));
    const { layer, scope, ...read } = readBundle(text);
    assert.deepEqual([layer, scope], ["user", "robin"]);
    assert.deepEqual(readParts(text), read);
  }
});

test("what is no bundle is none", () => {
  for (const text of ["", "none", "{}", "[]", '{"policies":[{"name":1}],"tests":[]}']) {
    assert.equal(readParts(text), undefined, text);
  }
});
