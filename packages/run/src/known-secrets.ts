import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { basename, join } from "node:path";
import { escapeControls, isErrno } from "@bailiwick/base";
import { osPath } from "@bailiwick/sandbox";
import { valuesOfEnvironment, valuesOfFile, type KnownValue } from "@bailiwick/secrets";
import { UNREADABLE_ERRNOS } from "./unreadable.ts";

/** Files with logins are small, and few. */
const MOST_BYTES = 64 * 1024;
const MOST_FILES = 200;
const NAME_CHARACTERS = 40;

/**
 * The secrets that a run's own settings tell: values of its variables, and what stands in files that it must not read.
 * @param masked files, and directories of files
 */
export function knownSecrets(environment: readonly string[], masked: readonly string[]): readonly KnownValue[] {
  const files = masked.flatMap((path) => filesAt(path)).slice(0, MOST_FILES);
  const ofFiles = files.flatMap((path) => {
    const content = readSmallFile(path);
    const name = escapeControls(basename(path)).replaceAll(/[[\]]/g, "").slice(0, NAME_CHARACTERS);
    return content === undefined ? [] : valuesOfFile(name, content);
  });
  return [...ofFiles, ...valuesOfEnvironment(environment)];
}

function filesAt(path: string): readonly string[] {
  try {
    return readdirSync(osPath(path)).map((name) => join(path, name));
  } catch (error) {
    if (isErrno(error, "ENOTDIR")) return [path];
    if (isErrno(error, ...UNREADABLE_ERRNOS)) return [];
    throw error;
  }
}

/** Without waiting for a FIFO and without reading a device: an agent may have left one there. */
function readSmallFile(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(osPath(path), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, ...UNREADABLE_ERRNOS)) return undefined;
    throw error;
  }
  try {
    if (!fstatSync(fd).isFile()) return undefined;
    const bytes = Buffer.alloc(MOST_BYTES);
    return bytes.toString("utf8", 0, readSync(fd, bytes, 0, MOST_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}
