import { readFile, stat } from "node:fs/promises";
import { diskSource } from "./source-disk.ts";
import type { OtherCheckpoint } from "./verify/other-heads.ts";

/**
 * Something of a log from elsewhere, to compare with: a checkpoint in a file, a copy of the record, or a copy of its public part.
 * Errors of the file system pass through.
 */
export async function openCopy(path: string): Promise<OtherCheckpoint> {
  if (!(await stat(path)).isDirectory()) return { note: await readFile(path) };
  const source = diskSource(path);
  const note = await source.read("log/checkpoint");
  if (note !== undefined) return { note, copy: source };
  const open = { read: (name: string) => source.read(name.replace(/^log\//, "")) };
  return { note: (await open.read("log/checkpoint")) ?? new Uint8Array(0), copy: open };
}
