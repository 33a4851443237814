import { RESOURCES, type AccessResource, type ResourceType, type Risk } from "@bailiwick/policy";
import { HEARD } from "../hosts/heard.ts";
import type { Database, RunRow } from "../store/tables.ts";

/** What a right is used on, with all it lies in, and the person whose it is. */
export interface Resource extends AccessResource {
  readonly owner: string | undefined;
  /** False when nothing of this name is there: then a right is asked for within the company, so that a no says nothing of what there is. */
  readonly exists: boolean;
  /** Of a run; absent: it has none, or is none. */
  readonly labels?: readonly string[];
  /** The question of the run that it is about, when it is: what that is about, and what a yes can bring about. */
  readonly asked?: { readonly classes: readonly string[]; readonly risk: Risk };
}

export function isResourceType(type: string): type is ResourceType {
  return Object.hasOwn(RESOURCES, type);
}

const COMPANY_ENTITY = { type: "Company", id: "company" } as const;
export const COMPANY: Resource = { ...COMPANY_ENTITY, within: [], owner: undefined, exists: true };

/** @param id as it was named; of a run its id */
export async function findResource(db: Database, type: AccessResource["type"], id: string): Promise<Resource> {
  switch (type) {
    case "Company":
      return { ...COMPANY, id: COMPANY.id, exists: id === COMPANY.id };
    case "Team": {
      const row = await db.selectFrom("team").select("id").where("id", "=", id).executeTakeFirst();
      return { type, id, within: [COMPANY_ENTITY], owner: undefined, exists: row !== undefined };
    }
    case "Project":
    case "Agent":
      return { type, id, within: [COMPANY_ENTITY], owner: undefined, exists: true };
    case "Person": {
      const row = await db.selectFrom("person").select("id").where("id", "=", id).executeTakeFirst();
      const teams = await teamsOf(db, row === undefined ? [] : [id]);
      return { type, id, within: withinOf(teams.get(id)), owner: row?.id, exists: row !== undefined };
    }
    case "Host": {
      const row = await db.selectFrom("host").select(["id", "person"]).where("id", "=", id).executeTakeFirst();
      if (row === undefined) return { type, id, within: [COMPANY_ENTITY], owner: undefined, exists: false };
      return hostResource(row, (await teamsOf(db, [row.person])).get(row.person));
    }
    case "Run": {
      const row = await findRun(db, id);
      if (row === undefined) return { type, id, within: [COMPANY_ENTITY], owner: undefined, exists: false };
      return runResource(row, (await teamsOf(db, [row.person])).get(row.person));
    }
    case "Pool": {
      const row = await db.selectFrom("pool").select("id").where("id", "=", id).executeTakeFirst();
      return { ...poolResource(id), exists: row !== undefined };
    }
    case "Task": {
      const row = await db.selectFrom("task").select(["id", "pool", "person"]).where("id", "=", id).executeTakeFirst();
      if (row === undefined) return { type, id, within: [COMPANY_ENTITY], owner: undefined, exists: false };
      const { person } = row;
      return taskResource(row, person === null ? [] : (await teamsOf(db, [person])).get(person));
    }
  }
}

export function poolResource(id: string): Resource {
  return { type: "Pool", id, within: [COMPANY_ENTITY], owner: undefined, exists: true };
}

/** A task lies in its pool, and with its person in their teams as they are now. */
export function taskResource(
  { id, pool, person }: { readonly id: string; readonly pool: string; readonly person: string | null },
  teams: readonly string[] | undefined,
): Resource {
  const of = person === null ? [] : [{ type: "Person", id: person } as const];
  const within = [{ type: "Pool", id: pool } as const, ...of, ...withinOf(teams)];
  return { type: "Task", id, within, owner: person ?? undefined, exists: true };
}

export type RunOnHost = RunRow & {
  readonly host_id: string;
  readonly person: string;
  /** When something came of its host last. */
  readonly heard_at: number;
};

/** A run id is random: of two hosts that claim it, the one that sent it first has it. */
export async function findRun(db: Database, run: string): Promise<RunOnHost | undefined> {
  return await runsOnHosts(db).where("run.id", "=", run).orderBy("first_seq").limit(1).executeTakeFirst();
}

/** As {@link findRun}, of many: those that there are, by their id. */
export async function findRuns(db: Database, runs: readonly string[]): Promise<Map<string, RunOnHost>> {
  const found = new Map<string, RunOnHost>();
  if (runs.length === 0) return found;
  const rows = await runsOnHosts(db)
    .where("run.id", "in", [...runs])
    .orderBy("first_seq")
    .execute();
  for (const row of rows) if (!found.has(row.id)) found.set(row.id, row);
  return found;
}

export function runsOnHosts(db: Database) {
  return db
    .selectFrom("run")
    .innerJoin("host", "host.number", "run.host")
    .leftJoin("host_policy", "host_policy.host", "host.number")
    .selectAll("run")
    .select(["host.id as host_id", "host.person", HEARD.as("heard_at")]);
}

export function hostResource(
  { id, person }: { readonly id: string; readonly person: string },
  teams: readonly string[] | undefined,
): Resource {
  return {
    type: "Host",
    id,
    within: [{ type: "Person", id: person }, ...withinOf(teams)],
    owner: person,
    exists: true,
  };
}

export function runResource(
  row: Pick<RunOnHost, "id" | "host_id" | "person" | "agent" | "project" | "labels">,
  teams: readonly string[] | undefined,
): Resource {
  const { id, host_id, person, agent, project, labels } = row;
  const within = [
    { type: "Host", id: host_id } as const,
    { type: "Person", id: person } as const,
    // What a host says of its runs; erased or not yet known, they are in none.
    ...(agent === "" ? [] : [{ type: "Agent", id: agent } as const]),
    ...(project === "" ? [] : [{ type: "Project", id: project } as const]),
    ...withinOf(teams),
  ];
  return { type: "Run", id, within, owner: person, exists: true, labels };
}

export async function teamsOf(db: Database, people: readonly string[]): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  if (people.length === 0) return found;
  const rows = await db
    .selectFrom("team_member")
    .selectAll()
    .where("person", "in", [...people])
    .orderBy("team")
    .execute();
  for (const { team, person } of rows) found.set(person, [...(found.get(person) ?? []), team]);
  return found;
}

function withinOf(teams: readonly string[] = []): Resource["within"] {
  return [...teams.map((id) => ({ type: "Team", id }) as const), COMPANY_ENTITY];
}
