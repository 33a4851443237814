import { SandboxError } from "../errors.ts";
import { isInside, lookThrough, realPathOf } from "./host-files.ts";

/** Where the person's own things are. */
export interface Places {
  readonly personHome: string;
  readonly stateDirectory: string;
}

/** Directories that hold the system or every home, and with everything below them those that are the system itself. */
const NEVER = [
  "/bin",
  "/home",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/media",
  "/mnt",
  "/nix",
  "/opt",
  "/root",
  "/run",
];
const NEVER_ALSO = ["/sbin", "/snap", "/srv", "/tmp", "/usr", "/usr/local", "/usr/src", "/var", "/var/lib", "/var/tmp"];
const NEVER_WHOLE: ReadonlySet<string> = new Set([...NEVER, ...NEVER_ALSO]);
const NEVER_BELOW = ["/boot", "/dev", "/etc", "/proc", "/sys", "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/sbin"];
const NEVER_BELOW_ALSO = ["/usr/libexec", "/usr/include", "/nix/store", "/usr/local/bin", "/usr/local/sbin"];
const SYSTEM_TREES: readonly string[] = [...NEVER_BELOW, ...NEVER_BELOW_ALSO];

/**
 * The workspace with symbolic links resolved. What the run may write must not be the system, hold a home or be one, or touch what
 * Bailiwick itself trusts.
 * @throws SandboxError SANDBOX_WORKSPACE_REFUSED
 */
export function resolveWorkspace(asked: string, places: Places): string {
  const real = realPathOf(asked);
  const why = refusalOf(asked, real, places);
  if (real !== undefined && why === undefined) return real;
  throw new SandboxError("SANDBOX_WORKSPACE_REFUSED", `the workspace \`${asked}\` ${why ?? "is not there"}`, {
    remedy: "start in a project's own directory, or name one with `--workspace DIR`",
  });
}

function refusalOf(asked: string, real: string | undefined, places: Places): string | undefined {
  // U+FFFD is how Node shows bytes that are no UTF-8: such a name can't be told to others, or recorded.
  if (!asked.isWellFormed() || asked.includes("\ufffd") || real?.includes("\ufffd") === true) {
    return "has a name that is not UTF-8";
  }
  if (real === undefined) return "is not there";
  return lookThrough(real)?.isDirectory() === true ? refusalToWrite(real, places) : "is not a directory";
}

/** Why a directory can't be given to a run to write to; undefined when it can. */
export function refusalToWrite(real: string, { personHome, stateDirectory }: Places): string | undefined {
  if (real === "/") return "is the root of the file system";
  if (NEVER_WHOLE.has(real) || SYSTEM_TREES.some((tree) => isInside(tree, real))) return "is a directory of the system";
  const home = realPathOf(personHome) ?? personHome;
  // The home of a container's root may be `/`: then everything would be inside it, which is not what is meant.
  if (home !== "/" && isInside(real, home)) {
    return real === home ? "is the home directory, with its keys and logins" : `holds the home directory \`${home}\``;
  }
  const state = realPathOf(stateDirectory) ?? stateDirectory;
  if (isInside(real, state)) return `holds Bailiwick's own state (\`${state}\`), which the agent could then change`;
  if (isInside(state, real)) return `lies in Bailiwick's own state (\`${state}\`)`;
  return undefined;
}
