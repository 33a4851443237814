/** Tasks at the API, for people. */
import { ServerError } from "../../contract/errors.ts";
import { isWithinRepositories, type NewTask } from "../../contract/tasks.ts";
import { poolResource, taskResource, teamsOf } from "../access/resources.ts";
import type { Caller } from "../identity/callers.ts";
import { randomId } from "../identity/secrets.ts";
import type { Handlers, Server } from "../routes/handler.ts";
import { listSeen } from "../routes/listed.ts";
import { conflict, notFound } from "../routes/people.ts";
import type { Database, PoolRow, TaskRow } from "../store/tables.ts";
import { noteTask } from "./notes.ts";
import { runnerRoutes } from "./runner-routes.ts";
import { LISTED_PROMPT, poolOf, taskOf } from "./shown.ts";

export const tasks = {
  ...runnerRoutes,

  putPool: async ({ db, journal, now }, { caller, params: { pool: id }, body }) => {
    const { hosts, repositories, profiles, agents, leaseS, running, queued, teams } = body;
    await requireHosts(db, hosts);
    await journal.note({ type: "pool.changed", pool: id, by: caller.id, hosts, repositories, profiles });
    const settings = {
      ...{ hosts, repositories, profiles, agents, lease_s: leaseS, teams: JSON.stringify(teams) },
      ...{ running: running ?? null, queued: queued ?? null, changed_by: caller.id, changed_at: now() },
    };
    const row = await db
      .insertInto("pool")
      .values({ id, ...settings })
      .onConflict((conflict) => conflict.column("id").doUpdateSet(settings))
      .returningAll()
      .executeTakeFirstOrThrow();
    const counts = await countsOf(db);
    return poolOf(row, counts(id));
  },

  listPools: async ({ db, authority }, { caller }) => {
    const [rows, counts, grants] = await Promise.all([
      db.selectFrom("pool").selectAll().orderBy("id").execute(),
      countsOf(db),
      authority.grantsOf(caller),
    ]);
    const items = [];
    for (const row of rows) {
      const resource = poolResource(row.id);
      const { allowed } = await authority.decideWith(grants, caller, { action: "viewPool", resource });
      if (allowed) items.push(poolOf(row, counts(row.id)));
    }
    return { items };
  },

  submitTask: async (server, { caller, params: { pool: id }, body }) => {
    const { db, journal, tasks: queue, now } = server;
    const pool = await db.selectFrom("pool").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
    requireWithin(pool, body);
    const team = await teamFor(db, caller, body.team);
    const { agent, repository, profile, prompt, budget, timeoutS, priority, retries, onLost } = body;
    const row = await queue.submit(
      {
        ...{ id: randomId("task"), pool: id, by_id: caller.id, person: caller.person ?? null, team: team ?? null },
        share: team === undefined ? `by ${caller.id}` : `team ${team}`,
        ...{ agent, repository, revision: body.revision ?? null, profile, prompt, budget: JSON.stringify(budget) },
        ...{ timeout_s: timeoutS, priority, retries, on_lost: onLost },
      },
      now(),
    );
    if (row === undefined) {
      const whose = team === undefined ? "yours" : `the team \`${team}\``;
      throw conflict(`as many tasks of ${whose} wait in \`${id}\` as may`, "wait until some are done, or cancel some");
    }
    await noteTask(journal, row, { by: caller.id, what: "submitted" });
    return taskOf(row);
  },

  listTasks: async ({ db, authority }, { caller, query }) => {
    const grants = await authority.grantsOf(caller);
    return await listSeen(query, {
      read: async (before, most) => {
        const select = listed(db, query).orderBy("number", "desc").limit(most);
        return await (before === undefined ? select : select.where("number", "<", before)).execute();
      },
      placeOf: ({ number }) => number,
      show: async (rows) => {
        const teams = await teamsOf(db, [...new Set(rows.flatMap(({ person }) => person ?? []))]);
        return async (row) => {
          const resource = taskResource(row, teams.get(row.person ?? ""));
          const { allowed } = await authority.decideWith(grants, caller, { action: "viewTask", resource });
          return allowed ? taskOf({ ...row, patch: null }, row.patch_bytes ?? undefined) : undefined;
        };
      },
    });
  },

  showTask: async ({ db }, { params: { task } }) => taskOf(await find(db, task)),

  taskPatch: async ({ db }, { params: { task } }) => {
    const { patch } = await find(db, task);
    if (patch === null) throw notFound(`the task \`${task}\` has no patch`);
    return patch;
  },

  cancelTask: async ({ db, journal, tasks: queue, now }, { caller, params: { task } }) => {
    const before = await find(db, task);
    if (before.state === "done") throw conflict(`the task \`${task}\` is done`, "see `bailiwick tasks show`");
    // In the log before its host is told.
    await noteTask(journal, before, { by: caller.id, what: "cancelled" });
    const row = await queue.cancel(task, caller.id, now());
    return taskOf(row ?? before);
  },

  reviewTask: async ({ db, journal, tasks: queue, now }, { caller, params: { task }, body }) => {
    const { verdict, patch, why } = body;
    const before = await find(db, task);
    const refuse = (): ServerError => conflict(whyNotReviewed(before, patch), `see \`bailiwick tasks show ${task}\``);
    if (before.outcome !== "succeeded" || before.review !== null || before.patch_digest !== patch) throw refuse();
    await noteTask(journal, { ...before, reason: why ?? null }, { by: caller.id, what: verdict });
    const row = await queue.review(
      task,
      { review: verdict, reviewed_by: caller.id, review_why: why ?? null, patch_digest: patch },
      now(),
    );
    if (row === undefined) throw conflict(`somebody else reviewed the task \`${task}\` meanwhile`, "look again");
    return taskOf(row);
  },
} as const satisfies Partial<Handlers>;

