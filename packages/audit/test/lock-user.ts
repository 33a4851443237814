/** Takes the lock again and again; says so when another process that still lives is in there with it. `without`: does not take it. */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { isErrno } from "@bailiwick/base";
import { FileLock } from "../src/lock.ts";

const [, , path = "", mode = ""] = process.argv;
const lock = new FileLock(path);
const marker = `${path}.inside`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${String(pid)}/status`, "utf8"));
  } catch (error) {
    if (isErrno(error, "ESRCH", "ENOENT")) return false;
    throw error;
  }
}

/** A killed process gives up its files, and its lock with them, a moment before it counts as dead. */
async function staysAlive(pid: number): Promise<boolean> {
  const deadline = performance.now() + 2_000;
  while (isAlive(pid)) {
    if (performance.now() > deadline) return true;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return false;
}

/** Whoever says to be inside; 0 when it has just left, or not said so yet. */
function inside(): number {
  try {
    return Number(readFileSync(marker, "utf8"));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return 0;
    throw error;
  }
}

async function enter(): Promise<void> {
  try {
    const fd = openSync(marker, "wx");
    writeSync(fd, String(process.pid));
    closeSync(fd);
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
    const other = inside();
    if (other > 0 && (await staysAlive(other))) writeSync(1, `violation: ${String(other)} is inside too\n`);
    rmSync(marker, { force: true });
    await enter();
  }
}

for (;;) {
  const held = mode === "without" ? undefined : await lock.acquire(20_000);
  await enter();
  writeSync(1, "held\n");
  if (mode === "hold") await new Promise((resolve) => setTimeout(resolve, 600_000));
  await new Promise((resolve) => setTimeout(resolve, 1));
  rmSync(marker, { force: true });
  held?.release();
}
