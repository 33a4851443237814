import { statSync } from "node:fs";
import { join } from "node:path";
import { isErrno } from "@bailiwick/base";

/** What was fetched since is not asked for again before a run. */
export const FRESH_MS = 5 * 60_000;

/** Whether the server was asked so shortly ago that a run need not wait for it. A clock that was put back is no reason not to ask. */
export function isFresh(directory: string, now: number): boolean {
  try {
    const age = now - statSync(join(directory, "policy", "heard")).mtimeMs;
    return age >= 0 && age < FRESH_MS;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}
