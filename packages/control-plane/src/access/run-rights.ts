import type { AccessAction, Grant } from "@bailiwick/policy";
import type { Caller } from "../identity/callers.ts";
import type { Database } from "../store/tables.ts";
import type { Authority } from "./authority.ts";
import { findRuns, runResource, teamsOf, type RunOnHost } from "./resources.ts";

export interface RunRight {
  readonly caller: Caller;
  /** Of the caller, as they are now. */
  readonly grants: readonly Grant[];
  readonly action: AccessAction;
}

/**
 * Deciding is done beside this thread, and each answer waits for whatever else the thread does. No more than these: they wait for one another, and
 * what Cedar does not answer within seconds is refused.
 */
const AT_ONCE = 256;

/**
 * Of these runs those on which a caller may do something, by their ids. The database is asked about all of them at once: one by one, a thousand runs would
 * keep whoever looks at everything behind what arrives.
 */
export async function permittedRuns(
  { db, authority }: { readonly db: Database; readonly authority: Authority },
  { caller, grants, action }: RunRight,
  ids: readonly string[],
): Promise<Map<string, RunOnHost>> {
  const runs = await findRuns(db, ids);
  const teams = await teamsOf(db, [...new Set([...runs.values()].map(({ person }) => person))]);
  const asked = [...runs];
  for (let from = 0; from < asked.length; from += AT_ONCE) {
    await Promise.all(
      asked.slice(from, from + AT_ONCE).map(async ([id, run]) => {
        const resource = runResource(run, teams.get(run.person));
        if (!(await authority.decideWith(grants, caller, { action, resource })).allowed) runs.delete(id);
      }),
    );
  }
  return runs;
}
