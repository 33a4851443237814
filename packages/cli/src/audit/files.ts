import { closeSync, openSync, readSync, writeFileSync } from "node:fs";
import { isErrno } from "@bailiwick/base";
import { CliError } from "../errors.ts";

const KEY = /^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$/;
const MAX_KEY_BYTES = 4_096;

/** A verifier key that was given as such, or as the file that holds it. @throws CliError CLI_FILE */
export function readKey(text: string): string {
  return KEY.test(text) ? text : readInput(text, MAX_KEY_BYTES).toString("latin1").trim();
}

/**
 * A file, or standard input for `-`, as far as `limit` and one byte more: enough to see that it is longer.
 * @throws CliError CLI_FILE
 */
export function readInput(path: string, limit: number): Buffer {
  const buffer = Buffer.alloc(limit + 1);
  try {
    const fd = path === "-" ? 0 : openSync(path, "r");
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(fd, buffer, length, buffer.length - length, null);
    }
    if (fd !== 0) closeSync(fd);
    return buffer.subarray(0, length);
  } catch (error) {
    throw fileError("read", path, error);
  }
}

/** To a file that is then complete, or to standard output. @throws CliError CLI_FILE */
export function writeOutput(path: string | undefined, bytes: Uint8Array): void {
  if (path === undefined) {
    process.stdout.write(bytes);
    return;
  }
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/** What the system said about a file that a person named, as an error for them; anything else as it is. */
export function fileError(verb: string, path: string, cause: unknown): unknown {
  if (
    !isErrno(cause, "ENOENT", "EACCES", "EPERM", "EISDIR", "ENOTDIR", "EROFS", "ENOSPC", "ELOOP", "ENAMETOOLONG", "EIO")
  )
    return cause;
  return new CliError("CLI_FILE", `cannot ${verb} \`${path}\`: ${cause.code ?? ""}`, {
    cause,
    remedy: "name a file that you can " + verb,
  });
}
