import { watch } from "node:fs";
import type { RunId } from "@bailiwick/base";
import { layoutOf } from "./layout.ts";
import { readCheckpoint } from "./read.ts";
import { eventsOf, type LoggedEvent } from "./read-run.ts";
import { refreshIndex } from "./run-index.ts";
import { diskSource } from "./source-disk.ts";

export interface FollowOptions {
  /** Ends the iteration, without an error. */
  readonly signal: AbortSignal;
  /** Longest time until a new entry is noticed where the file system reports no changes. Default 250. */
  readonly pollMs?: number;
}

/**
 * The events of a run from its first, and then as they become durable, until run.ended. A run that is not in the log yet is
 * waited for; one whose supervisor was killed has no end, so there only the signal ends the iteration.
 * @throws AuditError AUDIT_NO_LOG, AUDIT_LOG_DAMAGED, AUDIT_MALFORMED
 */
export async function* followRun(directory: string, run: RunId, options: FollowOptions): AsyncGenerator<LoggedEvent> {
  const index = await refreshIndex(directory);
  const from = index.runs.get(run)?.first ?? index.size;
  for await (const logged of follow(directory, { run, from }, options)) {
    yield logged;
    if (logged.event.type === "run.ended") return;
  }
}

/**
 * The events of all runs from one entry on, and then as they become durable, until the signal.
 * @param from 0-based index of the first entry that is wanted
 * @throws AuditError AUDIT_NO_LOG, AUDIT_LOG_DAMAGED, AUDIT_MALFORMED
 */
export async function* followLog(directory: string, from: number, options: FollowOptions): AsyncGenerator<LoggedEvent> {
  yield* follow(directory, { run: undefined, from }, options);
}

async function* follow(
  directory: string,
  { run, from }: { readonly run: RunId | undefined; readonly from: number },
  { signal, pollMs = 250 }: FollowOptions,
): AsyncGenerator<LoggedEvent> {
  const source = diskSource(directory);
  const changes = watchCheckpoint(directory, pollMs, signal);
  try {
    for (let next = from; !signal.aborted;) {
      const { size } = await readCheckpoint(directory);
      for await (const logged of size > next ? eventsOf(source, run, { from: next, to: size }) : []) {
        yield logged;
        if (signal.aborted) return;
      }
      next = Math.max(next, size);
      await changes.next();
    }
  } finally {
    changes.close();
  }
}

interface Changes {
  /** Resolves when the log may have grown since the last call, after `pollMs` at the latest, or at once when aborted. */
  next(): Promise<void>;
  close(): void;
}

function watchCheckpoint(directory: string, pollMs: number, signal: AbortSignal): Changes {
  let changed = false;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    changed = true;
    wake?.();
  };
  const watcher = watch(layoutOf(directory).log, notify);
  // No more inotify watches, or the directory is gone: the poll goes on and says what is wrong.
  watcher.on("error", notify);
  signal.addEventListener("abort", notify);
  return {
    async next() {
      if (!changed) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, pollMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      wake = undefined;
      changed = signal.aborted;
    },
    close() {
      signal.removeEventListener("abort", notify);
      watcher.close();
    },
  };
}
