import { basename, join } from "node:path";
import { SandboxError } from "../errors.ts";
import { lookAt } from "./host-files.ts";
import type { GitName } from "./git-directories.ts";
import type { Held } from "./placeholders.ts";
import type { Placeholder } from "./placeholder-journal.ts";

/** How names in one writable tree are kept from changing. All paths absolute, none through a symbolic link. */
export interface Protection {
  readonly root: string;
  /** Exists: read-only. */
  readonly existing: Set<string>;
  /** Does not exist: covered, over a placeholder. The value is what is read inside; undefined: an empty directory. */
  readonly missing: Map<string, string | undefined>;
  /** Directories above both: else one could be renamed, and another made in its place. */
  readonly pinned: Set<string>;
  /** In the order they must be made. */
  readonly placeholders: Placeholder[];
}

/**
 * Plans how the names are protected below `root`. What exists is made read-only; what does not is held by a placeholder, with the
 * directories that lead to it. Where there is no repository, `.git` as a whole is held, and `HEAD`: without the first, git looks for the
 * second and takes the directory itself for a repository. One that an agent makes there would run its programs on the person's next
 * git command, of a prompt for instance.
 * @param names from the profile: relative, a trailing slash says directory
 * @param held by other runs: those exist, and are placeholders all the same
 * @throws SandboxError SANDBOX_WORKSPACE_REFUSED for a name that is, or is reached through, a symbolic link
 */
export function planProtection(
  root: string,
  names: { readonly profile: readonly string[]; readonly git: readonly GitName[] },
  held: Held,
): Protection {
  const plan: Protection = { root, existing: new Set(), missing: new Map(), pinned: new Set(), placeholders: [] };
  const context = { root, held, plan };
  for (const name of names.profile) {
    const bare = name.replace(/\/$/, "");
    const wanted = { directory: name.endsWith("/"), placeholder: "" };
    if (bare.startsWith(".git/") && !isThere(join(root, ".git"), held)) {
      hold(context, join(root, ".git"), { directory: true, placeholder: "" });
      hold(context, join(root, "HEAD"), { directory: false, placeholder: "" });
    } else hold(context, join(root, bare), wanted);
  }
  for (const { path, directory, placeholder } of names.git) {
    if (placeholder !== undefined || lookAt(path) !== undefined)
      hold(context, path, { directory, placeholder: placeholder ?? "" });
  }
  return plan;
}

interface Context {
  readonly root: string;
  readonly held: Held;
  readonly plan: Protection;
}

interface Wanted {
  readonly directory: boolean;
  readonly placeholder: string;
}

function isThere(path: string, held: Held): boolean {
  return lookAt(path) !== undefined && !held.has(path);
}

function hold({ root, held, plan }: Context, path: string, wanted: Wanted): void {
  const parts = path.slice(root.length + 1).split("/");
  let at = root;
  for (const [index, part] of parts.entries()) {
    at = `${at}/${part}`;
    if (plan.missing.has(at) || plan.existing.has(at)) return;
    const isLast = index === parts.length - 1;
    const stat = lookAt(at);
    if (stat?.isSymbolicLink() === true) throw isLink(at, path, root);
    if (stat !== undefined && !held.has(at)) {
      if (isLast || !stat.isDirectory()) {
        plan.existing.add(at);
        return;
      }
      plan.pinned.add(at);
    } else if (!isLast) {
      plan.placeholders.push({ path: at, content: undefined, covered: false });
      plan.pinned.add(at);
    } else {
      plan.placeholders.push({ path: at, content: wanted.directory ? undefined : wanted.placeholder, covered: true });
      plan.missing.set(at, wanted.directory ? undefined : contentInside(at, wanted.placeholder));
    }
  }
}

/** A mount can't lie on a link, and whoever may write its directory can put another in its place. */
function isLink(at: string, path: string, root: string): SandboxError {
  const name = path.slice(root.length + 1);
  return new SandboxError(
    "SANDBOX_WORKSPACE_REFUSED",
    `cannot protect \`${name}\` in \`${root}\`: \`${at}\` is a symbolic link`,
    {
      remedy: `replace it by what it leads to, or take it out with \`protect = ["!${name}"]\` in a profile of your own`,
    },
  );
}

/** What programs that look for such a file accept as nothing. */
function contentInside(path: string, placeholder: string): string {
  if (basename(path) === ".mcp.json") return '{"mcpServers":{}}\n';
  return /\.jsonc?$/.test(path) ? "{}\n" : placeholder;
}
