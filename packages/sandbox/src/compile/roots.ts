import { SandboxError } from "../errors.ts";
import type { Profile } from "../profile-types.ts";
import { touchesSecretPlace } from "../profile/secret-names.ts";
import { isInside, realPathOf } from "./host-files.ts";
import { refusalToWrite, type Places } from "./workspace.ts";

/** What the placeholders of a profile stand for. */
export interface Roots {
  readonly workspace: string;
  readonly home: string;
}

/** A part of the host that the profile shows, at its own path. */
export interface Root {
  /** Inside. */
  readonly target: string;
  /** On the host, links resolved. */
  readonly source: string;
  readonly writable: boolean;
}

/** A path or value of a profile with its placeholders filled in. */
export function expand(text: string, { workspace, home }: Roots): string {
  return text.replace(/\{(workspace|home)\}/g, (_, name) => (name === "home" ? home : workspace));
}

/**
 * The workspace and what the profile reads and writes beside it, the outermost first. What is to be read and does not exist is left
 * out; what is to be written must exist.
 * @throws SandboxError SANDBOX_VIEW_REFUSED
 */
export function findRoots(filesystem: Profile["filesystem"], roots: Roots, places: Places): readonly Root[] {
  const found = new Map<string, Root>([
    [roots.workspace, { target: roots.workspace, source: roots.workspace, writable: false }],
  ]);
  for (const [paths, writable] of [[filesystem.read, false] as const, [filesystem.write, true] as const]) {
    for (const path of paths) {
      const target = expand(path, roots);
      const source = realPathOf(target);
      if (source === undefined) {
        if (!writable) continue;
        throw refused(path, target, "is not there", "make it, or take it out of the profile's `write`");
      }
      const why = writable
        ? target === roots.workspace
          ? undefined
          : (refusalToWrite(source, places) ?? refusalToRead(source, roots.home, places))
        : refusalToRead(source, roots.home, places);
      if (why !== undefined) throw refused(path, source, why, "name a directory that is needed and holds nothing else");
      found.set(target, { target, source, writable: writable || (found.get(target)?.writable ?? false) });
      if (source !== target && !found.has(source)) found.set(source, { target: source, source, writable });
    }
  }
  return [...found.values()].sort((a, b) => (a.target < b.target ? -1 : 1));
}

function refusalToRead(source: string, home: string, { personHome, stateDirectory }: Places): string | undefined {
  if (source === "/") return "is the whole file system";
  for (const tree of ["/proc", "/sys", "/dev", "/run"])
    if (isInside(tree, source)) return "is not a directory of files";
  const real = realPathOf(personHome) ?? personHome;
  if (isInside(source, real) || source === home) return "is or holds the home directory, with its keys and logins";
  if (isInside(source, stateDirectory) || isInside(stateDirectory, source)) return "is or holds Bailiwick's own state";
  if (isInside(real, source) && touchesSecretPlace(source.slice(real.length + 1))) return "is known to hold secrets";
  return undefined;
}

function refused(asked: string, path: string, why: string, remedy: string): SandboxError {
  return new SandboxError("SANDBOX_VIEW_REFUSED", `the profile's \`${asked}\` (\`${path}\`) ${why}`, { remedy });
}
