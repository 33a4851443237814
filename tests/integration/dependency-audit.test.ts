/** The step of CI that asks the registry for known vulnerabilities, against a registry that says what a test wants. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

const root = join(import.meta.dirname, "../..");
let status = 200;
let severity: string | undefined;
/** npm remembers what it made of one. */
let id = 0;
const cache = mkdtempSync(join(tmpdir(), "bailiwick-npm-"));

const registry = createServer((request, response) => {
  request.resume().on("end", () => {
    const isList = request.method === "POST" && request.url === "/-/npm/v1/security/advisories/bulk";
    const advisory = { id: ++id, url: "https://example.com", title: "a hole", severity, vulnerable_versions: "*" };
    response
      .writeHead(isList ? status : 404, { "content-type": "application/json" })
      .end(JSON.stringify(severity === undefined ? {} : { hono: [advisory] }));
  });
});
before(async () => {
  await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
});
after(() => {
  registry.close();
  registry.closeAllConnections();
  rmSync(cache, { recursive: true, force: true });
});

async function audit(): Promise<{ readonly code: number; readonly text: string }> {
  const { port } = registry.address() as AddressInfo;
  const env = {
    ...process.env,
    ...{ npm_config_registry: `http://127.0.0.1:${String(port)}/`, npm_config_fetch_retries: "0" },
    ...{ npm_config_cache: cache, npm_config_proxy: "", npm_config_https_proxy: "", npm_config_noproxy: "127.0.0.1" },
  };
  return await new Promise((resolve) => {
    execFile(process.execPath, ["tools/audit-dependencies.ts"], { cwd: root, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
    });
  });
}

test("a dependency with a hole that is high or critical fails, and is named; a lesser one is named", async () => {
  for (const [each, code] of [
    ["critical", 1],
    ["high", 1],
    ["moderate", 0],
  ] as const) {
    severity = each;
    const said = await audit();
    assert.equal(said.code, code, said.text);
    assert.match(said.text, new RegExp(`^dependency audit: ${each}: hono$`, "m"));
  }
});

test("none passes, and says of how many", async () => {
  severity = undefined;
  const { code, text } = await audit();
  assert.equal(code, 0, text);
  assert.match(text, /^dependency audit: [1-9][0-9]+ packages, 0 known to be vulnerable, 0 of them high or critical$/m);
});

test("a registry that has no such list is said to have none; one that fails is no yes", async () => {
  severity = undefined;
  status = 405;
  const none = await audit();
  assert.equal(none.code, 0, none.text);
  assert.match(none.text, /^dependency audit: skipped: the registry has no list of vulnerabilities \(405\)$/m);
  status = 500;
  const failed = await audit();
  assert.equal(failed.code, 1, failed.text);
  assert.match(failed.text, /^dependency audit: failed: /m);
});
