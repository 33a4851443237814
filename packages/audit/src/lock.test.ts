import assert from "node:assert/strict";
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { temporaryRecord } from "../test/fixtures.ts";
import { killSoon, startChild } from "../test/processes.ts";
import { AuditError } from "./errors.ts";
import { FileLock } from "./lock.ts";

function lockPath(context: TestContext): string {
  const directory = temporaryRecord(context);
  mkdirSync(directory);
  return join(directory, "lock");
}

const isLocked = (error: unknown): boolean => error instanceof AuditError && error.code === "AUDIT_LOCKED";

describe("the lock of a log", () => {
  test("excludes a second holder in the same process, and lets it in afterwards", async (context) => {
    const path = lockPath(context);
    const [one, other] = [new FileLock(path), new FileLock(path)];
    const held = await one.acquire(1_000);
    await assert.rejects(other.acquire(20), isLocked);
    held.release();
    (await other.acquire(1_000)).release();
    one.close();
    other.close();
    assert.equal(statSync(path).size, 0);
  });

  test("is free at once when its holder is killed", async (context) => {
    const path = lockPath(context);
    const child = startChild("lock-user.ts", path, "hold");
    await child.waitForLine();
    const lock = new FileLock(path);
    const named = new RegExp(`process ${String(child.process.pid)} has held`);
    await assert.rejects(lock.acquire(20), (error) => isLocked(error) && named.test(String(error)));
    child.process.kill("SIGKILL");
    await child.ended;
    (await lock.acquire(0)).release();
    lock.close();
  });

  test("excludes other processes, however many are killed", async (context) => {
    const path = lockPath(context);
    const workers = Array.from({ length: 4 }, async (_, worker) => {
      const lines: string[] = [];
      for (let round = 0; round < 4; round++) {
        const child = startChild("lock-user.ts", path);
        await killSoon(child, 5 + 13 * worker + 7 * round);
        lines.push(...child.lines);
      }
      return lines;
    });
    const lines = (await Promise.all(workers)).flat();
    assert.deepEqual(
      lines.filter((line) => line !== "held"),
      [],
    );
    assert.ok(lines.length >= 16);
  });

  test("negative control: without the lock they meet", async (context) => {
    const path = lockPath(context);
    const children = [startChild("lock-user.ts", path, "without"), startChild("lock-user.ts", path, "without")];
    const deadline = performance.now() + 20_000;
    const hasMet = (): boolean => children.some(({ lines }) => lines.some((line) => line.startsWith("violation")));
    while (!hasMet() && performance.now() < deadline) await Promise.race(children.map((child) => child.waitForLine()));
    for (const child of children) child.process.kill("SIGKILL");
    await Promise.all(children.map((child) => child.ended));
    assert.ok(hasMet());
  });

  test("is not kept by a file that was removed: whoever locks the new one is excluded too", async (context) => {
    const path = lockPath(context);
    const [one, other] = [new FileLock(path), new FileLock(path)];
    (await one.acquire(1_000)).release();
    rmSync(path);
    const held = await other.acquire(1_000);
    await assert.rejects(one.acquire(20), isLocked);
    held.release();
    (await one.acquire(1_000)).release();
    one.close();
    other.close();
  });

  test("that cannot be made is an error, not a lock", async (context) => {
    const lock = new FileLock(join(temporaryRecord(context), "absent", "lock"));
    await assert.rejects(
      lock.acquire(20),
      (error) => error instanceof AuditError && error.code === "AUDIT_LOCK_FAILED",
    );
  });
});
