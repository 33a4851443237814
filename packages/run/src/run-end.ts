import { constants } from "node:os";
import type { EventOf } from "@bailiwick/audit";
import type { MainExit } from "@bailiwick/sandbox";
import type { EndReason, RunOutcome } from "./run-types.ts";

/** Of the whole run, as a shell would give it. @param exit how the command ended; undefined where that can't be known any more */
export function statusOf(
  exit: MainExit | undefined,
  reason: EndReason,
  { execs, refused }: Pick<RunOutcome["counts"], "execs" | "refused">,
): number {
  if (execs === 0 && refused > 0) return 126;
  const status = exit?.status ?? 128 + signalNumber(exit?.signal ?? "SIGKILL");
  // A run that was ended for a reason of its own has not succeeded, whatever its command said last.
  return reason !== "exited" && reason !== "killed" && status === 0 ? 128 + constants.signals.SIGKILL : status;
}

/** Requests are counted where any were looked into; a run without says nothing of them. */
export function recordedCounts(counts: RunOutcome["counts"]): EventOf<"run.ended">["counts"] {
  const { requests, requestsRefused, alarms, ...others } = counts;
  return requests + requestsRefused + alarms === 0 ? others : counts;
}

function signalNumber(name: string): number {
  const found = Object.entries(constants.signals).find(([known]) => known === name);
  return found?.[1] ?? constants.signals.SIGKILL;
}
