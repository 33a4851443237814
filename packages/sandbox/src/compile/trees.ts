import { dirname, join } from "node:path";
import type { Mount } from "../launch-spec.ts";
import type { Profile } from "../profile-types.ts";
import { isGitDirectory, namesThatGitTrusts } from "./git-directories.ts";
import { hideFromGit, warnOfTracked } from "./git-view.ts";
import { isInside } from "./host-files.ts";
import { compileMasks } from "./mask-pattern.ts";
import type { Held } from "./placeholders.ts";
import type { Placeholder } from "./placeholder-journal.ts";
import { planProtection, type Protection } from "./protection.ts";
import type { Root } from "./roots.ts";
import { walkTree, type Found } from "./walk.ts";

const NOTHING = new Uint8Array();

/** What lies over names in the trees that the profile shows. */
export interface TreePlan {
  readonly mounts: readonly Mount[];
  /** Host paths that read as empty. */
  readonly covered: readonly string[];
  /** Host paths that can't be changed or made. */
  readonly protected: readonly string[];
  readonly placeholders: readonly Placeholder[];
  readonly warnings: readonly string[];
}

/**
 * Looks through the roots of a run and plans what must be covered, protected and pinned in them.
 * @param held placeholders of other runs
 * @throws SandboxError SANDBOX_WORKSPACE_REFUSED
 */
export function planTrees(
  roots: readonly Root[],
  profile: Profile,
  { workspace, personHome }: { readonly workspace: string; readonly personHome: string },
  held: Held,
): TreePlan {
  const isMasked = compileMasks(profile.filesystem.mask);
  const isWritable = (path: string): boolean =>
    roots.findLast(({ target }) => isInside(target, path))?.writable === true;
  const masked = new Map<string, boolean>();
  const protections: Protection[] = [];
  for (const { target } of roots) {
    if (target !== workspace && isInside(workspace, target)) continue; // walked with the workspace
    const found: Found = isGitDirectory(target)
      ? { masked: new Map(), gits: [target], bare: [] }
      : walkTree(target, isMasked);
    for (const [path, directory] of found.masked) masked.set(path, directory);
    const names = {
      profile: target === workspace ? profile.filesystem.protect.filter((name) => isWritable(join(target, name))) : [],
      git: namesThatGitTrusts(target, found, personHome).filter(({ path }) => isWritable(path)),
    };
    protections.push(planProtection(target, names, held));
  }
  for (const path of masked.keys()) {
    // A masked link can lead anywhere: out of what is visible, where it ends in nothing, or to a whole root.
    if (!roots.some(({ target }) => target !== path && isInside(target, path))) masked.delete(path);
  }
  return layOver(masked, protections);
}

/** Puts everything in one order: outer before inner, and nothing below what is covered or protected as a whole. */
function layOver(masked: ReadonlyMap<string, boolean>, protections: readonly Protection[]): TreePlan {
  const mounts = new Map<string, Mount>();
  for (const { pinned } of protections) for (const target of pinned) mounts.set(target, { kind: "pin", target });
  for (const { existing } of protections)
    for (const target of existing) mounts.set(target, { kind: "protect", target });
  for (const [target, directory] of masked) mounts.set(target, { kind: "cover", target, content: NOTHING, directory });
  for (const { missing } of protections) {
    for (const [target, text] of missing) {
      const content = text === undefined ? NOTHING : Buffer.from(text);
      mounts.set(target, { kind: "cover", target, content, directory: text === undefined });
    }
  }
  for (const cover of protections.flatMap((each) => hideFromGit(each, masked))) mounts.set(cover.target, cover);
  const sorted = [...mounts.values()].sort((a, b) => (a.target < b.target ? -1 : 1));
  const protectedPaths = protections.flatMap(({ existing, missing }) => [...existing, ...missing.keys()]);
  return {
    mounts: withoutInner(sorted),
    covered: [...masked.keys()].sort(),
    protected: [...new Set(protectedPaths)].sort(),
    placeholders: protections.flatMap(({ placeholders }) => placeholders),
    warnings: protections.flatMap((each) => warnOfTracked(each.root, masked)),
  };
}

/** What is below a covered directory is gone; below a protected one only covers still say something. */
function withoutInner(sorted: readonly Mount[]): readonly Mount[] {
  const outer = new Map<string, Mount["kind"]>();
  return sorted.filter((mount) => {
    for (let above = dirname(mount.target); above !== "/"; above = dirname(above)) {
      const kind = outer.get(above);
      if (kind === "cover" || (kind === "protect" && mount.kind !== "cover")) return false;
    }
    outer.set(mount.target, mount.kind);
    return true;
  });
}
