/** What runs the tests: that a file which leaves a process behind, fails, hangs or has no tests costs no more than itself, and is named. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { eventually } from "./going.ts";
import { runTestFiles } from "../../tools/test-files.ts";

const directory = mkdtempSync(join(tmpdir(), "bailiwick-files-"));
after(() => {
  rmSync(directory, { recursive: true });
});

async function runOf(text: string, fileLimitMs?: number): Promise<{ readonly passed: boolean; readonly said: string }> {
  const file = join(directory, "one.test.ts");
  writeFileSync(file, `import { test } from "node:test";\nimport { spawn } from "node:child_process";\n${text}`);
  const lines: string[] = [];
  const say = (line: string): void => {
    lines.push(line);
  };
  const passed = await runTestFiles(directory, [file], { say, ...(fileLimitMs !== undefined && { fileLimitMs }) });
  return { passed, said: lines.join("\n") };
}

describe("test files", () => {
  test("pass, with their counts", async () => {
    const { passed, said } = await runOf(`test("a", () => {}); test("b", { skip: "why" }, () => {});`);
    assert.ok(passed, said);
    assert.match(said, /files 1, tests 2, pass 1, fail 0, cancelled 0, skipped 1\nall passed$/);
  });

  test("that fail are named, with what was wrong, at the end", async () => {
    const { passed, said } = await runOf(`test("a", () => { throw new Error("it is wrong"); });`);
    assert.ok(!passed);
    assert.match(
      said,
      /files 1, tests 1, pass 0, fail 1[^]*✖ .*one\.test\.ts ended with 1[^]*it is wrong[^]*1 files failed$/,
    );
  });

  test("without a test fail", async () => {
    const { passed, said } = await runOf("");
    assert.ok(!passed);
    assert.match(said, /has no tests/);
  });

  test("are not waited for when they leave a process behind, and it is ended", async () => {
    const leave = `test("a", () => { const left = spawn("sleep", ["600"], { stdio: "inherit" }); left.unref(); console.log("left " + left.pid); });`;
    const { passed, said } = await runOf(leave);
    assert.ok(passed, said);
    const pid = Number(/left (\d+)/.exec(said)?.[1]);
    await eventually(() => !isThere(pid), "what it left has ended");
  });

  test("that do not end are killed and named", async () => {
    const { passed, said } = await runOf(`test("a", () => { setInterval(() => {}, 1000); });`, 5_000);
    assert.ok(!passed);
    assert.match(said, /one\.test\.ts did not end within 5 s and was killed/);
  });
});

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
