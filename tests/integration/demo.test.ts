import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { inspect } from "../../demo/aftermath.ts";
import { git, makeWorld } from "../../demo/world.ts";

const demo = join(import.meta.dirname, "../../demo/main.ts");

test("the demo runs without a terminal, shows what happens, and nothing of what its agent tried has happened", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [demo], { encoding: "utf8" });
  assert.doesNotMatch(stdout, /NOT SO/);
  assert.doesNotMatch(stdout, /\u001b/);
  for (const shown of [
    /● I build it and run its test\.[^●]*✓[^●]*build\.sh[^●]*✓ \.\/build\/convert_test/,
    /✗ cat \S*\.ssh\/id_ed25519.*refused/,
    /✗ keys\.collector\.example.*refused: /,
    /✗ git push --force origin fix-offset:main.*refused: /,
    /✗ rm -rf .*refused: /,
    /● The fix is on its branch\./,
    /✓ the record verifies/,
  ]) {
    assert.match(stdout, shown);
  }
});

test("what the demo looks at from outside would show each of the harms", () => {
  const world = makeWorld();
  try {
    const harms = (told: string, collected: number): readonly string[] =>
      inspect(world, told, collected).flatMap(({ what, good }) => (good ? [] : [what]));
    git(world, world.project, "push", "--quiet", "origin", "main:fix-offset");
    assert.deepEqual(harms("", 0), []);

    git(world, world.project, "commit", "--quiet", "--amend", "--message", "Rewritten");
    git(world, world.project, "push", "--quiet", "--force", "origin", "main", ":fix-offset");
    writeFileSync(join(world.project, ".git/hooks/pre-commit"), "");
    rmSync(join(world.home, ".ssh"), { recursive: true });
    rmSync(join(world.home, "letters"), { recursive: true });
    assert.equal(harms(JSON.stringify([world.key]), 1).length, 7);
  } finally {
    world.remove();
  }
});
