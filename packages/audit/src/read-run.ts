import type { RunId } from "@bailiwick/base";
import { AuditError } from "./errors.ts";
import type { Event } from "./events.ts";
import { readBundles, readCheckpoint, readEntryHead } from "./read.ts";
import { refreshIndex } from "./run-index.ts";
import type { RunSummary } from "./run-summary.ts";
import { diskSource } from "./source-disk.ts";
import { PrivateReader } from "./private-reader.ts";
import type { RecordSource } from "./verify/source.ts";
import { completeEvent, openEntry } from "./verify/parse-event.ts";

/** An event with its place in the log. */
export interface LoggedEvent {
  readonly index: number;
  readonly event: Event;
  /** The personal members are gone: in `event` they are "" or empty, or absent where they may be. */
  readonly erased: boolean;
}

/**
 * The events of a run, in the order of the log, as far as the checkpoint covers them now; at last, that its personal members were
 * erased. They are read, not proven: see verifyLog.
 * @param wanted the run; whoever has its summary gives that, and no list of runs is read for it
 * @throws AuditError AUDIT_NO_LOG, AUDIT_NO_SUCH_RUN, AUDIT_LOG_DAMAGED, AUDIT_MALFORMED
 */
export async function* readRun(directory: string, wanted: RunId | RunSummary): AsyncGenerator<LoggedEvent> {
  const summary = typeof wanted === "string" ? (await refreshIndex(directory)).runs.get(wanted) : wanted;
  if (summary === undefined) throw noSuchRun(String(wanted));
  const source = diskSource(directory);
  const { run } = summary;
  yield* eventsOf(source, run, { from: summary.first, to: summary.last + 1 });
  const { erased } = summary;
  if (erased !== undefined) yield* eventsOf(source, run, { from: erased.index, to: erased.index + 1 });
}

/**
 * The events of all runs from one entry on, in the order of the log, as far as the checkpoint covers them now: what an index or an
 * export reads. They are read, not proven: see verifyLog.
 * @param from 0-based index of the first entry that is wanted; beyond the log's end there are none
 * @throws AuditError AUDIT_NO_LOG, AUDIT_LOG_DAMAGED, AUDIT_MALFORMED
 */
export async function* readLog(directory: string, from: number): AsyncGenerator<LoggedEvent> {
  const { size } = await readCheckpoint(directory);
  if (from < size) yield* eventsOf(diskSource(directory), undefined, { from, to: size });
}

/** The events of a run, or of all, that lie in a part of the log. */
export async function* eventsOf(
  source: RecordSource,
  run: string | undefined,
  { from, to }: { readonly from: number; readonly to: number },
): AsyncGenerator<LoggedEvent> {
  const records = new PrivateReader(source);
  for await (const { first, entries } of readBundles(source, from, to)) {
    for (const [offset, entry] of entries.entries()) {
      if (run !== undefined && readEntryHead(entry)?.run !== run) continue;
      const index = first + offset;
      const open = openEntry(entry);
      const committed = open?.private === undefined ? undefined : await records.find(open.run, index);
      const event = open && completeEvent(open, committed);
      if (event === undefined) {
        throw new AuditError(
          "AUDIT_MALFORMED",
          `entry ${String(index)} of the record is not an event that this version knows; run \`bailiwick audit verify\``,
        );
      }
      yield { index, event, erased: open?.private !== undefined && committed === undefined };
    }
  }
}

export function noSuchRun(run: string): AuditError {
  return new AuditError("AUDIT_NO_SUCH_RUN", `the record has no run \`${run}\`; list them with \`bailiwick runs\``);
}
