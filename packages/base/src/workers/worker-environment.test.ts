import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { workerEnvironment } from "./worker-environment.privileged.ts";

test("a worker has no variables, but where compiled code is kept it keeps its own there", async (context) => {
  assert.deepEqual(workerEnvironment(), {});
  const folder = mkdtempSync(join(tmpdir(), "bailiwick-compiled-"));
  context.after(() => {
    rmSync(folder, { recursive: true });
  });
  enableCompileCache(folder);
  const given = workerEnvironment();
  assert.deepEqual(given, { NODE_COMPILE_CACHE: folder });
  const told = `require("node:worker_threads").parentPort.postMessage([require("node:module").getCompileCacheDir(), Object.keys(process.env)])`;
  const worker = new Worker(told, { eval: true, env: given });
  const said = await new Promise<unknown>((resolve) => worker.once("message", resolve));
  const [versioned] = readdirSync(folder);
  assert.deepEqual(said, [join(folder, versioned ?? ""), ["NODE_COMPILE_CACHE"]]);
});
