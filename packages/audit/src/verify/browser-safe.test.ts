import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";

/** The code as a browser would get it; rejects when it needs a module of Node. */
async function bundleForBrowser(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, file)],
    bundle: true,
    platform: "browser",
    format: "esm",
    write: false,
    logLevel: "silent",
  });
  return outputFiles.map(({ text }) => text).join("");
}

test("verification needs nothing of Node", async () => {
  const code = await bundleForBrowser("verify.ts");
  assert.match(code, /verifyRecord/);
  assert.doesNotMatch(code, /\bBuffer\.|\bprocess\.(?:env|versions)\b/);
});

test("negative control: reading from a disk does", async () => {
  await assert.rejects(bundleForBrowser("../read.ts"));
});
