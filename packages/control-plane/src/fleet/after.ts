/** What a task is after something happened to it: decided here alone, of the task as it was. */
import type { TaskRow } from "../store/tables.ts";
import type { Result } from "./queue.ts";

/** What is lost again and again may take its hosts with it: then it has failed. */
const MOST_ATTEMPTS = 20;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export interface After {
  readonly state: TaskRow["state"];
  readonly outcome: TaskRow["outcome"];
  readonly reason: string | null;
  readonly failures: number;
  readonly not_before: number;
  readonly ended_at: number | null;
}

type Before = Pick<TaskRow, "state" | "cancelled_by" | "attempts" | "failures" | "retries" | "on_lost" | "not_before">;

/** Its host said how it went. */
export function afterResult(task: Before, result: Pick<Result, "outcome" | "reason">, now: number): After {
  const { outcome } = result;
  const reason = result.reason ?? null;
  switch (outcome) {
    case "succeeded":
    case "timed-out":
      return done(task, outcome, { reason, now });
    case "cancelled":
      return task.cancelled_by === null
        ? done(task, "failed", { reason: reason ?? "it was ended at its host", now })
        : done(task, "cancelled", { reason, now });
    case "failed":
      return afterFailure(task, { reason, now });
    case "returned":
      return afterLoss(task, { reason: reason ?? "its host had to stop", now });
  }
}

/** Nobody has it any more who did. */
export function afterLoss(task: Before, { reason, now }: Why): After {
  if (task.cancelled_by !== null) return done(task, "cancelled", { reason, now });
  if (task.state === "leased") return waiting(task, { reason, now });
  if (task.on_lost === "fail") return done(task, "failed", { reason, now });
  if (task.attempts >= MOST_ATTEMPTS) {
    return done(task, "failed", { reason: `${reason ?? ""}; begun ${String(task.attempts)} times`, now });
  }
  return waiting(task, { reason, now });
}

interface Why {
  readonly reason: string | null;
  readonly now: number;
}

function afterFailure(task: Before, { reason, now }: Why): After {
  if (task.cancelled_by !== null) return done(task, "cancelled", { reason, now });
  const failures = task.failures + 1;
  if (failures > task.retries) return { ...done(task, "failed", { reason, now }), failures };
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
  return { ...waiting(task, { reason, now }), failures, not_before: now + pauseMs };
}

function waiting({ failures, not_before }: Before, { reason }: Why): After {
  return { state: "queued", outcome: null, reason, failures, not_before, ended_at: null };
}

function done({ failures, not_before }: Before, outcome: TaskRow["outcome"], { reason, now }: Why): After {
  return { state: "done", outcome, reason, failures, not_before, ended_at: now };
}
