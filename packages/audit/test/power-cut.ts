/** A disk that forgets, at a power cut, all that was not synced. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import fs from "node:fs";
import { dirname } from "node:path";
import { diskFiles, type Files } from "../src/files.ts";
import { ioError } from "./broken-files.ts";

interface Node {
  readonly kind: "file" | "directory";
  /** What the disk has for certain; undefined when it was never synced. */
  durable: Buffer | undefined;
  /** True when it was changed since. */
  dirty: boolean;
  /** Bytes from the beginning that were not written since, so that the disk has them still. */
  kept: number;
}

/** `names`: names reach the disk at once and contents only by sync. `contents`: neither does without one. Real file systems do either. */
export type Forgets = "contents" | "contents and names";

/**
 * Passes everything on to the real directory, and knows which of it would be there after a power cut. From call `cutAt`
 * on nothing happens any more; {@link PowerCutFiles.restore} then leaves the directory as the machine would find it.
 */
export class PowerCutFiles implements Files {
  calls = 0;
  readonly #root: string;
  readonly #cutAt: number;
  readonly #now = new Map<string, Node>();
  readonly #onDisk = new Map<string, Node>();
  readonly #opened = new Map<number, string>();

  constructor(root: string, cutAt = Infinity) {
    this.#root = root;
    this.#cutAt = cutAt;
  }

  open(path: string, flags: number, mode: number): number {
    this.#step();
    const fd = diskFiles.open(path, flags, mode);
    this.#opened.set(fd, path);
    if ((flags & fs.constants.O_CREAT) !== 0) {
      const node = this.#now.get(path) ?? { kind: "file", durable: undefined, dirty: true, kept: 0 };
      node.dirty = true;
      node.kept = (flags & fs.constants.O_TRUNC) === 0 ? node.kept : 0;
      this.#now.set(path, node);
    }
    return fd;
  }
  write(fd: number, bytes: Uint8Array, at: number): number {
    this.#step();
    const node = this.#now.get(this.#opened.get(fd) ?? "");
    if (node !== undefined) node.kept = Math.min(node.kept, at);
    return diskFiles.write(fd, bytes, at);
  }
  async sync(fd: number): Promise<void> {
    this.#step();
    await Promise.resolve();
    const path = this.#opened.get(fd);
    if (path === undefined) throw ioError("EBADF");
    const node = this.#now.get(path);
    if (node?.kind === "file") {
      node.durable = readFileSync(path);
      node.dirty = false;
      node.kept = node.durable.length;
      return;
    }
    for (const name of new Set([...this.#now.keys(), ...this.#onDisk.keys()])) {
      if (dirname(name) !== path) continue;
      const entry = this.#now.get(name);
      if (entry === undefined) this.#onDisk.delete(name);
      else this.#onDisk.set(name, entry);
    }
  }
  close(fd: number): void {
    this.#opened.delete(fd);
    diskFiles.close(fd);
  }
  rename(from: string, to: string): void {
    this.#step();
    diskFiles.rename(from, to);
    const node = this.#now.get(from);
    if (node !== undefined) this.#now.set(to, node);
    this.#now.delete(from);
  }
  unlink(path: string): void {
    this.#step();
    diskFiles.unlink(path);
    this.#now.delete(path);
  }
  mkdir(path: string, mode: number): void {
    this.#step();
    diskFiles.mkdir(path, mode);
    this.#now.set(path, { kind: "directory", durable: undefined, dirty: false, kept: 0 });
  }
  rmdir(path: string): void {
    this.#step();
    diskFiles.rmdir(path);
    this.#now.delete(path);
  }
  read(path: string): Uint8Array {
    return diskFiles.read(path);
  }
  list(path: string): string[] {
    return diskFiles.list(path);
  }

  restore(forgets: Forgets): void {
    rmSync(this.#root, { recursive: true, force: true });
    mkdirSync(this.#root, { mode: 0o700 });
    const left = forgets === "contents" ? this.#now : this.#onDisk;
    for (const [path, node] of [...left].sort(([a], [b]) => (a < b ? -1 : 1))) {
      // A name in a directory that is not there itself is lost with it.
      if (dirname(path) !== this.#root && !left.has(dirname(path))) continue;
      if (node.kind === "directory") mkdirSync(path, { mode: 0o700, recursive: true });
      else if (fs.existsSync(dirname(path))) writeFileSync(path, contentOf(node), { mode: 0o600 });
    }
  }

  #step(): void {
    if (this.calls++ >= this.#cutAt) throw ioError("EIO");
  }
}

function contentOf({ dirty, durable, kept }: Node): Buffer {
  if (durable !== undefined && !dirty) return durable;
  return Buffer.concat([durable?.subarray(0, kept) ?? Buffer.alloc(0), Buffer.from("garbage")]);
}
