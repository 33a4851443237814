import { realpathSync, statSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { isErrno } from "@bailiwick/base";
import { RunError } from "./errors.ts";

/**
 * The directory that the run may write to, symbolic links resolved: what the agent sees is where it really is.
 * Refused: `/`, a directory with a home below it or that is one, and one that holds (or lies in) Bailiwick's own state.
 * @throws RunError RUN_WORKSPACE_REFUSED
 */
export function resolveWorkspace(asked: string, places: { readonly state: string; readonly home: string | undefined }) {
  const workspace = realDirectory(asked);
  const refuse = (why: string): never => {
    throw new RunError("RUN_WORKSPACE_REFUSED", `the workspace \`${workspace}\` ${why}`, {
      remedy: "start in a project's own directory, or name one with `--workspace DIR`",
    });
  };
  if (workspace === "/") refuse("is the root of the file system");
  if (SYSTEM.has(workspace) || SYSTEM_TREES.some((tree) => isInside(tree, workspace))) {
    refuse("is a directory of the system");
  }
  for (const home of new Set([places.home, homedir(), accountHome()])) {
    const real = home === undefined ? undefined : realPathOf(home);
    // Root's home of a container may be `/`: then everything would be inside it, which is not what is meant.
    if (real === undefined || real === "/") continue;
    if (real === workspace) refuse("is a home directory, with its keys and logins");
    if (isInside(workspace, real)) refuse(`holds the home directory \`${real}\`, with its keys and logins`);
  }
  const state = realPathOf(places.state) ?? places.state;
  if (isInside(workspace, state))
    refuse(`holds Bailiwick's own state (\`${state}\`), which the agent could then change`);
  if (isInside(state, workspace)) refuse(`lies in Bailiwick's own state (\`${state}\`)`);
  return workspace;
}

/** Directories that may hold a workspace, but are none: a run by root could change the system or every home in them. */
const SYSTEM = new Set(
  ["bin", "dev", "home", "lib", "lib32", "lib64", "opt", "root", "run", "sbin", "srv", "usr", "var"].map(
    (name) => `/${name}`,
  ),
);
const SYSTEM_TREES = ["/boot", "/etc", "/proc", "/sys"];

/** True when `inner` is `outer` or lies below it; both absolute and resolved. */
export function isInside(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith("/") ? outer : `${outer}/`);
}

function realDirectory(asked: string): string {
  const real = realPathOf(asked);
  if (real !== undefined && statSync(real).isDirectory()) return real;
  throw new RunError(
    "RUN_WORKSPACE_REFUSED",
    `the workspace \`${asked}\` is ${real ? "not a directory" : "not there"}`,
    {
      remedy: "name an existing directory with `--workspace DIR`",
    },
  );
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES", "ELOOP")) return undefined;
    throw error;
  }
}

/** The home of the account, whatever `HOME` says; undefined for an account without an entry, as in some containers. */
function accountHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ERR_SYSTEM_ERROR")) return undefined;
    throw error;
  }
}
