import { readdirSync } from "node:fs";
import { decodeOsString } from "@bailiwick/base";
import { osPath } from "./host-files.ts";

export interface DirectoryEntry {
  /** As `decodeOsString` has it. */
  readonly name: string;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isSocket(): boolean;
}

/**
 * The entries of a directory, also those whose names are not UTF-8: Node would replace the bytes, and nothing would be found by such a name.
 * @throws what readdir(3) gives
 */
export function listDirectory(directory: string): readonly DirectoryEntry[] {
  const entries = readdirSync(osPath(directory), { withFileTypes: true });
  if (!entries.some(({ name }) => name.includes("\ufffd"))) return entries;
  return readdirSync(osPath(directory), { withFileTypes: true, encoding: "buffer" }).map((entry) => ({
    name: decodeOsString(entry.name),
    isDirectory: () => entry.isDirectory(),
    isSymbolicLink: () => entry.isSymbolicLink(),
    isSocket: () => entry.isSocket(),
  }));
}
