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
  // All at once: deciding is done beside this thread, and an answer waits for whatever else the thread does.
  await Promise.all(
    [...runs].map(async ([id, run]) => {
      const resource = runResource(run, teams.get(run.person));
      if (!(await authority.decideWith(grants, caller, { action, resource })).allowed) runs.delete(id);
    }),
  );
  return runs;
}
