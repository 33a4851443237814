import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { RunId } from "@bailiwick/base";
import { AuditError } from "./errors.ts";
import { diskFiles, DurableWriter, listIfThere } from "./files.ts";
import { encodeEvent } from "./fit.ts";
import { layoutOf } from "./layout.ts";
import { openAppender } from "./open-log.ts";
import { privateDirectory } from "./private-records.ts";
import { noSuchRun } from "./read-run.ts";
import { readCheckpoint } from "./read.ts";
import { refreshIndex } from "./run-index.ts";

export interface EraseOptions {
  readonly runs: readonly RunId[];
  /** Who erases, and why: stays in the record. */
  readonly by: string;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Whether a run still goes on: its log says only that it has no end, which is so as well when its supervisor was killed. */
  readonly isRunning: (run: RunId) => boolean;
}

export interface Erasure {
  readonly erased: readonly RunId[];
  /** Were erased before; what a crash then left of them is gone now. */
  readonly before: readonly RunId[];
}

/**
 * Erases salts and personal members of runs, and the files with what was too long for their events. The entries stay, and every proof
 * with them: without its salt a digest says nothing of what it was made from.
 *
 * The entries that say so are durable before anything is removed: personal members that are gone without one were deleted by
 * somebody who had no right to. After a crash in between the same call ends the work.
 * @throws AuditError AUDIT_NO_LOG, AUDIT_NO_SUCH_RUN, AUDIT_RUN_GOING (nothing is erased then), and as appending does
 */
export async function eraseRuns(directory: string, options: EraseOptions): Promise<Erasure> {
  await readCheckpoint(directory);
  const { runs: known } = await refreshIndex(directory);
  const erased: RunId[] = [];
  const before: RunId[] = [];
  for (const run of new Set(options.runs)) {
    const summary = known.get(run);
    if (summary === undefined) throw noSuchRun(run);
    if (summary.ended === undefined && options.isRunning(run)) {
      throw new AuditError(
        "AUDIT_RUN_GOING",
        `the run \`${run}\` still goes on; end it with \`bailiwick kill ${run}\``,
      );
    }
    (summary.erased === undefined ? erased : before).push(run);
  }
  if (erased.length > 0) await record(directory, erased, options);
  await remove(directory, [...erased, ...before]);
  // What was learnt from the log holds names as well; with the new entries it forgets them.
  await refreshIndex(directory);
  return { erased, before };
}

async function record(directory: string, runs: readonly RunId[], { at, by, reason }: EraseOptions): Promise<void> {
  const { appender, lock } = await openAppender({ directory });
  try {
    await appender.commit(runs.map((run) => encodeEvent(run, { type: "run.erased", at, by, reason })));
  } finally {
    lock.close();
  }
}

async function remove(directory: string, runs: readonly RunId[]): Promise<void> {
  for (const run of runs) await rm(join(directory, privateDirectory(run)), { recursive: true, force: true });
  const { private: parent } = layoutOf(directory);
  const isThere = listIfThere(diskFiles, directory).includes("private");
  if (isThere) await new DurableWriter(diskFiles, directory).syncDirectory(parent);
}
