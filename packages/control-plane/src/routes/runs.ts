import { findRun, runResource, runsOnHosts, teamsOf, type RunOnHost } from "../access/resources.ts";
import { runHasLabel } from "../store/labels.ts";
import { silenceOf } from "../hosts/heard.ts";
import { arrivedOf } from "../live/hub.ts";
import type { Handlers, Server } from "./handler.ts";
import { lastEventOf } from "./last-event.ts";
import { listSeen } from "./listed.ts";
import { notFound } from "./people.ts";

export const runs = {
  listRuns: async (server, { caller, query }) => {
    const { db, authority } = server;
    const grants = await authority.grantsOf(caller);
    return await listSeen(query, {
      read: async (before, most) => {
        const select = labelled(runsOnHosts(db), query.label).orderBy("first_seq", "desc").limit(most);
        return await (before === undefined ? select : select.where("first_seq", "<", before)).execute();
      },
      placeOf: (row) => row.first_seq,
      show: async (rows) => {
        const teams = await teamsOf(db, [...new Set(rows.map(({ person }) => person))]);
        return async (row) => {
          const resource = runResource(row, teams.get(row.person));
          const { allowed } = await authority.decideWith(grants, caller, { action: "viewRun", resource });
          return allowed ? runOf(server, row) : undefined;
        };
      },
    });
  },

  showRun: async (server, { params: { run } }) => {
    const row = await findRun(server.db, run);
    if (row === undefined) throw notFound(`there is no run \`${run}\``);
    return runOf(server, row);
  },

  readRun: async ({ db, holding }, { params: { run }, query: { after = 0, limit } }) => {
    const found = await findRun(db, run);
    if (found === undefined) throw notFound(`there is no run \`${run}\``);
    const rows = await db
      .selectFrom("event")
      .selectAll()
      .where("run", "=", run)
      .where("host", "=", found.host)
      .where("seq", ">", after)
      .orderBy("seq")
      .limit(limit)
      .execute();
    const last = rows.at(-1)?.seq;
    return {
      items: rows.map((row) => arrivedOf(holding, { ...row, host_id: found.host_id })),
      ...(rows.length === limit && last !== undefined && { next: last }),
    };
  },

  watchRun: async (_, { caller, params: { run }, headers }) => {
    return await Promise.resolve({ after: lastEventOf(headers) ?? 0, run, caller, action: "watchRun" });
  },

  watchRuns: async (_, { caller, headers }) => {
    return await Promise.resolve({ after: lastEventOf(headers), run: undefined, caller, action: "watchRun" });
  },
} as const satisfies Partial<Handlers>;

function labelled(select: ReturnType<typeof runsOnHosts>, wanted: readonly string[] = []) {
  return wanted.reduce((narrowed, label) => narrowed.where(runHasLabel(label, "run")), select);
}

function runOf(server: Server, row: RunOnHost) {
  const { id, host_id, person, started_at, ended_at, name, agent, project, profile, command, labels } = row;
  return {
    run: id,
    host: host_id,
    person,
    ...(started_at !== null && { startedAt: started_at }),
    ...(ended_at === null ? silenceOf(Number(row.heard_at), server) : { endedAt: ended_at }),
    ...(name !== null && { name }),
    agent,
    project,
    profile,
    command,
    labels,
    ...(row.status !== null && { status: row.status }),
    ...(row.reason !== null && { reason: row.reason }),
    entries: row.entries,
    erased: row.erased,
  };
}
