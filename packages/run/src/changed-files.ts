import { lstatSync } from "node:fs";
import { join } from "node:path";
import { isErrno } from "@bailiwick/base";
import { listDirectory, osPath } from "@bailiwick/sandbox";

/** What a run changed in its workspace, as far as the file system tells. */
export interface ChangedFiles {
  /** Relative to the workspace, sorted; the first {@link LISTED}. A directory with a slash behind lost or gained names. */
  readonly paths: readonly string[];
  readonly count: number;
  /** False when the workspace was too large to be looked through in time: then `count` is a lower bound. */
  readonly complete: boolean;
}

const LISTED = 100;
/** File times come from a clock that moves once a tick: what changed just after a moment may seem to be from before. */
const TICK_MS = 10;
/** Git's own files change with every command and are named together. */
const TOGETHER = ".git";

/**
 * Looks for what changed since `sinceMs`, by ctime, which no program can set back. One walk after the run, nothing before it,
 * and no program is asked: git would run what the workspace's own configuration says, outside the sandbox.
 * @param untold directories whose own change was Bailiwick's, absolute
 */
export function findChangedFiles(
  workspace: string,
  {
    sinceMs,
    budgetMs,
    untold,
  }: { readonly sinceMs: number; readonly budgetMs: number; readonly untold: ReadonlySet<string> },
): ChangedFiles {
  const until = performance.now() + budgetMs;
  const since = sinceMs - TICK_MS;
  const found: string[] = [];
  const waiting = [workspace];
  let count = 0;
  const add = (path: string): void => {
    count++;
    if (found.length < LISTED * 10) found.push(path.slice(workspace.length + 1) || "./");
  };
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    if (performance.now() > until) return { paths: found.sort().slice(0, LISTED), count, complete: false };
    const { changed, directories } = listChanged(directory, since);
    changed.forEach(add);
    for (const path of directories) {
      if (path !== join(workspace, TOGETHER)) waiting.push(path);
      else if (hasChanges(path, since, untold)) add(`${path}/`);
    }
    // Names were taken away, and nothing else tells of it.
    const told = changed.length > 0 || directories.some((path) => changedSince(path, since, "birthtimeMs"));
    if (!told && !untold.has(directory) && changedSince(directory, since, "mtimeMs")) add(`${directory}/`);
  }
  return { paths: found.sort().slice(0, LISTED), count, complete: true };
}

function listChanged(
  directory: string,
  sinceMs: number,
): { readonly changed: string[]; readonly directories: string[] } {
  const changed: string[] = [];
  const directories: string[] = [];
  try {
    for (const entry of listDirectory(directory)) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) directories.push(path);
      else if (changedSince(path, sinceMs, "ctimeMs")) changed.push(path);
    }
  } catch (error) {
    if (!isErrno(error, "ENOENT", "EACCES", "ENOTDIR")) throw error;
  }
  return { changed, directories };
}

/** The parts of a repository's own directory that move when something is committed, fetched, staged or configured. */
function hasChanges(git: string, sinceMs: number, untold: ReadonlySet<string>): boolean {
  const own = untold.has(git) ? [] : [""];
  return [...own, "index", "HEAD", "refs", "refs/heads", "logs/HEAD", "config", "FETCH_HEAD", "hooks"].some((name) =>
    changedSince(join(git, name), sinceMs, "ctimeMs"),
  );
}

function changedSince(path: string, sinceMs: number, which: "ctimeMs" | "mtimeMs" | "birthtimeMs"): boolean {
  try {
    return (lstatSync(osPath(path), { throwIfNoEntry: false })?.[which] ?? 0) >= sinceMs;
  } catch (error) {
    if (isErrno(error, "EACCES", "ENOTDIR", "ELOOP")) return false;
    throw error;
  }
}
