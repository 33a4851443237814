import { createHash, randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { isErrno } from "@bailiwick/base";
import { lookAt, osPath, unlessAbsent } from "./host-files.ts";
import type { Placeholder } from "./placeholder-journal.ts";

/** More than this of one kind are not kept. */
const MAX_KEPT = 64;

/**
 * Placeholders that are not in use: moving one into a workspace and back costs a fiftieth of making and removing one (ext4 allocates
 * and frees an inode for each), and a run needs some thirty. Used under the lock of the journals, and for as long as that is held.
 * Elsewhere than on the file system of the state directory they are made anew.
 */
export class PlaceholderStock {
  readonly #directory: string;
  /** By what is kept there: hashing that for each of some sixty moves would be felt. */
  readonly #shelves = new Map<string | undefined, Shelf>();
  /** One random name a stock, and a number for each placeholder that is put into it. */
  readonly #session = randomBytes(8).toString("hex");
  #put = 0;

  constructor(directory: string) {
    this.#directory = join(directory, "stock");
  }

  /** @returns false when it has to be made */
  take({ path, content, covered }: Placeholder): boolean {
    const from = covered ? this.#shelf(content).kept.pop() : undefined;
    if (from === undefined || !isAsMade(from, content)) return false;
    try {
      if (content === undefined) {
        renameSync(from, osPath(path)); // onto a directory that is not empty, or a file, it fails
      } else {
        linkSync(from, osPath(path)); // a rename would replace what has appeared there
        unlinkSync(from);
      }
      return true;
    } catch (error) {
      if (isErrno(error, "EXDEV", "EPERM", "EMLINK", "ENOTEMPTY", "EEXIST", "ENOTDIR", "ENOENT")) return false;
      throw error;
    }
  }

  /** Takes one away that {@link isAsMade}; false when it has to be removed. What was filled between the look and the move is put back. */
  put({ path, content, covered }: Placeholder): boolean {
    const shelf = this.#shelf(content);
    // A file that has another name could be written to by that name, wherever it is used next.
    if (!covered || shelf.kept.length >= MAX_KEPT || (content !== undefined && lookAt(path)?.nlink !== 1)) return false;
    const to = join(shelf.directory, `${this.#session}-${String(++this.#put)}`);
    try {
      renameSync(osPath(path), to);
    } catch (error) {
      if (isErrno(error, "EXDEV", "EACCES", "EPERM", "EBUSY", "EROFS")) return false;
      throw error;
    }
    if (isAsMade(to, content)) shelf.kept.push(to);
    else renameSync(to, osPath(path));
    return true;
  }

  /** What is kept of one kind, read once. */
  #shelf(content: string | undefined): Shelf {
    const known = this.#shelves.get(content);
    if (known !== undefined) return known;
    const directory = join(this.#directory, shelfName(content));
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const shelf = { directory, kept: readdirSync(directory).map((entry) => join(directory, entry)) };
    this.#shelves.set(content, shelf);
    return shelf;
  }
}

interface Shelf {
  readonly directory: string;
  readonly kept: string[];
}

function shelfName(content: string | undefined): string {
  return content === undefined ? "directories" : createHash("sha256").update(content).digest("hex").slice(0, 16);
}

/** True for what is there exactly as a placeholder is made: an empty directory, or a file with this content. */
export function isAsMade(path: string, content: string | undefined): boolean {
  const stat = lookAt(path);
  if (content === undefined) {
    return stat?.isDirectory() === true && unlessAbsent(() => readdirSync(osPath(path)))?.length === 0;
  }
  return (
    stat?.isFile() === true &&
    stat.size === Buffer.byteLength(content) &&
    unlessAbsent(() => readFileSync(osPath(path), "utf8")) === content
  );
}
