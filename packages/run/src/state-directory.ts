import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { RunError } from "./errors.ts";
import { systemCodeOf } from "./system-error.ts";

/** Where Bailiwick keeps what outlives a run. Nothing of it is ever visible inside a sandbox but the private homes, which the sandbox keeps in it. */
export interface StateDirectory {
  readonly root: string;
  /** The tile log of this host, with its key. */
  readonly log: string;
  /** What can be thrown away: digests, unconditional decisions. */
  readonly cache: string;
  /** One file for each run that is going on. */
  readonly runs: string;
  /** Where this host is enrolled, with its key there; not there when it is enrolled nowhere. */
  readonly server: string;
}

/** The places, without touching the disk: `$BAILIWICK_HOME`, else `bailiwick` in the XDG state directory. */
export function locateStateDirectory(environment: NodeJS.ProcessEnv): StateDirectory {
  const root = environment["BAILIWICK_HOME"] || join(xdgState(environment), "bailiwick");
  if (!isAbsolute(root)) {
    throw new RunError("RUN_STATE_UNUSABLE", `\`BAILIWICK_HOME\` is not an absolute path: \`${root}\``, {
      remedy: "set it to an absolute path, or unset it",
    });
  }
  return {
    root,
    log: join(root, "log"),
    cache: join(root, "cache"),
    runs: join(root, "runs"),
    server: join(root, "server"),
  };
}

/**
 * Makes the state directory where missing (0700) and checks that nobody else can write to it.
 * @throws RunError RUN_STATE_UNUSABLE
 */
export function openStateDirectory(environment: NodeJS.ProcessEnv): StateDirectory {
  const state = locateStateDirectory(environment);
  try {
    for (const path of [state.root, state.log, state.cache, state.runs]) {
      mkdirSync(path, { recursive: true, mode: 0o700 });
    }
    // On a disk that can only be read, making what is there succeeds.
    accessSync(state.root, constants.W_OK);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === undefined) throw error;
    throw new RunError("RUN_STATE_UNUSABLE", `cannot write to the state directory \`${state.root}\`: ${code}`, {
      cause: error,
      remedy: "free the disk, make it writable or fix its owner, or set `BAILIWICK_HOME` to a directory of your own",
    });
  }
  const { uid, mode } = statSync(state.root);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
    throw new RunError("RUN_STATE_UNUSABLE", `others can write to the state directory \`${state.root}\``, {
      remedy: `make it your own: \`chmod 700 ${state.root}\`, or set \`BAILIWICK_HOME\` to another directory`,
    });
  }
  return state;
}

function xdgState(environment: NodeJS.ProcessEnv): string {
  const named = environment["XDG_STATE_HOME"];
  // A relative value is to be ignored (XDG base directory specification).
  if (named !== undefined && isAbsolute(named)) return named;
  return join(environment["HOME"] || homedir(), ".local/state");
}
