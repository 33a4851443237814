import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Mount } from "../launch-spec.ts";
import { isInside, lookAt, unlessAbsent } from "./host-files.ts";
import type { Protection } from "./protection.ts";

/** An index of more than this is not looked through. */
const MAX_INDEX_BYTES = 64 * 1024 * 1024;

/**
 * Adds to what git ignores, as seen inside, what is not as it looks there: placeholders, and masked files, which are empty. An agent
 * that adds everything must commit neither. Where a repository has no `info/exclude` there is nothing to say it in, and they show
 * as untracked.
 */
export function hideFromGit(
  { root, missing }: Protection,
  masked: ReadonlyMap<string, boolean>,
): readonly Extract<Mount, { kind: "cover" }>[] {
  const target = join(root, ".git/info/exclude");
  const placeholders = [...missing].filter(([path, content]) => content !== undefined && dirname(path) === root);
  const names = [
    ...placeholders.map(([path]) => basename(path)),
    ...[...masked.keys()].filter((path) => isInside(root, path)).map((path) => path.slice(root.length + 1)),
  ].filter((name) => !name.includes("\n"));
  if (names.length === 0 || lookAt(target)?.isFile() !== true) return [];
  const before = readFileSync(target, "utf8").replace(/(?<!^|\n)$/, "\n");
  const lines = names.sort().map((name) => `/${name.replace(/[\\*?[\] ]/g, "\\$&")}\n`);
  return [{ kind: "cover", target, content: Buffer.from(before + lines.join("")), directory: false }];
}

/**
 * A masked file that git tracks: its content is in the history, which can be read, and an agent that commits all changes would
 * commit it empty. Nothing can be done about either from here, so it is said.
 */
export function warnOfTracked(root: string, masked: ReadonlyMap<string, boolean>): readonly string[] {
  const path = join(root, ".git/index");
  const inRoot = [...masked].filter(([each, directory]) => !directory && isInside(root, each));
  const stat = inRoot.length === 0 ? undefined : lookAt(path);
  if (stat?.isFile() !== true || stat.size > MAX_INDEX_BYTES) return [];
  // Names stand in the index as they are, ended by a NUL. (In its version 4 their beginnings are left out: then nothing is found.)
  const index = unlessAbsent(() => readFileSync(path)) ?? Buffer.alloc(0);
  return inRoot
    .map(([each]) => each.slice(root.length + 1))
    .filter((name) => isInIndex(index, Buffer.from(`${name}\0`)))
    .map(
      (name) =>
        `\`${name}\` is masked, and git tracks it: its history can be read in the run, and a commit of all changes would empty it (take it out of git, or say \`mask = ["!${name}"]\` in a profile of your own)`,
    );
}

/** Before a name stand its flags, with its length in the lower 12 bits: a longer name that ends alike is told apart by that. */
function isInIndex(index: Buffer, name: Buffer): boolean {
  for (let at = index.indexOf(name); at >= 2; at = index.indexOf(name, at + 1)) {
    if ((index.readUInt16BE(at - 2) & 0xfff) === Math.min(name.length - 1, 0xfff)) return true;
  }
  return false;
}
