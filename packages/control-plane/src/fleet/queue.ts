/**
 * The queue of tasks. What it promises, whatever is behind it:
 *
 * - A task is `queued`, `leased` (a host makes ready), `running` or `done`. One host has it at a time, by a token (its lease) and until a time.
 * - INVARIANT(fence): what comes under another token than the one that a task has is refused, so that a host that was believed lost changes nothing
 *   any more.
 * - A lease whose time is over is taken back. What was not begun waits again; what was begun waits again or has failed, as whoever submitted it said.
 */
import type { HandIn } from "../../contract/tasks.ts";
import type { TaskRow } from "../store/tables.ts";

/** What a task is when it is taken in. */
export type NewTaskRow = Pick<
  TaskRow,
  | "id"
  | "pool"
  | "by_id"
  | "person"
  | "team"
  | "share"
  | "agent"
  | "repository"
  | "revision"
  | "profile"
  | "prompt"
  | "budget"
  | "timeout_s"
  | "priority"
  | "retries"
  | "on_lost"
>;

/** Who has a task. */
export interface Holder {
  readonly host: string;
  readonly lease: string;
}

export interface Result extends Omit<HandIn, "lease" | "patch"> {
  readonly patch: { readonly bytes: Buffer; readonly digest: string } | undefined;
}

export type Review = Pick<TaskRow, "review" | "reviewed_by" | "review_why" | "patch_digest">;

export interface TaskQueue {
  /** Undefined when as many of its share wait as may. */
  submit(row: NewTaskRow, now: number): Promise<TaskRow | undefined>;
  /**
   * The next task of a pool, which the holder has from then on. Of those that fewest tasks of run, who was served longest ago; of them the person that fewest
   * run of, the higher priority, the older. Asked again by the same lease, the same task.
   * @returns undefined when there is none; `forbidden` when the host is not of the pool
   */
  take(pool: string, holder: Holder, now: number): Promise<Taken | undefined | "forbidden">;
  /** The holder goes on. @returns undefined when it has the task no more */
  renew(
    id: string,
    holder: Holder,
    more: { readonly begun: boolean; readonly run: string | undefined; readonly now: number },
  ): Promise<{ readonly row: TaskRow; readonly leaseS: number } | undefined>;
  /** @returns undefined when the holder has the task no more; `again`: it was handed in before */
  handIn(id: string, holder: Holder, result: Result, now: number): Promise<TaskRow | undefined | "again">;
  /** At once where it waits, else wanted of who has it; what is done stays. */
  cancel(id: string, by: string, now: number): Promise<TaskRow | undefined>;
  /** Once, of what succeeded, when the patch is the one that was looked at. */
  review(id: string, review: Review, now: number): Promise<TaskRow | undefined>;
  /** Takes back what nobody has any more. @param since no lease is over that could not be renewed since then */
  takeBack(now: number, since: number): Promise<TaskRow[]>;
}

export interface Taken {
  readonly row: TaskRow;
  readonly leaseS: number;
  /** It was given before, and the answer lost. */
  readonly again: boolean;
}

/** Of a pool, when there may be something to take. */
export const aboutPool = (pool: string): string => `pool ${pool}`;
/** Of a task, when something else is wanted of who has it. */
export const aboutTask = (id: string): string => `task ${id}`;
