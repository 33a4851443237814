import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isErrno } from "@bailiwick/base";
import { SandboxError } from "../errors.ts";
import { unlessAbsent } from "./host-files.ts";
import { identityOf, isAlive, parseIdentity } from "./process-identity.ts";

const WAIT_MS = 5;
const GIVE_UP_AFTER_MS = 10_000;

/**
 * Takes the lock of a directory, waiting for others; it is held for milliseconds, so the thread sleeps. The lock of a process that
 * is gone is taken over. The returned function gives it back.
 * @throws SandboxError SANDBOX_VIEW_REFUSED when it is held for 10 s
 */
export function lockDirectory(directory: string): () => void {
  const path = join(directory, "lock");
  const own = `${path}.${randomBytes(8).toString("hex")}`;
  // Linked into place whole, so that nobody sees a lock without its owner in it.
  writeFileSync(own, JSON.stringify(identityOf(process.pid)), { mode: 0o600 });
  try {
    for (let waited = 0; !tryLink(own, path); waited += WAIT_MS) {
      if (waited > GIVE_UP_AFTER_MS) {
        throw new SandboxError("SANDBOX_VIEW_REFUSED", `another run holds \`${path}\` for too long`, {
          remedy: "end it, or remove that file when there is none",
        });
      }
      if (!takeOver(path)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
    }
  } finally {
    unlinkSync(own);
  }
  return () => {
    unlinkSync(path);
  };
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    throw error;
  }
}

/** Takes away the lock of a process that is gone; true when there may be none now. */
function takeOver(path: string): boolean {
  const seen = unlessAbsent(() => readFileSync(path, "utf8"));
  if (seen === undefined) return true;
  if (isHeld(seen)) return false;
  const aside = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return true;
    throw error;
  }
  // Between the look and the move another may have taken it over: then it is theirs, and put back.
  if (isHeld(readFileSync(aside, "utf8"))) tryLink(aside, path);
  unlinkSync(aside);
  return true;
}

function isHeld(text: string): boolean {
  const owner = parseIdentity(JSON.parse(text));
  return owner !== undefined && isAlive(owner);
}
