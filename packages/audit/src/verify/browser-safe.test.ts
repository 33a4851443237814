import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { bundleForBrowser } from "../../../../tests/support/browser-bundle.ts";

test("verification needs nothing of Node", async () => {
  const code = await bundleForBrowser(join(import.meta.dirname, "verify.ts"));
  assert.match(code, /verifyRecord/);
  assert.doesNotMatch(code, /\bBuffer\.|\bprocess\.(?:env|versions)\b/);
});

test("negative control: reading from a disk does", async () => {
  await assert.rejects(bundleForBrowser(join(import.meta.dirname, "../read.ts")));
});
