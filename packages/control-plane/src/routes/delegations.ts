import { ServerError } from "../../contract/errors.ts";
import { COMPANY } from "../access/authority.ts";
import { findResource } from "../access/resources.ts";
import type { Caller } from "../identity/callers.ts";
import type { DelegationRow } from "../store/tables.ts";
import { useRight } from "./authorize.ts";
import type { Answer, Handlers, Server } from "./handler.ts";
import { conflict, notFound } from "./people.ts";
import { randomId } from "../identity/secrets.ts";

type Delegation = Answer<"delegate">;

export const delegations = {
  delegate: async (server, { caller, body }) => {
    const { to, scope, class: className, reason, expiresInS } = body;
    const from = await requireGiver(server, caller);
    if (to === from) throw conflict("nobody hands on to themselves", "name somebody else");
    const other = await server.db.selectFrom("person").select("active").where("id", "=", to).executeTakeFirst();
    if (other?.active !== true) throw notFound(`there is no person \`${to}\``);
    if (!(await findResource(server.db, scope.type, scope.id)).exists) {
      throw notFound(`there is no ${scope.type.toLowerCase()} \`${scope.id}\``);
    }
    const at = server.now();
    const row: DelegationRow = {
      id: randomId("d"),
      ...{ from_person: from, to_person: to, scope_type: scope.type, scope_id: scope.id, class: className ?? null },
      ...{ reason, made_at: at, expires_at: at + expiresInS * 1000, ended_at: null, ended_by: null },
    };
    const made = delegationOf(row);
    await server.journal.note({ type: "delegation.made", ...made });
    await server.db.insertInto("delegation").values(row).execute();
    return made;
  },

  listDelegations: async (server, { caller }) => {
    const { allowed } = await server.authority.decide(caller, "viewPeople", COMPANY);
    const { person } = caller;
    if (!allowed && person === undefined) return { items: [] };
    let select = standing(server).orderBy("made_at", "desc").limit(1_000);
    if (!allowed && person !== undefined) {
      select = select.where((where) => where.or({ from_person: person, to_person: person }));
    }
    return { items: (await select.execute()).map(delegationOf) };
  },

  endDelegation: async (server, { caller, params: { delegation: id } }) => {
    const row = await standing(server).where("id", "=", id).executeTakeFirst();
    const theirs = row !== undefined && [row.from_person, row.to_person].includes(caller.person ?? "");
    if (!theirs) await useRight(server, { route: "endDelegation", action: "grantRole", caller, resource: COMPANY });
    if (row === undefined) throw notFound(`nothing is handed on by \`${id}\`, or no longer`);
    await server.journal.note({ type: "delegation.ended", id, by: caller.id });
    await server.db
      .updateTable("delegation")
      .set({ ended_at: server.now(), ended_by: caller.id })
      .where("id", "=", id)
      .execute();
    return undefined;
  },
} as const satisfies Partial<Handlers>;

/** One hands on what one has oneself: what it is worth is decided at each question, and nothing here gives a right. @throws ServerError SERVER_FORBIDDEN */
async function requireGiver({ authority }: Server, caller: Caller): Promise<string> {
  const { person, limitedTo } = caller;
  const has = (await authority.grantsOf(caller)).some(
    ({ role, handedOnBy, breakGlass }) =>
      handedOnBy === undefined && breakGlass === undefined && role.any.includes("answerQuestion"),
  );
  const mayUse = limitedTo === undefined || limitedTo.includes("answerQuestion");
  if (caller.type === "Person" && person !== undefined && has && mayUse) return person;
  throw new ServerError("SERVER_FORBIDDEN", "there is no right to answer that could be handed on", {
    remedy: "what was handed on to oneself goes no further; ask whoever has the right",
  });
}

function standing({ db, now }: Server) {
  return db.selectFrom("delegation").selectAll().where("ended_at", "is", null).where("expires_at", ">", now());
}

function delegationOf(row: DelegationRow): Delegation {
  const { id, from_person: from, to_person: to, scope_type, scope_id, class: className, reason } = row;
  return {
    ...{ id, from, to },
    scope: { type: scope_type as Delegation["scope"]["type"], id: scope_id }, // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- the schema of the route checked it before it was written
    ...(className !== null && { class: className }),
    ...{ reason, at: row.made_at, expiresAt: row.expires_at },
  };
}
