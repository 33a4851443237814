import { isLastOwner } from "../access/owners.ts";
import { ACTIONS, BUILT_IN_ROLES, customRole, isBuiltInRole, type AccessAction, type Role } from "@bailiwick/policy";
import type { z } from "zod";
import { ServerError } from "../../contract/errors.ts";
import { grantConditions } from "../../contract/schemas.ts";
import { COMPANY } from "../access/authority.ts";
import { findResource, teamsOf } from "../access/resources.ts";
import type { Database } from "../store/tables.ts";
import type { Handlers, Server } from "./handler.ts";
import { randomId } from "../identity/secrets.ts";

export const people = {
  listPeople: async ({ db }) => {
    const rows = await db.selectFrom("person").selectAll().orderBy("id").execute();
    const teams = await teamsOf(
      db,
      rows.map(({ id }) => id),
    );
    return {
      items: rows.map(({ id, name, email, active }) => ({
        id,
        name,
        ...(email !== null && { email }),
        active,
        teams: teams.get(id) ?? [],
      })),
    };
  },

  addPerson: async ({ db, now }, { body }) => {
    const { id, name, email } = body;
    const row = { id, name, email: email ?? null, created_at: now() };
    const { numInsertedOrUpdatedRows: added } = await db
      .insertInto("person")
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    if (added !== 1n) throw conflict(`there is a person \`${id}\` already`, "choose another id");
    return { ...body, active: true, teams: [] };
  },

  listTeams: async ({ db }) => {
    const rows = await db.selectFrom("team").selectAll().orderBy("id").execute();
    const members = await db.selectFrom("team_member").selectAll().orderBy("person").execute();
    return {
      items: rows.map((team) => ({
        ...team,
        members: members.filter((member) => member.team === team.id).map(({ person }) => person),
      })),
    };
  },

  addTeam: async ({ db }, { body }) => {
    const { numInsertedOrUpdatedRows: added } = await db
      .insertInto("team")
      .values(body)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    if (added !== 1n) throw conflict(`there is a team \`${body.id}\` already`, "choose another id");
    return { ...body, members: [] };
  },

  joinTeam: async ({ db, journal }, { caller, params: { team, person } }) => {
    for (const [type, id] of [
      ["Team", team],
      ["Person", person],
    ] as const) {
      if (!(await findResource(db, type, id)).exists) throw notFound(`there is no ${type.toLowerCase()} \`${id}\``);
    }
    await journal.note({ type: "team.joined", team, person, by: caller.id });
    await db
      .insertInto("team_member")
      .values({ team, person })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return undefined;
  },

  leaveTeam: async ({ db, journal }, { caller, params: { team, person } }) => {
    await journal.note({ type: "team.left", team, person, by: caller.id });
    await db.deleteFrom("team_member").where("team", "=", team).where("person", "=", person).execute();
    return undefined;
  },

  listRoles: async ({ db }) => {
    const rows = await db.selectFrom("role").selectAll().orderBy("name").execute();
    const builtIn = Object.entries<Role>(BUILT_IN_ROLES).map(([name, role]) => describe(name, true, role));
    const own = rows.map(({ name, actions }) =>
      describe(name, false, { any: customRole(actions)?.any ?? [], own: [] }),
    );
    return { items: [...builtIn, ...own] };
  },

  listActions: () => {
    const rows = Object.entries<(typeof ACTIONS)[AccessAction] & { readonly also?: readonly string[] }>(ACTIONS);
    return Promise.resolve({
      items: rows.map(([name, { what, on, also = [] }]) => ({ name, what, on: [on, ...also] })),
    });
  },

  defineRole: async ({ db }, { params: { role: name }, body: { actions } }) => {
    if (isBuiltInRole(name)) throw conflict(`the role \`${name}\` is built in`, "choose another name");
    const role = customRole(actions);
    if (role === undefined) {
      throw new ServerError("SERVER_MALFORMED", "a role of one's own has known actions, none of which gives roles", {
        remedy: "see `bailiwick access roles`",
      });
    }
    await db
      .insertInto("role")
      .values({ name, actions: [...role.any] })
      .onConflict((conflict) => conflict.column("name").doUpdateSet({ actions: [...role.any] }))
      .execute();
    return describe(name, false, role);
  },

  listGrants: async ({ db }) => {
    const rows = await db.selectFrom("role_grant").selectAll().orderBy("at").execute();
    return { items: rows.map(grantOf) };
  },

  grantRole: async (server, { caller, body }) => {
    const { to, role, scope, expiresAt, when } = body;
    if (role === "owner" || role === "host") {
      throw new ServerError("SERVER_MALFORMED", `the role \`${role}\` is not given this way`, {
        remedy: role === "owner" ? "use the route for owners" : "enrol the host",
      });
    }
    const known = isBuiltInRole(role) || (await isRole(server.db, role));
    if (!known) throw notFound(`there is no role \`${role}\``);
    await requireHolder(server.db, to);
    if (!(await findResource(server.db, scope.type, scope.id)).exists) {
      throw notFound(`there is no ${scope.type.toLowerCase()} \`${scope.id}\``);
    }
    return await giveRole(server, { to, role, scope, expiresAt: expiresAt ?? null, when, by: caller.id });
  },

  grantOwner: async (server, { caller, body: { person } }) => {
    const to = { type: "Person", id: person } as const;
    await requireHolder(server.db, to);
    const scope = { type: "Company", id: COMPANY.id } as const;
    return await giveRole(server, { to, role: "owner", scope, expiresAt: null, by: caller.id });
  },

  endGrant: async ({ db, journal }, { caller, params: { grant } }) => {
    const ended = await db
      .deleteFrom("role_grant")
      .where("id", "=", grant)
      .where("role", "!=", "owner")
      .returningAll()
      .executeTakeFirst();
    if (ended === undefined) throw notFound(`there is no such grant \`${grant}\`, or it is of an owner`);
    await journal.note({ type: "role.taken", by: caller.id, ...noteOf(grantOf(ended)) });
    return undefined;
  },

  endOwner: async ({ db, journal }, { caller, params: { person } }) => {
    const ended = await db.transaction().execute(async (transaction) => {
      await requireOtherOwner(transaction, person);
      return await transaction
        .deleteFrom("role_grant")
        .where("role", "=", "owner")
        .where("to_id", "=", person)
        .returningAll()
        .execute();
    });
    for (const row of ended) await journal.note({ type: "role.taken", by: caller.id, ...noteOf(grantOf(row)) });
    return undefined;
  },
} as const satisfies Partial<Handlers>;

