import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { isErrno } from "@bailiwick/base";

/** Where a project is, and whose it is. */
export interface Surroundings {
  /** Absolute, links resolved. */
  readonly directory: string;
  readonly home: string;
  /** The person's. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Asks a program of the person, started in the home and not in the project; its output, or undefined when it is not there or fails. */
  readonly ask: (command: string, args: readonly string[]) => string | undefined;
}

/** A server that the project's tools fetch from. */
export interface Source {
  readonly url: string;
  /** Where it is said: a file, or a command that was asked. For a comment. */
  readonly from: string;
}

/** What one tool needs. */
export interface Findings {
  readonly tool: string;
  readonly sources: readonly Source[];
  /** What could not be found out and must be added by hand. */
  readonly notes: readonly string[];
}

/** A configuration file of more than this is none; a lock file may be long, and is only read by patterns that take one pass. */
const MAX_BYTES = 1024 * 1024;
const MAX_LOCK_BYTES = 64 * 1024 * 1024;

/** The text of a file; empty when there is none, or it can't be read: then it configures nothing for the person either. */
export function textOf(path: string): string {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size <= (/lock/.test(basename(path)) ? MAX_LOCK_BYTES : MAX_BYTES)
      ? readFileSync(path, "utf8")
      : "";
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES", "ELOOP")) return "";
    throw error;
  }
}

/** Every first group that a pattern finds in a file, each as a source. */
export function sourcesIn(path: string, shown: string, pattern: RegExp): readonly Source[] {
  return matchesOf(textOf(path), pattern).map((url) => ({ url, from: shown }));
}

export function matchesOf(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].flatMap(([, group]) => (group === undefined ? [] : [group.trim()]));
}
