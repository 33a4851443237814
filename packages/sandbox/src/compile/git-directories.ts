import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isInside, lookAt, unlessAbsent } from "./host-files.ts";

/** A name that git takes commands from. */
export interface GitName {
  readonly path: string;
  readonly directory: boolean;
  /** What a placeholder says where nothing is; undefined: nothing needs to be held there. */
  readonly placeholder: string | undefined;
}

/**
 * What must not change in repositories that exist, so that no git command of the person runs what an agent wrote:
 * - `hooks` and `config`, where git runs programs from;
 * - `commondir`: it says where *other* hooks and another config are. Where it does not exist, one that says `.` stands in its place:
 *   that is what its absence means;
 * - a `.git` file of a submodule or worktree, which says where its directory is;
 * - the directory of hooks that the config names, files that the config includes, and settings of hook managers that are installed.
 * @param gits every `.git` below `root`, as the walk found them
 */
export function namesThatGitTrusts(root: string, gits: readonly string[]): readonly GitName[] {
  return gits.flatMap((git) => {
    const stat = lookAt(git);
    if (stat === undefined) return [];
    if (!stat.isDirectory()) return [{ path: git, directory: false, placeholder: undefined }];
    return inRepository(root, git);
  });
}

/** True for what git would take for a repository's own directory; also without a work tree around it. */
export function isGitDirectory(path: string): boolean {
  return lookAt(join(path, "HEAD")) !== undefined;
}

function inRepository(root: string, git: string): readonly GitName[] {
  const names = [...inGitDirectory(git), ...outsideGitDirectory(root, git)];
  for (const module of modulesBelow(join(git, "modules"))) names.push(...inGitDirectory(module));
  for (const name of directoriesIn(join(git, "worktrees"))) {
    const worktree = join(git, "worktrees", name);
    for (const file of ["commondir", "gitdir", "config.worktree"]) {
      if (lookAt(join(worktree, file)) !== undefined) names.push(plain(join(worktree, file), false));
    }
  }
  return names;
}

function inGitDirectory(git: string): GitName[] {
  const names = [
    { path: join(git, "hooks"), directory: true, placeholder: "" },
    { path: join(git, "config"), directory: false, placeholder: "" },
    { path: join(git, "commondir"), directory: false, placeholder: ".\n" },
  ];
  const perWorktree = join(git, "config.worktree");
  // Only read when the config says so; an empty one changes nothing then.
  if (lookAt(perWorktree) !== undefined || /worktreeconfig/i.test(textOf(join(git, "config")))) {
    names.push({ path: perWorktree, directory: false, placeholder: "" });
  }
  return names;
}

const HOOK_MANAGERS = ["pre-commit", "lefthook", "husky", "overcommit", "captainhook"] as const;
const HOOK_MANAGER_FILES: Readonly<Record<(typeof HOOK_MANAGERS)[number], readonly string[]>> = {
  "pre-commit": [".pre-commit-config.yaml"],
  lefthook: ["lefthook.yml", "lefthook.yaml", ".lefthook.yml", ".lefthook", "lefthook-local.yml"],
  husky: [".husky", ".huskyrc", ".huskyrc.json"],
  overcommit: [".overcommit.yml", ".git-hooks"],
  captainhook: ["captainhook.json"],
};

/** Names in the work tree that this repository's own settings make git run. Those exist; what does not is not run yet. */
function outsideGitDirectory(root: string, git: string): GitName[] {
  const tree = dirname(git);
  const config = textOf(join(git, "config"));
  const named = [
    ...valuesOf(config, "hookspath").map((path) => resolve(tree, path)),
    ...valuesOf(config, "path").map((path) => resolve(git, path)),
  ];
  const hooks = ["pre-commit", "commit-msg", "pre-push", "post-checkout"].map((hook) =>
    textOf(join(git, "hooks", hook)),
  );
  for (const manager of HOOK_MANAGERS) {
    if (!hooks.some((text) => text.includes(manager))) continue;
    named.push(...HOOK_MANAGER_FILES[manager].map((file) => join(tree, file)));
  }
  return named
    .filter((path) => isInside(root, path) && path !== root && !isInside(path, git))
    .flatMap((path) => {
      const stat = lookAt(path);
      return stat === undefined ? [] : [plain(path, stat.isDirectory())];
    });
}

function plain(path: string, directory: boolean): GitName {
  return { path, directory, placeholder: undefined };
}

/** The values of a key in git's configuration, in whatever section: more than git itself would take, never less. */
function valuesOf(config: string, key: string): readonly string[] {
  return [...config.matchAll(/^\s*(?:\[[^\]\n]*\]\s*)?([a-z]+)\s*=\s*"?([^"\n#;]+)"?/gim)].flatMap(([, name, value]) =>
    name?.toLowerCase() === key && value !== undefined ? [value.trim()] : [],
  );
}

/** Submodules' own directories: their names may hold slashes. */
function modulesBelow(path: string): readonly string[] {
  return directoriesIn(path).flatMap((name) => {
    const below = join(path, name);
    return isGitDirectory(below) ? [below, ...modulesBelow(join(below, "modules"))] : modulesBelow(below);
  });
}

function directoriesIn(path: string): readonly string[] {
  const entries = unlessAbsent(() => readdirSync(path, { withFileTypes: true })) ?? [];
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Enough of a hook or a configuration; nothing when it is not a file. */
function textOf(path: string): string {
  const stat = lookAt(path);
  if (stat?.isFile() !== true || stat.size > 1024 * 1024) return "";
  return unlessAbsent(() => readFileSync(path, "utf8")) ?? "";
}
