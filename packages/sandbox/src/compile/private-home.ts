import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { decodeOsString, isErrno } from "@bailiwick/base";
import { SandboxError } from "../errors.ts";
import { holdsSecret, isSecretFile } from "../profile/secret-names.ts";
import { isInside, lookThrough, osPath, realPathOf } from "./host-files.ts";
import { identityOf, isAlive } from "./process-identity.ts";

export interface HomeRequest {
  readonly stateDirectory: string;
  /** `LoadedProfile.homeKey`: profiles never share a home. */
  readonly homeKey: string;
  readonly mode: "kept" | "ephemeral";
  /** `Adapter.name`: one safe path component. */
  readonly agent: string;
  readonly personHome: string;
  /** Files to start with, relative to the person's home: the profile's and the adapter's. */
  readonly seed: readonly string[];
}

export interface PreparedHome {
  /** Absolute; to be mounted at the path of the person's home. */
  readonly directory: string;
  /** What was not taken along and why, one line each. */
  readonly warnings: readonly string[];
  /** Removes an ephemeral home; nothing for a kept one. */
  release(): void;
}

/** A file to start with is a setting; more than this is data. */
const MAX_SEED_BYTES = 1024 * 1024;

/**
 * Makes the private home of a run, or finds the one that was kept. It starts with the seed files and gets nothing of the person's
 * later: from its first run on, an agent may have put anything in it, so nothing is written to it from outside any more.
 * @throws SandboxError SANDBOX_HOME_REFUSED
 */
export function prepareHome(request: HomeRequest): PreparedHome {
  const { stateDirectory, homeKey, agent, mode } = request;
  for (const component of [homeKey, agent]) {
    if (/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/.test(component)) continue;
    throw new SandboxError("SANDBOX_HOME_REFUSED", `\`${component}\` can't name a private home`);
  }
  try {
    return mode === "kept"
      ? keptHome(request, join(stateDirectory, "homes", homeKey, agent))
      : ephemeralHome(request, join(stateDirectory, "homes", ".ephemeral"));
  } catch (error) {
    if (!isErrno(error, "EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOTDIR", "EEXIST")) throw error;
    throw new SandboxError("SANDBOX_HOME_REFUSED", `cannot make the private home: ${error.code ?? ""}`, {
      cause: error,
      remedy: `free the disk, or fix the owner of \`${stateDirectory}\``,
    });
  }
}

/** It appears with its seed in it, all at once: while it is written to, nothing can run in it yet. */
function keptHome(request: HomeRequest, place: string): PreparedHome {
  const directory = join(place, "home");
  if (existsSync(directory)) return { directory, warnings: [], release: () => undefined };
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const made = mkdtempSync(join(place, "new-"));
  const warnings = seedHome(request, made);
  try {
    renameSync(made, directory);
  } catch (error) {
    if (!isErrno(error, "ENOTEMPTY", "EEXIST")) throw error;
    removeTree(made); // another run was faster
  }
  return { directory, warnings, release: () => undefined };
}

/** Named after the process that uses it, so that the next run finds what one that was killed has left. */
function ephemeralHome(request: HomeRequest, place: string): PreparedHome {
  mkdirSync(place, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(place)) {
    const [pid = "", startTicks = ""] = name.split("-");
    if (!isAlive({ pid: Number(pid), startTicks })) removeTree(join(place, name));
  }
  const { pid, startTicks } = identityOf(process.pid);
  const directory = mkdtempSync(join(place, `${String(pid)}-${startTicks}-`));
  return {
    directory,
    warnings: seedHome(request, directory),
    release: () => {
      removeTree(directory);
    },
  };
}

/** Whatever an agent has made of it: a directory that nobody may enter is still removed. Links are not followed. */
function removeTree(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch (error) {
    if (!isErrno(error, "EACCES", "EPERM", "ENOTEMPTY")) throw error;
    openUp(directory);
    rmSync(directory, { recursive: true, force: true });
  }
}

function openUp(directory: string): void {
  chmodSync(osPath(directory), 0o700);
  for (const entry of readdirSync(osPath(directory), { withFileTypes: true, encoding: "buffer" })) {
    if (entry.isDirectory()) openUp(join(directory, decodeOsString(entry.name)));
  }
}

function seedHome({ seed, personHome }: HomeRequest, directory: string): readonly string[] {
  return [...new Set(seed)].flatMap((name) => {
    const why = copySeed(name, personHome, directory);
    return why === undefined ? [] : [`\`~/${name}\` was not taken into the private home: it ${why}`];
  });
}

/** @returns why it was not taken; undefined when it was, or is not there */
function copySeed(name: string, personHome: string, directory: string): string | undefined {
  if (isSecretFile(name)) return "is known to hold secrets";
  const home = realPathOf(personHome) ?? personHome;
  const source = realPathOf(join(home, name));
  if (source === undefined) return undefined;
  // A link in a home may lead to where a secret is, under another name.
  if (isInside(home, source) && isSecretFile(source.slice(home.length + 1)))
    return "leads to what is known to hold secrets";
  const stat = lookThrough(source);
  if (stat?.isFile() !== true) return "is not a file";
  if (stat.size > MAX_SEED_BYTES) return "is larger than 1 MiB";
  if (holdsSecret(readFileSync(source, "utf8"))) return "holds what looks like a secret";
  const target = join(directory, name);
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  copyFileSync(source, target);
  return undefined;
}
