import {
  bundleSources,
  isRecordedEvent,
  openDecider,
  readBundle,
  STANDARD_POLICIES,
  WhatIfReplay,
} from "@bailiwick/policy";
import { runResource, runsOnHosts, teamsOf, type RunOnHost } from "../access/resources.ts";
import { arrivedOf } from "../live/hub.ts";
import type { Handlers, Server } from "../routes/handler.ts";
import { bundleInForce } from "./releases.ts";
import { findVersion, scopeOf } from "./versions.ts";

type Asked = Parameters<Handlers["whatIfPolicy"]>[1];

const DAY_MS = 86_400_000;
const PAGE = 500;
/** Events of one question: an answer is waited for. */
const MOST_EVENTS = 200_000;

/**
 * What a version would have decided of runs in its scope that the caller may read. Where its company's layer holds, a version of another layer is
 * asked beside that. What persons gave their runs beside it is not known here.
 */
export async function whatIf(server: Server, { caller, params, body }: Asked) {
  const row = await findVersion(server.db, params.version);
  const above =
    row.scope_type === "Company" ? undefined : await bundleInForce(server.db, { type: "Company", id: "company" });
  const bundles = [...(above === undefined ? [] : [above]), row.bundle].map(readBundle);
  const decider = await openDecider({
    sources: [...STANDARD_POLICIES, ...bundles.flatMap(bundleSources)],
    cache: undefined,
  });
  try {
    const replay = new WhatIfReplay({ decider, baseline: undefined });
    let left = MOST_EVENTS;
    for (const run of await readableRuns(server, { caller, scope: scopeOf(row), ...body })) {
      for await (const event of eventsOf(server, run)) {
        if (left-- <= 0) break;
        if (isRecordedEvent(event)) await replay.take(event);
      }
    }
    const found = replay.finish();
    const changes = found.changes.map((change) => ({
      ...change,
      policies: [...change.policies],
      examples: [...change.examples],
    }));
    return { ...found, changes };
  } finally {
    await decider.close();
  }
}

interface Looking {
  readonly caller: Asked["caller"];
  readonly scope: ReturnType<typeof scopeOf>;
  readonly days: number;
  readonly runs: number;
}

async function readableRuns(
  { db, authority, now }: Server,
  { caller, scope, days, runs }: Looking,
): Promise<RunOnHost[]> {
  const grants = await authority.grantsOf(caller);
  const found: RunOnHost[] = [];
  const rows = await runsOnHosts(db)
    .where("started_at", ">=", now() - days * DAY_MS)
    .where("erased", "=", false)
    .orderBy("first_seq", "desc")
    .limit(PAGE * 10)
    .execute();
  const teams = await teamsOf(db, [...new Set(rows.map(({ person }) => person))]);
  for (const row of rows) {
    if (found.length === runs) break;
    const resource = runResource(row, teams.get(row.person));
    if (!resource.within.some(({ type, id }) => type === scope.type && id === scope.id)) continue;
    if ((await authority.decideWith(grants, caller, { action: "readRun", resource })).allowed) found.push(row);
  }
  return found;
}

async function* eventsOf({ db, holding }: Server, { id, host, host_id }: RunOnHost) {
  for (let after = 0; ;) {
    const rows = await db
      .selectFrom("event")
      .selectAll()
      .where("run", "=", id)
      .where("host", "=", host)
      .where("seq", ">", after)
      .orderBy("seq")
      .limit(PAGE)
      .execute();
    for (const row of rows) yield arrivedOf(holding, { ...row, host_id }).event;
    const last = rows.at(-1);
    if (rows.length < PAGE || last === undefined) return;
    after = last.seq;
  }
}
