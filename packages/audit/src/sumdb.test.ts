import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { allowed, newRun, started, temporaryRecord, writeRun } from "../test/fixtures.ts";
import { buildGo, skipWithoutGo } from "../test/go.ts";
import { readVerifierKey, tilesDirectory } from "./read.ts";
import { openRunLog } from "./run-log.ts";

test("Go's verifier, which did not write the log, agrees with it", { skip: skipWithoutGo }, async (context) => {
  const directory = temporaryRecord(context);
  const home = dirname(directory);
  const checker = join(home, "checker");
  const built = buildGo(join(import.meta.dirname, "../test/sumdb/main.go"), checker, home);
  assert.equal(built.status, 0, built.stderr);

  await writeRun(directory, 700);
  const older = join(home, "older");
  writeFileSync(older, readFileSync(join(tilesDirectory(directory), "checkpoint")));
  const log = await openRunLog({ directory, run: newRun() });
  void log.append(started(log.follows));
  for (let exec = 1; exec <= 66_000; exec++) void log.append(allowed(exec));
  const { size } = await log.close();
  assert.equal(size, 1_402 + 66_001);

  const key = await readVerifierKey(directory);
  const check = (...indexes: number[]) =>
    spawnSync(checker, [tilesDirectory(directory), key, older, ...indexes.map(String)], { encoding: "utf8" });
  const good = check(0, 1, 255, 256, 1_401, 1_402, 65_535, 65_536, size - 1);
  assert.equal(good.stderr, "");
  assert.equal(good.stdout, "67403 entries, 9 proofs, consistent with 1402\n");

  // Negative control: it is the proofs that convince it.
  const bundle = join(tilesDirectory(directory), "tile/entries/005");
  const bytes = readFileSync(bundle);
  bytes[30] = (bytes[30] ?? 0) ^ 1;
  writeFileSync(bundle, bytes);
  assert.notEqual(check(1_280).status, 0);
  assert.equal(check(1_281).status, 0);
});
