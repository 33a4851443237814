import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { bundleForBrowser } from "../../../tests/support/browser-bundle.ts";

test("the client needs nothing of Node", async () => {
  const code = await bundleForBrowser(join(import.meta.dirname, "client.ts"));
  assert.match(code, /\/api\/v1\/runs/);
  assert.doesNotMatch(code, /\bBuffer\.|\bprocess\.(?:env|versions)\b/);
});

test("nor do a run's events", async () => {
  assert.match(await bundleForBrowser(join(import.meta.dirname, "run-events.ts")), /last-event-id/);
});

test("nor does the recording of its terminal", async () => {
  assert.match(await bundleForBrowser(join(import.meta.dirname, "recording-bytes.ts")), /last-event-id/);
});

test("nor does an archive of evidence as it comes", async () => {
  assert.match(await bundleForBrowser(join(import.meta.dirname, "evidence-bytes.ts")), /broke the archive off/);
});

test("nor does a browser's session", async () => {
  assert.match(await bundleForBrowser(join(import.meta.dirname, "browser-session.ts")), /x-bailiwick-csrf/);
});

test("nor does a bundle that is written in a browser", async () => {
  assert.match(await bundleForBrowser(join(import.meta.dirname, "bundles.ts")), /requiredWithinHours/);
});

test("nor does the test of a proposal", async () => {
  assert.match(await bundleForBrowser(join(import.meta.dirname, "proposal-test.ts")), /test\.toml/);
});

test("negative control: signing does", async () => {
  await assert.rejects(bundleForBrowser(join(import.meta.dirname, "signing.ts")));
});
