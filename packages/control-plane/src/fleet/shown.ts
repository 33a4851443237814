/** Rows of pools and tasks as the API has them. */
import { taskBudget, taskCost, poolSettings, type Pool, type TaskOfServer } from "../../contract/tasks.ts";
import type { PoolRow, TaskRow } from "../store/tables.ts";

/** In a list, what is longer is cut. */
export const LISTED_PROMPT = 300;

export function taskOf(row: TaskRow, patchBytes: number | undefined = row.patch?.length): TaskOfServer {
  const { id, pool, by_id: by, agent, repository, profile, prompt, priority, retries, state, attempts } = row;
  const review = row.review ?? (row.outcome === "succeeded" && row.patch_digest !== null ? "awaiting" : undefined);
  return {
    ...{ id, pool, by, agent, repository, profile, prompt, priority, retries, state, attempts },
    ...{ budget: taskBudget.parse(JSON.parse(row.budget)), timeoutS: row.timeout_s, onLost: row.on_lost },
    submittedAt: row.submitted_at,
    ...given({
      ...{ person: row.person, team: row.team, revision: row.revision, outcome: row.outcome, review },
      ...{ reviewedBy: row.reviewed_by, reviewedAt: row.reviewed_at, why: row.review_why, reason: row.reason },
      ...{ startedAt: row.started_at, endedAt: row.ended_at, cancelledBy: row.cancelled_by },
      ...{ host: row.host, run: row.run, base: row.base, status: row.status },
    }),
    ...(row.cost !== null && { cost: taskCost.parse(JSON.parse(row.cost)) }),
    ...(row.patch_digest !== null && { patch: { digest: row.patch_digest, bytes: patchBytes ?? 0 } }),
  };
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], null | undefined> };

/** Members that are there. */
function given<T extends object>(members: T): Given<T> {
  const there = Object.entries(members).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(there) as Given<T>; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- see the filter
}

export function poolOf(row: PoolRow, counts: { readonly waiting: number; readonly taken: number }): Pool {
  const { id, hosts, repositories, profiles, agents, lease_s: leaseS, running, queued, teams } = row;
  return {
    ...{ id, hosts, repositories, profiles, agents, leaseS, ...counts },
    ...(running !== null && { running }),
    ...(queued !== null && { queued }),
    teams: poolSettings.shape.teams.parse(JSON.parse(teams)),
    changedBy: row.changed_by,
    changedAt: row.changed_at,
  };
}
