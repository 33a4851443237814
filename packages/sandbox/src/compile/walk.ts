import { isErrno } from "@bailiwick/base";
import { listDirectory, type DirectoryEntry } from "./directory-entries.ts";
import { lookAt, lookThrough, realPathOf } from "./host-files.ts";
import type { IsMasked } from "./mask-pattern.ts";

/** What one walk through a directory tree found; absolute paths. */
export interface Found {
  /** To be covered, with whether it is a directory. */
  readonly masked: Map<string, boolean>;
  /** Every `.git`, whatever it is. */
  readonly gits: string[];
  /** Bare repositories: directories of other names that look like one. Nothing in them is looked at. */
  readonly bare: string[];
}

/**
 * Looks through a tree once for names that are masked and for repositories. Symbolic links are not followed; a masked one leads to
 * its target, which is covered where it really is (outside the visible it leads nowhere inside). Nothing in `.git` is looked at.
 * Sockets are masked unless a pattern takes them out: a server of the person behind one acts outside for whoever connects, and a
 * read-only mount does not keep anybody from connecting.
 */
export function walkTree(root: string, isMasked: IsMasked): Found {
  const found: Found = { masked: new Map(), gits: [], bare: [] };
  const pending: string[] = [""];
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    const directory = below === "" ? root : `${root}/${below}`;
    const entries = readEntries(directory);
    if (entries === undefined) {
      // Its owner can make it readable again inside: what can't be searched for secrets is not shown.
      found.masked.set(directory, true);
      continue;
    }
    if (below !== "" && isBareRepository(entries)) {
      found.bare.push(directory);
      continue;
    }
    for (const entry of entries) {
      const name = entry.name;
      const path = below === "" ? name : `${below}/${name}`;
      const isDirectory = entry.isDirectory();
      if (name === ".git") addGit(`${directory}/.git`, found);
      else if (entry.isSymbolicLink()) maskTarget(`${root}/${path}`, isMasked(name, path, true) === true, found);
      else if (isMasked(name, path, isDirectory) ?? entry.isSocket()) found.masked.set(`${root}/${path}`, isDirectory);
      else if (isDirectory) pending.push(path);
    }
  }
  return found;
}

/** What git looks for [gitrepository-layout(5)]. */
function isBareRepository(entries: readonly DirectoryEntry[]): boolean {
  return ["HEAD", "objects", "refs"].every((wanted) => entries.some(({ name }) => name === wanted));
}

function addGit(path: string, found: Found): void {
  found.gits.push(path);
  // Git's own daemon of the person, outside.
  const monitor = `${path}/fsmonitor--daemon.ipc`;
  if (lookAt(monitor)?.isSocket() === true) found.masked.set(monitor, false);
}

function maskTarget(link: string, masked: boolean, found: Found): void {
  if (!masked) return;
  const target = realPathOf(link);
  if (target !== undefined) found.masked.set(target, lookThrough(target)?.isDirectory() === true);
}

/** undefined: not readable. A directory that has gone meanwhile has no entries. */
function readEntries(directory: string): readonly DirectoryEntry[] | undefined {
  try {
    return listDirectory(directory);
  } catch (error) {
    if (isErrno(error, "EACCES", "EPERM")) return undefined;
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}
