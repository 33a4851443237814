import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "@bailiwick/base";
import { PrivateReader } from "../private-reader.ts";
import { recordingPath, recordsPath } from "../private-records.ts";
import { readBundles } from "../read.ts";
import type { RunSummary } from "../run-summary.ts";
import { diskSource } from "../source-disk.ts";
import { openEntry } from "../verify/parse-event.ts";
import type { Finding } from "./finding.ts";

/** Personal members that are gone though no entry says that they were erased. Nothing brings them back. */
export async function findMissingRecords(
  directory: string,
  size: number,
  runs: ReadonlyMap<string, RunSummary>,
): Promise<Finding[]> {
  const source = diskSource(directory);
  const reader = new PrivateReader(source);
  const missing = new Map<string, number>();
  const recordings = new Map<string, number>();
  for await (const { first, entries } of readBundles(source, 0, size)) {
    for (const [place, entry] of entries.entries()) {
      const open = openEntry(entry);
      if (open?.type === "recording.grown" || open?.type === "recording.closed") {
        const { bytes } = open.members;
        if (typeof bytes === "number") recordings.set(open.run, bytes);
      }
      if (open?.private === undefined || runs.get(open.run)?.erased !== undefined) continue;
      if ((await reader.find(open.run, first + place)) !== undefined) continue;
      const path = recordsPath(open.run, first + place);
      missing.set(path, (missing.get(path) ?? 0) + 1);
    }
  }
  const gone = [...missing].map(([path, count]): Finding => {
    const detail = `the personal members of ${String(count)} entries are gone, and no entry says that they were erased`;
    return { kind: "missing", path, detail, repairable: false };
  });
  for (const [run, bytes] of recordings) {
    if (runs.get(run)?.erased === undefined) gone.push(...(await missingRecording(directory, run, bytes)));
  }
  return gone;
}

async function missingRecording(directory: string, run: string, bytes: number): Promise<Finding[]> {
  const path = recordingPath(run);
  const size = await sizeOf(join(directory, path));
  if (size !== undefined && size >= bytes) return [];
  const has = size === undefined ? "is gone" : `has ${String(size)} bytes`;
  const detail = `the recording of the terminal ${has}; ${String(bytes)} were recorded, and no entry says that they were erased`;
  return [{ kind: "missing", path, detail, repairable: false }];
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
