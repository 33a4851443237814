import { constants, type Dirent } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "@bailiwick/base";
import { CodeIndex } from "@bailiwick/leaks";
import { UNREADABLE_ERRNOS } from "./unreadable.ts";

/** What others wrote, or tools made. */
const FOREIGN_DIRECTORY =
  /^(?:\.git|\.hg|\.svn|node_modules|vendor|third_party|dist|build|out|target|coverage|\.venv|venv|__pycache__|\.next|\.cache|\.gradle|\.tox)$/;
const FOREIGN_FILE = /^(?:licen[sc]e|copying|notice)\b|\.lock$|-lock\.(?:json|yaml)$|\.min\.\w+$|\.map$|^go\.sum$/i;
/** More is data. */
const MOST_BYTES = 512 * 1024;
const MOST_FILES = 50_000;
const TEXT_SAMPLE = 8_192;

/**
 * The fingerprints of a workspace's own code, as it is now. Read without following links and without waiting: an earlier run may have left anything there. What
 * can't be read is left out.
 */
export async function readCode(workspace: string): Promise<CodeIndex> {
  const index = new CodeIndex();
  let files = 0;
  const directories = [workspace];
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    for (const entry of await entriesOf(directory)) {
      const path = join(directory, entry.name);
      if (entry.isDirectory() && !FOREIGN_DIRECTORY.test(entry.name)) directories.push(path);
      if (!entry.isFile() || FOREIGN_FILE.test(entry.name)) continue;
      if (index.isFull || ++files > MOST_FILES) return index;
      const text = await readText(path);
      if (text !== undefined) index.add(text);
    }
  }
  return index;
}

async function entriesOf(directory: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (isErrno(error, ...UNREADABLE_ERRNOS)) return [];
    throw error;
  }
}

async function readText(path: string): Promise<Uint8Array | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > MOST_BYTES) return undefined;
    const bytes = await file.readFile();
    return bytes.subarray(0, TEXT_SAMPLE).includes(0) ? undefined : bytes;
  } catch (error) {
    if (isErrno(error, ...UNREADABLE_ERRNOS)) return undefined;
    throw error;
  }
}
