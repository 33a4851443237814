import assert from "node:assert/strict";
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { allowed, appendNow, newRun, started, temporaryRecord, writeRun } from "../../test/fixtures.ts";
import { checkFiles, eraseRuns, verifyLog } from "../queries.ts";
import { openRunLog } from "../run-log.ts";

/** 602 + 102 entries. Without what a newer checkpoint left over. */
async function makeRecord(context: TestContext) {
  const directory = temporaryRecord(context);
  const first = await writeRun(directory, 300);
  const second = await writeRun(directory, 50);
  await checkFiles(directory, { repair: true });
  assert.deepEqual((await checkFiles(directory, { repair: false })).findings, []);
  return { directory, first, second, path: (name: string) => join(directory, name) };
}

async function found(directory: string): Promise<string[]> {
  const { findings } = await checkFiles(directory, { repair: false });
  return findings.map(({ kind, path }) => `${kind} ${path}`);
}

describe("files of the record", () => {
  test("that nobody needs are named, and removed: what is covered stays", async (context) => {
    const { directory, path } = await makeRecord(context);
    const log = await openRunLog({ directory, run: newRun() });
    await appendNow(log, started(log.follows));
    await appendNow(log, allowed(1, ["y".repeat(50_000)]));
    await log.close();
    mkdirSync(path(`private/${newRun()}`), { recursive: true });
    writeFileSync(path("log/checkpoint.tmp"), "x");
    writeFileSync(path("log/tile/0/007"), "x");
    writeFileSync(path("private/stray"), "x");
    const [whole = ""] = globSync(path("private/*/whole/*"));
    writeFileSync(whole.replace(/[0-9a-f]{64}$/, "0".repeat(64)), "x");
    const names = await found(directory);
    assert.ok(
      names.every((name) => name.startsWith("leftover ")),
      names.join("\n"),
    );
    for (const name of ["log/checkpoint.tmp", "log/tile/0/007", "log/tile/0/002.p/193", "private/stray"]) {
      assert.ok(names.includes(`leftover ${name}`), name);
    }
    assert.equal(names.filter((name) => name.includes("/whole/")).length, 1);
    const { repaired, findings } = await checkFiles(directory, { repair: true });
    assert.equal(repaired.length, findings.length);
    assert.deepEqual(await found(directory), []);
    assert.ok(existsSync(whole));
    assert.deepEqual((await verifyLog(directory)).problems, []);
  });

  test("that can be made from proven entries are made anew", async (context) => {
    const { directory, path } = await makeRecord(context);
    const tiles = ["log/tile/0/000", "log/tile/0/002.p/192", "log/tile/1/000.p/2"];
    const before = tiles.map((name) => readFileSync(path(name)));
    rmSync(path(tiles[0] ?? ""));
    writeFileSync(path(tiles[1] ?? ""), "garbage");
    rmSync(path("log/tile/1"), { recursive: true });
    assert.deepEqual((await found(directory)).sort(), [
      "damaged log/tile/0/002.p/192",
      "missing log/tile/0/000",
      "missing log/tile/1/000.p/2",
    ]);
    assert.equal((await verifyLog(directory)).ok, false);
    await checkFiles(directory, { repair: true });
    assert.deepEqual(
      tiles.map((name) => readFileSync(path(name))),
      before,
    );
    assert.deepEqual((await verifyLog(directory)).problems, []);
  });

  test("that are not proven stay as they are, and so does the checkpoint", async (context) => {
    const { directory, path } = await makeRecord(context);
    const cases: [string, () => void][] = [
      ["damaged log/tile/entries/000", () => flip(path("log/tile/entries/000"), 60)],
      ["missing log/tile/entries/001", () => rmSync(path("log/tile/entries/001"))],
      ["damaged log/checkpoint", () => flip(path("log/checkpoint"), -10)],
      ["damaged log/checkpoint", () => rmSync(path("log/checkpoint"))],
    ];
    cpSync(directory, `${directory}-good`, { recursive: true });
    for (const [name, damage] of cases) {
      damage();
      rmSync(path("log/tile/0/001"));
      const before = snapshot(directory);
      const { findings, repaired } = await checkFiles(directory, { repair: true });
      assert.ok(
        findings.some(({ kind, path: at }) => `${kind} ${at}` === name),
        JSON.stringify(findings),
      );
      assert.deepEqual(repaired, []);
      assert.deepEqual(snapshot(directory), before);
      rmSync(directory, { recursive: true });
      cpSync(`${directory}-good`, directory, { recursive: true });
    }
  });

  test("with personal members: gone without a word is missing, kept in spite of it is leftover", async (context) => {
    const { directory, first, second, path } = await makeRecord(context);
    cpSync(path(`private/${second.run}`), `${directory}-kept`, { recursive: true });
    await eraseRuns(directory, { runs: [second.run], by: "b", reason: "r", at: 1, isRunning: () => false });
    await checkFiles(directory, { repair: true });
    assert.deepEqual(await found(directory), []);
    cpSync(`${directory}-kept`, path(`private/${second.run}`), { recursive: true });
    rmSync(path(`private/${first.run}`), { recursive: true });
    assert.deepEqual(await found(directory), [`missing private/${first.run}/0`, `leftover private/${second.run}`]);
    await checkFiles(directory, { repair: true });
    assert.ok(!existsSync(path(`private/${second.run}`)));
  });
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

function snapshot(directory: string): Record<string, string> {
  const files = globSync("log/**/*", { cwd: directory, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((file) => [join(file.parentPath, file.name), readFileSync(join(file.parentPath, file.name), "latin1")]),
  );
}
