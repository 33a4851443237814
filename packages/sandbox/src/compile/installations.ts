import { closeSync, openSync, readSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isInSecretPlace } from "../profile/secret-names.ts";
import { isInside, lookAt, unlessAbsent } from "./host-files.ts";

/** What is never shown because a program happens to be near it. Links resolved. */
export interface PrivatePlaces {
  /** The person's, and that of the account, which `HOME` may not name. Those in /home are known. */
  readonly homes: readonly string[];
  /** Bailiwick's own. */
  readonly state: string;
}

/** Directories of version managers: their shims and links lead everywhere in them, and nothing else is kept there. */
const MANAGERS =
  /^.*?\/(?:\.(?:nvm|pyenv|rbenv|nodenv|goenv|jenv|asdf|volta|sdkman|rustup)|\.local\/share\/(?:fnm|mise|pipx|uv\/tools|uv\/python)|\.local\/pipx)(?=\/|$)/;

/** Directories of a home that hold more than programs: never visible as a whole. */
const NEVER_WHOLE: ReadonlySet<string> = new Set([
  ".config",
  ".local",
  ".local/share",
  ".local/state",
  ".cache",
  ".cargo",
  "go",
  ".bun",
  ".deno",
  ".npm",
  ".yarn",
  ".gem",
  ".m2",
  ".gradle",
]);

/** The directory that a directory of programs is part of; itself when that is all that can be told. */
export function installationOf(real: string, places: PrivatePlaces): string {
  const manager = MANAGERS.exec(real)?.[0];
  if (manager !== undefined) return manager;
  const modules = /^.+?\/node_modules(?=\/|$)/.exec(real)?.[0];
  if (modules !== undefined) return modules;
  const prefix = dirname(real);
  return /^(bin|sbin)$/.test(basename(real)) && mayShow(prefix, places) && looksInstalled(prefix) ? prefix : real;
}

/** False for a home, for what holds one, for what holds credentials, and for what is too much to be an installation. */
export function mayShow(real: string, { homes, state }: PrivatePlaces): boolean {
  if (real.split("/").length < 3) return false;
  if (homes.some((home) => isInside(real, home)) || isInside(real, state) || isInside(state, real)) return false;
  const home = homes.find((each) => isInside(each, real)) ?? /^\/home\/[^/]+/.exec(real)?.[0];
  const below = home === undefined ? real.slice(1) : real.slice(home.length + 1);
  return below !== "" && !NEVER_WHOLE.has(below) && !isInSecretPlace(below);
}

/** A tree that programs were installed into, not one that somebody works in. */
function looksInstalled(prefix: string): boolean {
  const has = (name: string): boolean => lookAt(join(prefix, name)) !== undefined;
  return ["lib", "lib64", "libexec", "pyvenv.cfg"].some(has) && ![".git", ".env", "package.json"].some(has);
}

/** The package that a script belongs to; undefined for a program that stands for itself. */
export function packageOf(file: string): string | undefined {
  let at = dirname(file);
  for (let up = 0; up < 4 && at !== "/"; up++, at = dirname(at)) {
    if (["package.json", "pyproject.toml"].some((name) => lookAt(join(at, name)) !== undefined)) return at;
  }
  return undefined;
}

/** What `#!` says, for `env` the program that it looks for; undefined for a binary. */
export function interpreterOf(file: string): string | undefined {
  const line = /^#![ \t]*([^\n]*)/.exec(firstBytes(file))?.[1]?.trim();
  if (line === undefined) return undefined;
  const words = line.split(/[ \t]+/);
  if (basename(words[0] ?? "") !== "env") return words[0];
  return words.slice(1).find((word) => !word.startsWith("-") && !word.includes("="));
}

function firstBytes(file: string): string {
  const fd = unlessAbsent(() => openSync(file, "r"));
  if (fd === undefined) return "";
  try {
    const bytes = Buffer.alloc(256);
    return bytes.toString("latin1", 0, readSync(fd, bytes, 0, 256, 0));
  } finally {
    closeSync(fd);
  }
}
