/** File systems that fail, for the tests. */
import { diskFiles, type Files } from "../src/files.ts";

export function ioError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated`), { code, errno: -5 });
}

export interface Fault {
  /** Which call fails, counted from 0. */
  readonly at: number;
  readonly code: "ENOSPC" | "EIO" | "EROFS";
  /** Whether the call did its work all the same: an error does not say. */
  readonly effect: "none" | "done";
  /** `once`: the disk recovers. `forever`: as if the process had died at this call. */
  readonly lasts: "once" | "forever";
}

/** The disk, with one fault. Syncs are not passed on: what they are for is the business of {@link PowerCutFiles}. */
export class BrokenFiles implements Files {
  readonly calls: string[] = [];
  readonly #fault: Fault | undefined;
  /** True once the fault has happened. */
  broken = false;
  #short = false;

  constructor(fault?: Fault) {
    this.#fault = fault;
  }

  open(path: string, flags: number, mode: number): number {
    return this.#call(`open ${path}`, () => diskFiles.open(path, flags, mode));
  }
  write(fd: number, bytes: Uint8Array, at: number): number {
    // Half of it every other time: a short write is no error, and must not be taken for a whole one.
    this.#short = !this.#short;
    const some = this.#short ? bytes.subarray(0, Math.max(1, bytes.length >> 1)) : bytes;
    return this.#call("write", () => diskFiles.write(fd, some, at));
  }
  async sync(_fd: number): Promise<void> {
    await Promise.resolve();
    this.#call("sync", () => undefined);
  }
  close(fd: number): void {
    diskFiles.close(fd);
  }
  rename(from: string, to: string): void {
    this.#call(`rename ${to}`, () => {
      diskFiles.rename(from, to);
    });
  }
  unlink(path: string): void {
    this.#call(`unlink ${path}`, () => {
      diskFiles.unlink(path);
    });
  }
  mkdir(path: string, mode: number): void {
    this.#call(`mkdir ${path}`, () => {
      diskFiles.mkdir(path, mode);
    });
  }
  rmdir(path: string): void {
    this.#call(`rmdir ${path}`, () => {
      diskFiles.rmdir(path);
    });
  }
  read(path: string): Uint8Array {
    return this.#call(`read ${path}`, () => diskFiles.read(path));
  }
  list(path: string): string[] {
    return this.#call(`list ${path}`, () => diskFiles.list(path));
  }

  #call<T>(name: string, work: () => T): T {
    const fault = this.#fault;
    const index = this.calls.push(name) - 1;
    if (fault === undefined || index < fault.at || (index > fault.at && fault.lasts === "once")) return work();
    this.broken = true;
    // A file that was opened must not leak only because this pretends otherwise.
    if (index === fault.at && fault.effect === "done" && !name.startsWith("open")) work();
    throw ioError(fault.code);
  }
}
