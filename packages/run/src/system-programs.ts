import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import type { FileIdentity } from "@bailiwick/sandbox";
import type { FileCache } from "./file-cache.ts";
import { systemCodeOf } from "./system-error.ts";

/** A program of the system that policies name. */
export interface SystemProgram {
  readonly name: string;
  readonly path: string;
  readonly identity: FileIdentity;
}

/** Where a program may be whatever PATH the run has. */
const DIRECTORIES = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/**
 * The programs of these names, looked up by size. Looking for every name in every directory takes several milliseconds of every
 * start, so what was found is kept, and holds while every directory and every program found is what it was.
 */
export class SystemPrograms {
  readonly #names: readonly string[];
  readonly #directories: readonly string[];
  readonly #cache: FileCache | undefined;
  #bySize: Map<string, SystemProgram[]> | undefined;

  constructor(names: Iterable<string>, searchPath: string | undefined, cache: FileCache | undefined) {
    this.#names = [...names];
    const own = (searchPath ?? "").split(":").filter((directory) => directory.startsWith("/"));
    this.#directories = [...new Set([...DIRECTORIES, ...own])];
    this.#cache = cache;
  }

  ofSize(size: bigint): readonly SystemProgram[] {
    this.#bySize ??= bySize(this.#load());
    return this.#bySize.get(String(size)) ?? [];
  }

  /** What was kept does not hold: looks again. */
  refresh(): void {
    this.#bySize = bySize(this.#find(this.#key()));
  }

  #load(): SystemProgram[] {
    const key = this.#key();
    const kept = this.#cache?.read(NAME)?.split("\n") ?? [];
    if (kept[0] !== key) return this.#find(key);
    const programs = kept.slice(1).map(parseLine);
    return programs.every(isUnchanged) ? programs : this.#find(key);
  }

  #find(key: string): SystemProgram[] {
    const seen = new Set<string>();
    const found: SystemProgram[] = [];
    for (const directory of this.#directories) {
      for (const name of this.#names) {
        const program = findIn(directory, name);
        if (program === undefined) continue;
        const file = `${name}:${String(program.identity.device)}:${String(program.identity.inode)}`;
        if (seen.has(file)) continue;
        seen.add(file);
        found.push(program);
      }
    }
    this.#cache?.write(NAME, [key, ...found.map(formatLine)].join("\n"));
    return found;
  }

  /** Over the names and the state of every directory that was looked into. */
  #key(): string {
    const states = this.#directories.map((directory) => {
      const stat = statOf(directory);
      return stat === undefined
        ? directory
        : `${directory} ${String(stat.dev)}:${String(stat.ino)}:${String(stat.mtimeNs)}`;
    });
    return createHash("sha256")
      .update(JSON.stringify([this.#names, states]))
      .digest("hex");
  }
}

const NAME = "system-programs";
const LINE = /^(\d+) (\d+) (\d+) (-?\d+) (-?\d+) (\d+) (\S+) (\/.*)$/;

function formatLine({ name, path, identity }: SystemProgram): string {
  const { device, inode, size, mtimeNs, ctimeNs, mode } = identity;
  return [device, inode, size, mtimeNs, ctimeNs, mode, name, path].map(String).join(" ");
}

function parseLine(line: string): SystemProgram | undefined {
  const [, device, inode, size, mtimeNs, ctimeNs, mode, name, path] = LINE.exec(line) ?? [];
  if (device === undefined || inode === undefined || size === undefined || mtimeNs === undefined) return undefined;
  if (ctimeNs === undefined || mode === undefined || name === undefined || path === undefined) return undefined;
  const times = { mtimeNs: BigInt(mtimeNs), ctimeNs: BigInt(ctimeNs) };
  return {
    name,
    path,
    identity: { device: BigInt(device), inode: BigInt(inode), size: BigInt(size), ...times, mode: Number(mode) },
  };
}

/** Also through links: what they lead to now has to be what they led to then. */
function isUnchanged(program: SystemProgram | undefined): program is SystemProgram {
  const stat = program && statOf(program.path);
  if (program === undefined || stat === undefined) return false;
  const { device, inode, size, mtimeNs, ctimeNs } = program.identity;
  const sameFile = stat.dev === device && stat.ino === inode && stat.size === size;
  return sameFile && stat.mtimeNs === mtimeNs && stat.ctimeNs === ctimeNs;
}

function bySize(programs: readonly SystemProgram[]): Map<string, SystemProgram[]> {
  return Map.groupBy(programs, ({ identity }) => String(identity.size));
}

function findIn(directory: string, name: string): SystemProgram | undefined {
  const path = `${directory}/${name}`;
  const stat = statOf(path);
  if (stat === undefined || !stat.isFile()) return undefined;
  const { dev, ino, size, mtimeNs, ctimeNs, mode } = stat;
  return { name, path, identity: { device: dev, inode: ino, size, mtimeNs, ctimeNs, mode: Number(mode) } };
}

function statOf(path: string) {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error;
    return undefined;
  }
}
