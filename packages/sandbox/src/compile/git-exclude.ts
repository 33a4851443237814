import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { encodeOsString, isErrno } from "@bailiwick/base";
import { lookAt, osPath } from "./host-files.ts";
import type { Placeholder } from "./placeholder-journal.ts";

/**
 * While a run goes on, the person works in the same repository: `git add -A` must not take the placeholders along. So for that time
 * they stand in `.git/info/exclude`, in a block of the run's own, where that file exists. It is written in place: renaming another over it
 * would take the covers of other runs away. Nothing depends on it, so where it can't be written they show as untracked.
 */
export function excludeFromGit(id: string, placeholders: readonly Placeholder[]): void {
  for (const [root, names] of namesByRepository(placeholders)) {
    const block = [begin(id), ...names.map((name) => `/${escapePattern(name)}`), end(id)].join("\n");
    edit(root, (text) => `${withoutBlock(text, id).replace(/(?<=[^\n])$/, "\n")}${block}\n`);
  }
}

/** Takes the block of a run out again; everything else stays as it is. */
export function includeInGit(id: string, placeholders: readonly Placeholder[]): void {
  for (const root of namesByRepository(placeholders).keys()) edit(root, (text) => withoutBlock(text, id));
}

const begin = (id: string): string => `# bailiwick run ${id}: names that are held while it goes on`;
const end = (id: string): string => `# bailiwick run ${id}: end`;

/** Files only: git does not see empty directories. */
function namesByRepository(placeholders: readonly Placeholder[]): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const { path, content } of placeholders) {
    const root = dirname(path);
    if (content === undefined || path.includes("\n") || basename(root) === ".git") continue;
    names.set(root, [...(names.get(root) ?? []), basename(path)]);
  }
  return names;
}

/** As bytes, one character each: the file is read and written so, because it need not be UTF-8. */
function escapePattern(name: string): string {
  return Buffer.from(encodeOsString(name))
    .toString("latin1")
    .replace(/[\\*?[\] ]/g, "\\$&");
}

function withoutBlock(text: string, id: string): string {
  const from = text.indexOf(begin(id));
  const to = text.indexOf(end(id), from);
  return from < 0 || to < 0 ? text : text.slice(0, from) + text.slice(to + end(id).length + 1);
}

/** Nothing on the way to the file may be a symbolic link: an earlier run may have put one there. */
function edit(root: string, change: (text: string) => string): void {
  const info = join(root, ".git/info");
  if (lookAt(dirname(info))?.isDirectory() !== true || lookAt(info)?.isDirectory() !== true) return;
  let file: number | undefined;
  try {
    file = openSync(osPath(join(info, "exclude")), constants.O_RDWR | constants.O_NOFOLLOW);
    const before = readFileSync(file, "latin1");
    const after = change(before);
    if (after === before) return;
    writeSync(file, after, 0, "latin1");
    ftruncateSync(file, after.length);
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR", "ELOOP", "EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EISDIR"))
      throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
