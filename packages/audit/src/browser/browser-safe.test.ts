import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { bundleForBrowser } from "../../../../tests/support/browser-bundle.ts";

test("what pages check by needs nothing of Node", async () => {
  const code = await bundleForBrowser(join(import.meta.dirname, "index.ts"));
  assert.match(code, /compareHead/);
  assert.doesNotMatch(code, /\bBuffer\.|\bprocess\.(?:env|versions)\b/);
});