interface NewGrant {
  readonly to: { readonly type: "Person" | "Team" | "Token"; readonly id: string };
  readonly role: string;
  readonly scope: { readonly type: GrantScope; readonly id: string };
  readonly expiresAt: number | null;
  readonly when?: z.output<typeof grantConditions> | undefined;
  readonly by: string;
}
type GrantScope = "Company" | "Team" | "Person" | "Project" | "Agent" | "Host" | "Run" | "Pool" | "Task";

/** In the server's log before it is worth anything. */
async function giveRole({ db, journal, now }: Server, given: NewGrant) {
  const row = newRow(given, now());
  await journal.note({ type: "role.given", by: given.by, ...noteOf(grantOf(row)) });
  await db.insertInto("role_grant").values(row).execute();
  return grantOf(row);
}

function noteOf({ id, to, role, scope, when }: ReturnType<typeof grantOf>) {
  return { id, to, role, scope, ...(when !== undefined && { when }) };
}

export async function addGrant({ db, now }: Pick<Server, "db" | "now">, given: NewGrant) {
  await db.insertInto("role_grant").values(newRow(given, now())).execute();
}

function newRow(given: NewGrant, at: number): GrantRow {
  return {
    id: randomId("g"),
    to_type: given.to.type,
    to_id: given.to.id,
    role: given.role,
    scope_type: given.scope.type,
    scope_id: given.scope.id,
    expires_at: given.expiresAt,
    conditions: given.when === undefined ? null : JSON.stringify(given.when),
    granted_by: given.by,
    at,
  };
}

/** There is always an owner who may sign in: nobody else could ever make one. @throws ServerError SERVER_CONFLICT */
async function requireOtherOwner(db: Database, person: string): Promise<void> {
  if (await isLastOwner(db, person)) {
    throw conflict(`\`${person}\` is the last owner`, "make somebody else an owner first");
  }
}

async function requireHolder(db: Database, { type, id }: NewGrant["to"]): Promise<void> {
  const known =
    type === "Token"
      ? await db.selectFrom("token").select("id").where("id", "=", id).where("kind", "=", "service").executeTakeFirst()
      : type === "Team"
        ? await db.selectFrom("team").select("id").where("id", "=", id).executeTakeFirst()
        : await withAccess(db, id);
  if (known === undefined) throw notFound(`there is no ${type.toLowerCase()} \`${id}\` that could have a role`);
}

/** @throws ServerError SERVER_NOT_FOUND */
export async function requireAccess(db: Database, person: string): Promise<void> {
  if ((await withAccess(db, person)) === undefined) throw notFound(`there is no person \`${person}\` who has access`);
}

async function withAccess(db: Database, person: string): Promise<{ readonly id: string } | undefined> {
  return await db
    .selectFrom("person")
    .select("id")
    .where("id", "=", person)
    .where("active", "=", true)
    .executeTakeFirst();
}

async function isRole(db: Database, name: string): Promise<boolean> {
  return (await db.selectFrom("role").select("name").where("name", "=", name).executeTakeFirst()) !== undefined;
}

function describe(name: string, builtIn: boolean, { any, own }: Role) {
  return { name, builtIn, any: [...any], own: [...own] };
}

interface GrantRow {
  readonly id: string;
  readonly to_type: string;
  readonly to_id: string;
  readonly role: string;
  readonly scope_type: string;
  readonly scope_id: string;
  readonly expires_at: number | null;
  readonly conditions: string | null;
  readonly granted_by: string;
  readonly at: number;
}

function grantOf(row: GrantRow) {
  const { id, to_type, to_id, role, scope_type, scope_id, expires_at, conditions, granted_by, at } = row;
  return {
    id,
    // The tables hold what the route's schema let in.
    to: { type: to_type as NewGrant["to"]["type"], id: to_id }, // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- see above
    role,
    scope: { type: scope_type as GrantScope, id: scope_id }, // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- see above
    ...(expires_at !== null && { expiresAt: expires_at }),
    ...(conditions !== null && { when: grantConditions.parse(JSON.parse(conditions)) }),
    grantedBy: granted_by,
    at,
  };
}

export function conflict(why: string, remedy: string): ServerError {
  return new ServerError("SERVER_CONFLICT", why, { remedy });
}

export function notFound(why: string): ServerError {
  return new ServerError("SERVER_NOT_FOUND", why);
}
