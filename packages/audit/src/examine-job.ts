import { join } from "node:path";
import { diskFiles, readIfThere } from "./files.ts";
import { isSha256, sha256 } from "./key.ts";
import { BundleExaminer } from "./verify/examine.ts";
import type { ExaminedBundle } from "./verify/facts.ts";

/** Full bundles from one on, one after the other. */
export interface ExamineJob {
  readonly first: number;
  readonly count: number;
}

export type ExamineReply = readonly (ExaminedBundle | undefined)[];

/** Whoever does jobs on the record in a directory, one at a time; files are read at once, as nobody else waits in that thread. */
export function openExamineJobs(directory: string): (job: ExamineJob) => Promise<ExamineReply> {
  const source = { read: (path: string) => Promise.resolve(readIfThere(diskFiles, join(directory, path))) };
  const examiner = new BundleExaminer(source, { sha256, hasDigest: isSha256 });
  return async ({ first, count }) => {
    const reply: ExamineReply[number][] = [];
    for (let bundle = first; bundle < first + count; bundle++) reply.push(await examiner.examine(bundle));
    return reply;
  };
}
