import { readdirSync, readFileSync } from "node:fs";
import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "@bailiwick/base";
import type { RecordSource } from "./verify/source.ts";

/** The record in a directory of this machine. */
export function diskSource(directory: string): RecordSource {
  return {
    read: (path) => orAbsent(readFile(join(directory, path))),
    readPart: (path, from, to) => orAbsent(readPart(join(directory, path), from, to)),
    list: async (path) => (await orAbsent(readdir(join(directory, path)))) ?? [],
  };
}

/**
 * As {@link diskSource}, for who waits for each of many small files and for nothing else: Node's other way costs four hand-overs between threads
 * a file, which is ten times what reading it takes.
 */
export function promptDiskSource(directory: string): RecordSource {
  return {
    read: (path) => orAbsent(attempt(() => readFileSync(join(directory, path)))),
    list: async (path) => (await orAbsent(attempt(() => readdirSync(join(directory, path))))) ?? [],
  };
}

function attempt<T>(read: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(read());
  });
}

async function readPart(path: string, from: number, to: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** ENOTDIR and EISDIR: something else stands where the file should be, so the file is not there. */
async function orAbsent<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EISDIR")) return undefined;
    throw error;
  }
}
