import { join } from "node:path";
import { readIfThere, type FileToWrite, type Files } from "./files.ts";
import type { NewEntry } from "./log-types.ts";
import { placeRecord, recordsPath, wholePath } from "./private-records.ts";

/** What a batch writes beside the log; it counts once {@link PrivateWriter.accept} was told that the batch is in the log. */
export interface PrivateWrites {
  readonly files: readonly FileToWrite[];
  /** By path, how long the file then is. */
  readonly ends: ReadonlyMap<string, number>;
  readonly digests: readonly string[];
}

/**
 * Plans where salts and personal members go. A file of records only grows, and from where the last acknowledged batch left it: what a
 * checkpoint covers is never written again, and what a failed batch left behind is. Each run has one writer, so nobody else has it open.
 */
export class PrivateWriter {
  readonly #files: Files;
  readonly #directory: string;
  /** How much of each file is covered; of the last ones only: one that is full is never written to again. */
  #ends = new Map<string, number>();
  /** Wholes that are durable, so that a program which is started a thousand times with the same long arguments costs one file. */
  readonly #kept = new Set<string>();

  constructor(files: Files, directory: string) {
    this.#files = files;
    this.#directory = directory;
  }

  /** @param first index that the first of the entries will have */
  plan(first: number, entries: readonly NewEntry[]): PrivateWrites {
    const records = new Map<string, Uint8Array[]>();
    const wholes = new Map<string, FileToWrite>();
    for (const [offset, { run, record, whole }] of entries.entries()) {
      for (const { digest, bytes } of whole) {
        if (!this.#kept.has(digest)) wholes.set(digest, { path: join(this.#directory, wholePath(run, digest)), bytes });
      }
      if (record === undefined) continue;
      const index = first + offset;
      placeRecord(record, index);
      const path = recordsPath(run, index);
      const list = records.get(path);
      if (list === undefined) records.set(path, [record]);
      else list.push(record);
    }
    const files: FileToWrite[] = [...wholes.values()];
    const ends = new Map<string, number>();
    for (const [name, parts] of records) {
      const path = join(this.#directory, name);
      const bytes = Buffer.concat(parts);
      const after = this.#coveredOf(path);
      files.push({ path, bytes, after });
      ends.set(path, after + bytes.length);
    }
    return { files, ends, digests: [...wholes.keys()] };
  }

  /** The batch is in the log. */
  accept({ ends, digests }: PrivateWrites): void {
    if (ends.size > 0) this.#ends = new Map(ends);
    for (const digest of digests) this.#kept.add(digest);
  }

  #coveredOf(path: string): number {
    let end = this.#ends.get(path);
    if (end === undefined) {
      end = readIfThere(this.#files, path)?.length ?? 0;
      this.#ends.set(path, end);
    }
    return end;
  }
}