function whyNotReviewed({ id, state, outcome, review }: TaskRow, patch: string): string {
  if (state !== "done") return `the task \`${id}\` is not done`;
  if (outcome !== "succeeded") return `the task \`${id}\` is ${outcome ?? state}: only what succeeded is reviewed`;
  if (review !== null) return `the task \`${id}\` is ${review} already`;
  return `the task \`${id}\` has another patch than \`${patch}\``;
}

async function find(db: Database, id: string): Promise<TaskRow> {
  const row = await db.selectFrom("task").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) throw notFound(`there is no task \`${id}\``);
  return row;
}

function listed(db: Database, { pool, state }: { readonly pool?: string | undefined; readonly state: string }) {
  // A page of patches would be megabytes that nobody looks at.
  let select = db
    .selectFrom("task")
    .select([
      ...(["number", "id", "pool", "by_id", "person", "team", "share", "agent", "repository", "revision"] as const),
      ...(["profile", "budget", "timeout_s", "priority", "retries", "on_lost", "state", "outcome"] as const),
      ...(["reason", "attempts", "failures", "submitted_at", "not_before", "started_at", "ended_at"] as const),
      ...(["host", "lease", "lease_until", "cancelled_by", "run", "base", "status", "cost"] as const),
      ...(["patch_digest", "review", "reviewed_by", "reviewed_at", "review_why"] as const),
    ])
    .select((each) => each.fn<string>("left", ["prompt", each.val(LISTED_PROMPT)]).as("prompt"))
    .select((each) => each.fn<number | null>("octet_length", ["patch"]).as("patch_bytes"));
  if (pool !== undefined) select = select.where("pool", "=", pool);
  if (state === "open") select = select.where("state", "!=", "done");
  if (state === "done") select = select.where("state", "=", "done");
  if (state === "review") {
    select = select
      .where("outcome", "=", "succeeded")
      .where("review", "is", null)
      .where("patch_digest", "is not", null);
  }
  return select;
}

/** @throws ServerError SERVER_CONFLICT for what the pool is not for */
function requireWithin(pool: PoolRow, { agent, profile, repository }: NewTask): void {
  const refused = !isWithinRepositories(repository, pool.repositories)
    ? `about \`${repository}\``
    : !pool.profiles.includes(profile)
      ? `with the profile \`${profile}\``
      : !pool.agents.includes(agent)
        ? `by the agent \`${agent}\``
        : undefined;
  if (refused === undefined) return;
  throw conflict(`the pool \`${pool.id}\` runs nothing ${refused}`, "see what it is for: `bailiwick tasks pools`");
}

async function requireHosts(db: Database, hosts: readonly string[]): Promise<void> {
  if (hosts.length === 0) return;
  const known = await db
    .selectFrom("host")
    .select("id")
    .where("id", "in", [...hosts])
    .where("revoked_at", "is", null)
    .execute();
  const missing = hosts.find((host) => !known.some(({ id }) => id === host));
  if (missing !== undefined) throw notFound(`there is no host \`${missing}\` that could be in a pool`);
}

/** @throws ServerError SERVER_FORBIDDEN when it is not a team of the caller: else others would wait for them */
async function teamFor(db: Database, { person }: Caller, wanted: string | undefined): Promise<string | undefined> {
  const teams = person === undefined ? [] : ((await teamsOf(db, [person])).get(person) ?? []);
  if (wanted === undefined || teams.includes(wanted)) return wanted ?? teams[0];
  throw new ServerError("SERVER_FORBIDDEN", `you are not in the team \`${wanted}\``, {
    remedy: teams.length === 0 ? "leave `team` out" : `name one of ${teams.join(", ")}`,
  });
}

async function countsOf(
  db: Server["db"],
): Promise<(pool: string) => { readonly waiting: number; readonly taken: number }> {
  const rows = await db
    .selectFrom("task")
    .select((each) => ["pool", "state", each.fn.countAll<number>().as("count")])
    .where("state", "!=", "done")
    .groupBy(["pool", "state"])
    .execute();
  return (pool) => {
    const of = (waits: boolean): number =>
      rows
        .filter((row) => row.pool === pool && (row.state === "queued") === waits)
        .reduce((sum, { count }) => sum + Number(count), 0);
    return { waiting: of(true), taken: of(false) };
  };
}
