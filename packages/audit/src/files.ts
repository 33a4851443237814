import fs from "node:fs";
import { dirname } from "node:path";
import { isErrno } from "@bailiwick/base";

/** The file system calls of a writer, one by one, so that a test can break each in turn. */
export interface Files {
  open(path: string, flags: number, mode: number): number;
  /** May write less than it was given. @param at bytes from the file's beginning */
  write(fd: number, bytes: Uint8Array, at: number): number;
  /** Resolves when data and size are on the disk. */
  sync(fd: number): Promise<void>;
  close(fd: number): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  mkdir(path: string, mode: number): void;
  rmdir(path: string): void;
  read(path: string): Uint8Array;
  list(path: string): string[];
}

/** Everything but the sync answers from the page cache, so it is called at once; a sync waits for the disk, so it never blocks the process. */
export const diskFiles: Files = {
  open: (path, flags, mode) => fs.openSync(path, flags, mode),
  write: (fd, bytes, at) => fs.writeSync(fd, bytes, 0, bytes.length, at),
  sync: (fd) =>
    new Promise((resolve, reject) => {
      fs.fsync(fd, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    }),
  close: (fd) => {
    fs.closeSync(fd);
  },
  rename: (from, to) => {
    fs.renameSync(from, to);
  },
  unlink: (path) => {
    fs.unlinkSync(path);
  },
  mkdir: (path, mode) => {
    fs.mkdirSync(path, { mode });
  },
  rmdir: (path) => {
    fs.rmdirSync(path);
  },
  read: (path) => fs.readFileSync(path),
  list: (path) => fs.readdirSync(path),
};

export interface FileToWrite {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** It will be renamed before anyone looks for it, so its name need not survive. */
  readonly transient?: boolean;
  /** Bytes of the file that stay as they are, and after which it goes on; default 0, and what was there is gone. */
  readonly after?: number;
}

const EXTEND = fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW;
const WRITE = EXTEND | fs.constants.O_TRUNC;
const DIRECTORY = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY;

/**
 * Writes files so that they survive a power cut, and their names with them. Directories are made as needed and
 * remembered: one that this writer has not yet seen durable is synced in its parent too, whoever made it.
 */
export class DurableWriter {
  readonly #files: Files;
  readonly #durable = new Set<string>();

  /** @param root exists and is durable */
  constructor(files: Files, root: string) {
    this.#files = files;
    this.#durable.add(root);
  }

  /** Resolves when all of them are durable; their order on the disk is not defined. On failure any of them may be there, in part. */
  async write(writes: readonly FileToWrite[]): Promise<void> {
    const opened: number[] = [];
    const made = new Set<string>();
    try {
      const dirty = new Set<string>();
      for (const { path, bytes, transient, after = 0 } of writes) {
        const parent = dirname(path);
        this.#makeDirectory(parent, made);
        // A file that goes on has its name already.
        if (transient !== true && after === 0) dirty.add(parent);
        const fd = this.#files.open(path, after === 0 ? WRITE : EXTEND, 0o600);
        opened.push(fd);
        this.#writeAll(fd, bytes, after);
      }
      for (const directory of made) dirty.add(dirname(directory));
      for (const directory of dirty) opened.push(this.#files.open(directory, DIRECTORY, 0));
      await settleAll(opened.map((fd) => this.#files.sync(fd)));
      for (const directory of made) this.#durable.add(directory);
    } finally {
      for (const fd of opened) this.#files.close(fd);
    }
  }

  /** Replaces a file in one step: readers see the old bytes or the new ones. Two must not replace the same path at a time. */
  async replace(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = `${path}.tmp`;
    await this.write([{ path: temporary, bytes, transient: true }]);
    this.#files.rename(temporary, path);
    await this.syncDirectory(dirname(path));
  }

  async syncDirectory(path: string): Promise<void> {
    const fd = this.#files.open(path, DIRECTORY, 0);
    try {
      await this.#files.sync(fd);
    } finally {
      this.#files.close(fd);
    }
  }

  #writeAll(fd: number, bytes: Uint8Array, after: number): void {
    for (let at = 0; at < bytes.length;) at += this.#files.write(fd, bytes.subarray(at), after + at);
  }

  #makeDirectory(path: string, made: Set<string>): void {
    if (this.#durable.has(path) || made.has(path)) return;
    this.#makeDirectory(dirname(path), made);
    try {
      this.#files.mkdir(path, 0o700);
    } catch (error) {
      if (!isErrno(error, "EEXIST")) throw error;
    }
    made.add(path);
  }
}

/** Waits for every one, so that no descriptor is closed under a sync that still runs; then fails if any failed. */
async function settleAll(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) if (result.status === "rejected") throw result.reason;
}

/** Removes what is no longer needed. A file that stays costs space and nothing else, so no failure of the disk is passed on. */
export function tidyAway(files: Files, paths: readonly string[], kind: "file" | "directory" = "file"): void {
  for (const path of paths) {
    try {
      if (kind === "file") files.unlink(path);
      else files.rmdir(path);
    } catch (error) {
      if (!isAnyErrno(error)) throw error;
    }
  }
}

/** Names in a directory that is to be tidied; none when it cannot be read, for the same reason. */
export function listForTidying(files: Files, path: string): string[] {
  try {
    return files.list(path);
  } catch (error) {
    if (isAnyErrno(error)) return [];
    throw error;
  }
}

/** The bytes of a file, or undefined when it does not exist. */
export function readIfThere(files: Files, path: string): Uint8Array | undefined {
  try {
    return files.read(path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Names in a directory; none when it does not exist. */
export function listIfThere(files: Files, path: string): string[] {
  try {
    return files.list(path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

/** True for every error that the operating system gave. */
export function isAnyErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "errno" in error && typeof error.errno === "number";
}
