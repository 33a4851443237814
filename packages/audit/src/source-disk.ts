import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "@bailiwick/base";
import type { RecordSource } from "./verify/source.ts";

/** The record in a directory of this machine. */
export function diskSource(directory: string): RecordSource {
  return {
    read: (path) => orAbsent(readFile(join(directory, path))),
    list: async (path) => (await orAbsent(readdir(join(directory, path)))) ?? [],
  };
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
