import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isErrno } from "@bailiwick/base";

/** Texts by name in a directory of the state, out of the reach of every run. What is lost is made again. */
export class FileCache {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  read(name: string): string | undefined {
    try {
      return readFileSync(this.#pathOf(name), "utf8");
    } catch (error) {
      if (isErrno(error, "ENOENT", "EACCES")) return undefined;
      throw error;
    }
  }

  /** A full disk loses the entry and nothing else. */
  write(name: string, text: string): void {
    const path = this.#pathOf(name);
    const partial = `${path}.${String(process.pid)}`;
    try {
      writeFileSync(partial, text, { mode: 0o600 });
      renameSync(partial, path);
    } catch (error) {
      if (!isErrno(error, "ENOSPC", "EDQUOT", "EROFS", "EACCES", "ENOENT")) throw error;
    }
  }

  #pathOf(name: string): string {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/.test(name)) throw new RangeError(`not a name for a cache: ${name}`);
    return join(this.#directory, name);
  }
}
