import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isErrno } from "@bailiwick/base";
import { SandboxError } from "../errors.ts";
import { identityOf, isAlive } from "./process-identity.ts";

const FREE = "lock.free";
const WAIT_MS = 5;
const GIVE_UP_AFTER_MS = 10_000;

/**
 * Takes the lock of a directory (made with it), waiting for others; it is held for milliseconds, so the thread sleeps.
 *
 * INVARIANT(one-token): the lock is one file that is only ever renamed: `lock.free`, or `lock.PID-START` while that process has it.
 * A rename succeeds for one of those who try, so that neither taking it nor taking it over from a process that is gone can be done
 * twice; and nobody makes a second one, because the directory appears with it.
 * @returns the way to give it back
 * @throws SandboxError SANDBOX_VIEW_REFUSED when it is held for 10 s
 */
export function lockDirectory(directory: string): () => void {
  const free = join(directory, FREE);
  const { pid, startTicks } = identityOf(process.pid);
  const own = join(directory, `lock.${String(pid)}-${startTicks}`);
  for (let waited = 0; !tryRename(free, own); waited += WAIT_MS) {
    if (!existsSync(directory) && makeDirectory(directory)) continue;
    if (takeOver(directory)) continue;
    if (waited > GIVE_UP_AFTER_MS) {
      throw new SandboxError(
        "SANDBOX_VIEW_REFUSED",
        `another process holds the lock of \`${directory}\` for too long`,
        {
          remedy: "end the run that hangs (see `bailiwick runs`)",
        },
      );
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
  }
  return () => {
    renameSync(own, free);
  };
}

/** False when another was faster. */
function makeDirectory(directory: string): boolean {
  mkdirSync(dirname(directory), { recursive: true, mode: 0o700 });
  const made = mkdtempSync(`${directory}.`);
  writeFileSync(join(made, FREE), "", { mode: 0o600 });
  try {
    renameSync(made, directory);
    return true;
  } catch (error) {
    if (!isErrno(error, "ENOTEMPTY", "EEXIST")) throw error;
    rmSync(made, { recursive: true });
    return false;
  }
}

/** Frees the lock of a process that is gone; true when that was done. */
function takeOver(directory: string): boolean {
  for (const name of readdirSync(directory)) {
    const [, pid, startTicks] = /^lock\.(\d+)-(\d+)$/.exec(name) ?? [];
    if (pid === undefined || startTicks === undefined || isAlive({ pid: Number(pid), startTicks })) continue;
    return tryRename(join(directory, name), join(directory, FREE));
  }
  return false;
}

function tryRename(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw error;
  }
}
