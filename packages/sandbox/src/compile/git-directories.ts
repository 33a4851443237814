import { readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { filesThatGitRuns } from "./git-commands.ts";
import { personalGitFiles, readGitSettings, textOf, type GitSetting } from "./git-settings.ts";
import { isInside, lookAt, realPathOf, unlessAbsent } from "./host-files.ts";

/** A name that git takes commands from. */
export interface GitName {
  readonly path: string;
  readonly directory: boolean;
  /** What a placeholder says where nothing is; undefined: nothing needs to be held there. */
  readonly placeholder: string | undefined;
}

/** What the walk through a tree found of git. Absolute paths. */
export interface FoundGit {
  /** Every `.git`, whatever it is. */
  readonly gits: readonly string[];
  /** Directories of other names that git takes for a repository when it is started in them. */
  readonly bare: readonly string[];
}

/**
 * What must not change in repositories that exist, so that no git command of the person runs what an agent wrote:
 * - `hooks` and `config`, where git runs programs from;
 * - `commondir`: it says where *other* hooks and another config are. Where it does not exist, one that says `.` stands in its place:
 *   that is what its absence means;
 * - a `.git` file of a submodule or worktree, which says where its directory is, and that directory when it lies in the tree;
 * - submodules' directories that are not there yet: `git submodule update` would take one that is;
 * - the directory of hooks that a config names and files that it includes, also where they do not exist yet, files that it makes git
 *   run, and settings of hook managers that are installed.
 * @param personHome for the person's own git settings, which may name hooks and commands by a path in the work tree
 */
export function namesThatGitTrusts(root: string, found: FoundGit, personHome: string): readonly GitName[] {
  const personal = personalGitFiles(personHome).flatMap((file) => readGitSettings(file, personHome).settings);
  const context = { root, personHome, personal };
  const names = found.gits.flatMap((git) => {
    const stat = lookAt(git);
    if (stat === undefined) return [];
    if (stat.isDirectory()) return inRepository(context, git, dirname(git));
    const directory = directoryNamedBy(git);
    const isOwn =
      directory !== undefined && isInside(root, directory) && !found.gits.some((own) => isInside(own, directory));
    return [plain(git, false), ...(isOwn ? inRepository(context, directory, dirname(git)) : [])];
  });
  // One that nothing leads to is only used by who enters it: what is there is kept, and nothing is put into a project's test data.
  const bare = found.bare.flatMap((git) =>
    inRepository(context, git, git).filter(({ path }) => lookAt(path) !== undefined),
  );
  return [...names, ...bare];
}

/** True for what git would take for a repository's own directory; also without a work tree around it. */
export function isGitDirectory(path: string): boolean {
  const has = (name: string): boolean => lookAt(join(path, name)) !== undefined;
  return has("HEAD") && (has("objects") || has("commondir"));
}

interface Context {
  readonly root: string;
  readonly personHome: string;
  readonly personal: readonly GitSetting[];
}

/** What a `.git` file leads to: the repository's directory, also where it leads to that of one of its work trees. */
function directoryNamedBy(file: string): string | undefined {
  const named = /^gitdir: *(.+?)\s*$/m.exec(textOf(file))?.[1];
  const directory = named === undefined ? undefined : realPathOf(resolve(dirname(file), named));
  if (directory === undefined) return undefined;
  const common = textOf(join(directory, "commondir")).trim();
  return common === "" ? directory : realPathOf(resolve(directory, common));
}

function inRepository(context: Context, git: string, tree: string): readonly GitName[] {
  const names = [...inGitDirectory(git), ...outsideGitDirectory(context, git, tree)];
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

/** Names in the work tree that this repository's settings, or the person's own, make git read or run. */
function outsideGitDirectory({ root, personHome, personal }: Context, git: string, tree: string): GitName[] {
  const own = [join(git, "config"), join(git, "config.worktree")].map((file) => readGitSettings(file, personHome));
  const settings = [...own.flatMap((each) => each.settings), ...personal];
  const hookPaths = settings.filter(
    ({ section, key, value }) => section === "core" && key === "hookspath" && value !== "",
  );
  const names = [
    ...hookPaths.map(({ value }) => ({ path: resolve(tree, value), directory: true, placeholder: "" })),
    ...own.flatMap(({ files }) => files.slice(1)).map((path) => ({ path, directory: false, placeholder: "" })),
    ...filesThatGitRuns(root, tree, settings).map((path) => plain(path, false)),
    ...missingModules(git, tree, personHome),
  ];
  const hooks = ["pre-commit", "commit-msg", "pre-push", "post-checkout"].map((hook) =>
    textOf(join(git, "hooks", hook)),
  );
  for (const manager of HOOK_MANAGERS) {
    if (!hooks.some((text) => text.includes(manager))) continue;
    for (const file of HOOK_MANAGER_FILES[manager]) {
      const stat = lookAt(join(tree, file));
      if (stat !== undefined) names.push(plain(join(tree, file), stat.isDirectory()));
    }
  }
  return names.filter(
    ({ path }) => isInside(root, path) && path !== root && !isInside(path, git) && path !== join(git, "config"),
  );
}

/** Where git will put the submodules that `.gitmodules` names and that were never fetched. */
function missingModules(git: string, tree: string, personHome: string): readonly GitName[] {
  const { settings } = readGitSettings(join(tree, ".gitmodules"), personHome);
  const named = settings.flatMap(({ section, subsection }) => (section === "submodule" ? [subsection ?? ""] : []));
  return [...new Set(named)]
    .filter((name) => name !== "" && !name.split("/").some((part) => part === "" || part === "." || part === ".."))
    .map((name) => join(git, "modules", name))
    .filter((path) => lookAt(path) === undefined)
    .map((path) => ({ path, directory: true, placeholder: "" }));
}

function plain(path: string, directory: boolean): GitName {
  return { path, directory, placeholder: undefined };
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
