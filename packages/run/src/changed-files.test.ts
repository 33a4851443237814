import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { findChangedFiles } from "./changed-files.ts";

let workspace = "";
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), "bailiwick-changes-"));
});
afterEach(() => {
  rmSync(workspace, { recursive: true });
});

function write(name: string): void {
  const path = join(workspace, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, name);
}

/** A moment that is after everything written so far. */
async function moment(): Promise<number> {
  const before = Date.now();
  while (Date.now() - before < 30) await new Promise((resolve) => setTimeout(resolve, 5));
  return Date.now();
}

function changes(sinceMs: number, budgetMs = 60_000) {
  return findChangedFiles(workspace, { sinceMs, budgetMs, untold: new Set() });
}

describe("changed files", () => {
  test("tells what was written since, also when its mtime was set back", async () => {
    ["old", "src/kept", "src/changed"].forEach(write);
    const since = await moment();
    assert.deepEqual(changes(since), { paths: [], count: 0, complete: true });
    write("src/changed");
    write("new/deep/file");
    write("hidden");
    utimesSync(join(workspace, "hidden"), 1, 1);
    assert.ok(statSync(join(workspace, "hidden")).mtimeMs < since);
    assert.deepEqual(changes(since).paths, ["hidden", "new/deep/file", "src/changed"]);
  });

  test("a directory that lost a file is named", async () => {
    ["src/one", "src/two"].forEach(write);
    const since = await moment();
    unlinkSync(join(workspace, "src/one"));
    assert.deepEqual(changes(since).paths, ["src/"]);
  });

  test("the repository's own files are named together", async () => {
    [".git/HEAD", ".git/index", ".git/objects/aa/bb"].forEach(write);
    const since = await moment();
    write(".git/index");
    write(".git/objects/cc/dd");
    assert.deepEqual(changes(since).paths, [".git/"]);
  });

  test("says when it could not look at everything", async () => {
    write("file");
    const since = await moment();
    assert.equal(changes(since, -1).complete, false);
  });
});
