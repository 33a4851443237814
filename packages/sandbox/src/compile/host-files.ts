import { lstatSync, readlinkSync, realpathSync, statSync, type Stats } from "node:fs";
import { encodeOsString, isErrno } from "@bailiwick/base";

/** Not there, or not for us to see: for what is only looked for. */
const ABSENT = ["ENOENT", "ENOTDIR", "ELOOP", "EACCES", "ENAMETOOLONG"] as const;

/** A path as Node's file functions take it: bytes where it is not UTF-8 (see `decodeOsString`). */
export function osPath(path: string): string | Buffer {
  return path.isWellFormed() ? path : encodeOsString(path);
}

/** True when `inner` is `outer` or lies below it; both absolute, without trailing slashes. */
export function isInside(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(outer === "/" ? outer : `${outer}/`);
}

/** The path with symbolic links resolved; undefined when there is nothing at its end. */
export function realPathOf(path: string): string | undefined {
  return unlessAbsent(() => realpathSync.native(path));
}

/** What is there, without following a link at the end. */
export function lookAt(path: string): Stats | undefined {
  return unlessAbsent(() => lstatSync(osPath(path)));
}

/** What is there, links followed. */
export function lookThrough(path: string): Stats | undefined {
  return unlessAbsent(() => statSync(osPath(path)));
}

export function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (isErrno(error, "EINVAL", ...ABSENT)) return undefined;
    throw error;
  }
}

export function unlessAbsent<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isErrno(error, ...ABSENT)) return undefined;
    throw error;
  }
}
