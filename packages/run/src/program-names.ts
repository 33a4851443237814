import { basename } from "node:path";
import type { ExecFile, FileIdentity } from "@bailiwick/sandbox";
import type { Digests, FileDigest } from "./digests.ts";
import { RunError } from "./errors.ts";
import type { FileCache } from "./file-cache.ts";
import { SystemPrograms } from "./system-programs.ts";

/** Programs that are many: which one they are is said by `argv[0]`, or by the first argument. */
const MULTI_CALL = new Set(["busybox", "toybox", "coreutils"]);

/** The names that policies use for programs: `ProgramGroup::"git"` in any of the texts. */
export function namesInPolicies(texts: Iterable<string>): Set<string> {
  const names = new Set<string>();
  for (const text of texts) {
    for (const [, name] of text.matchAll(/ProgramGroup::"([^"\\/]+)"/g)) if (name !== undefined) names.add(name);
  }
  return names;
}

/**
 * Knows the programs that policies name by their bytes, so that a copy of `git` under another name is still `git`. The system's
 * own are read only when something of the very same size is started.
 */
export class ProgramNames {
  readonly #programs: SystemPrograms;
  readonly #digests: Digests;

  constructor(
    names: Iterable<string>,
    { searchPath, digests, cache }: { searchPath: string | undefined; digests: Digests; cache: FileCache | undefined },
  ) {
    this.#programs = new SystemPrograms(new Set([...names, ...MULTI_CALL]), searchPath, cache);
    this.#digests = digests;
  }

  /**
   * Every name that `file` goes by.
   * @param asked the path as the caller wrote it, for the file that was asked for
   * @throws RunError RUN_DIGEST_FAILED when a program of the same size can't be read: then it is not known whose copy it is
   */
  namesOf(file: ExecFile, digest: FileDigest, asked: string | undefined): string[] | Promise<string[]> {
    try {
      const known = this.#knownBytes(file, digest);
      if (!(known instanceof Promise)) return allNames(file, asked, known);
      return known
        .catch((error: unknown) => this.#lookAgain(error, file, digest))
        .then((names) => allNames(file, asked, names));
    } catch (error) {
      const known = this.#lookAgain(error, file, digest);
      return known instanceof Promise
        ? known.then((names) => allNames(file, asked, names))
        : allNames(file, asked, known);
    }
  }

  /** A program of the system was replaced since it was last looked at. */
  #lookAgain(error: unknown, file: ExecFile, digest: FileDigest): string[] | Promise<string[]> {
    if (!(error instanceof RunError)) throw error;
    this.#programs.refresh();
    return this.#knownBytes(file, digest);
  }

  #knownBytes(file: ExecFile, { digest }: FileDigest): string[] | Promise<string[]> {
    const known: string[] = [];
    const unread: Promise<string[]>[] = [];
    for (const program of this.#programs.ofSize(file.identity.size)) {
      const own = isSameFile(program.identity, file.identity)
        ? { digest }
        : this.#digests.digestOf({ ...program, vouched: true, openAt: program.path });
      if (own instanceof Promise) unread.push(own.then((read) => (read.digest === digest ? [program.name] : [])));
      else if (own.digest === digest) known.push(program.name);
    }
    return unread.length === 0 ? known : Promise.all(unread).then((names) => [...known, ...names.flat()]);
  }
}

function isSameFile(one: FileIdentity, other: FileIdentity): boolean {
  return one.device === other.device && one.inode === other.inode;
}

/**
 * On a multi-call system `ls` and `rm` are one file, so every name that policies use would be known by its bytes. There the
 * name is what the program will act as. Only a file whose bytes are a multi-call program's gets this: a name proves nothing.
 */
function allNames(file: ExecFile, asked: string | undefined, byBytes: readonly string[]): string[] {
  const multiCall = byBytes.filter((name) => MULTI_CALL.has(name));
  const acting =
    multiCall.length > 0 ? [...multiCall, ...file.argv.slice(0, 2).map((word) => basename(word))] : byBytes;
  const names = new Set([basename(asked ?? ""), basename(file.path), ...acting]);
  names.delete("");
  return [...names];
}
