import { PrivateReader } from "../private-reader.ts";
import { recordsPath } from "../private-records.ts";
import { readBundles } from "../read.ts";
import type { RunSummary } from "../run-index.ts";
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
  for await (const { first, entries } of readBundles(source, 0, size)) {
    for (const [place, entry] of entries.entries()) {
      const open = openEntry(entry);
      if (open?.private === undefined || runs.get(open.run)?.erased !== undefined) continue;
      if ((await reader.find(open.run, first + place)) !== undefined) continue;
      const path = recordsPath(open.run, first + place);
      missing.set(path, (missing.get(path) ?? 0) + 1);
    }
  }
  return [...missing].map(([path, count]) => {
    const detail = `the personal members of ${String(count)} entries are gone, and no entry says that they were erased`;
    return { kind: "missing", path, detail, repairable: false };
  });
}
