/** Files of a host that its runs and commands share: whoever reads one finds it whole. */
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isErrno } from "@bailiwick/base";

/** Puts a file, for its owner alone, in the place of what is there. Several processes may do so at once. */
export function replaceFile(path: string, text: string): void {
  const partial = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  writeFileSync(partial, text, { mode: 0o600 });
  renameSync(partial, path);
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
