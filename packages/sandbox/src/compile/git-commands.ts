import { resolve } from "node:path";
import { isInside, lookAt, realPathOf } from "./host-files.ts";
import type { GitSetting } from "./git-settings.ts";

/** Keys whose value is, or begins, a command line, or names a program; whatever the section. */
const RUN_BY_GIT =
  /(command|cmd|helper|program|editor|pager|external|textconv|clean|smudge|process|driver|askpass|proxy|fsmonitor|filter|hook|pack|vcs|tunnel|update|path)$/;
/** Sections whose every key is a command. */
const COMMANDS = new Set(["alias", "pager"]);
const MAX_WORDS = 1000;

/**
 * Files of the work tree that git's settings make git run: `filter.x.clean = python3 tools/strip.py` runs at `git status`. Which word of a
 * command line is the program does not matter: every one that is a file there is taken.
 * @param tree where git runs them
 */
export function filesThatGitRuns(root: string, tree: string, settings: readonly GitSetting[]): readonly string[] {
  const words = settings
    .filter(({ section, key }) => COMMANDS.has(section) || (RUN_BY_GIT.test(key) && !isPlace(section, key)))
    .flatMap(({ value }) => value.split(/[\s"'`;|&()<>$!=]+/))
    .filter((word) => word !== "");
  const files = [...new Set(words)].slice(0, MAX_WORDS).flatMap((word) => {
    const real = realPathOf(resolve(tree, word));
    return real !== undefined && isInside(root, real) && lookAt(real)?.isFile() === true ? [real] : [];
  });
  return [...new Set(files)];
}

/** A directory or a file with settings, which are looked at for themselves. */
function isPlace(section: string, key: string): boolean {
  return (section === "submodule" && key === "path") || section === "include" || section === "includeif";
}
