import { conditionsText, isAccessAction, type Grant } from "@bailiwick/policy";
import { ServerError } from "../../contract/errors.ts";
import type { Subject } from "../access/authority.ts";
import { breakGlassesFor } from "../access/alarms.ts";
import { findQuestionResource } from "../access/questions.ts";
import { findResource } from "../access/resources.ts";
import type { Database } from "../store/tables.ts";
import type { Handlers } from "./handler.ts";
import { notFound } from "./people.ts";

export const access = {
  whoAmI: async (server, { caller }) => {
    const grants = await server.authority.grantsOf(caller);
    const alarms = await breakGlassesFor(server, caller);
    return {
      ...{ type: caller.type, id: caller.id, grants: grants.map(grantText) },
      ...(alarms.length > 0 && { alarms }),
    };
  },

  explainAccess: async ({ db, authority }, { body: { who, action, resource: named } }) => {
    if (!isAccessAction(action)) {
      throw new ServerError("SERVER_MALFORMED", `there is no action \`${action}\``, {
        remedy: "see `bailiwick access roles`",
      });
    }
    const subject = await findSubject(db, who);
    const resource =
      named.type === "Question"
        ? await findQuestionResource(db, named.id)
        : await findResource(db, named.type, named.id);
    if (!resource.exists) throw notFound(`there is no ${named.type.toLowerCase()} \`${named.id}\``);
    const grants = await authority.grantsOf(subject);
    const { allowed, reason, policies } = await authority.decideWith(grants, subject, { action, resource });
    return { allowed, reason, policies: [...policies], grants: grants.map(grantText) };
  },

  serverLog: async ({ db }, { params: { file } }) => {
    if (file === "checkpoint") {
      const { checkpoint } = await db.selectFrom("server").select("checkpoint").executeTakeFirstOrThrow();
      if (checkpoint !== null) return checkpoint;
    }
    const row = await db.selectFrom("log_file").select("bytes").where("path", "=", file).executeTakeFirst();
    if (row === undefined) throw notFound(`the server's log has no file \`${file}\``);
    return row.bytes;
  },
} as const satisfies Partial<Handlers>;

/** Somebody as they would call: of a token what it is limited to, of a person nothing but their roles. */
async function findSubject(db: Database, who: { type: "Person" | "Token" | "Host"; id: string }): Promise<Subject> {
  switch (who.type) {
    case "Person": {
      const row = await db.selectFrom("person").select("active").where("id", "=", who.id).executeTakeFirst();
      if (row === undefined) throw notFound(`there is no person \`${who.id}\``);
      return { type: "Person", id: who.id, person: who.id, limitedTo: row.active ? undefined : [] };
    }
    case "Token": {
      const row = await db.selectFrom("token").selectAll().where("id", "=", who.id).executeTakeFirst();
      if (row === undefined) throw notFound(`there is no token \`${who.id}\``);
      const limitedTo = row.revoked_at === null ? row.actions?.filter(isAccessAction) : [];
      if (row.person === null) return { type: "Token", id: who.id, person: undefined, limitedTo };
      return { type: "Person", id: row.person, person: row.person, limitedTo };
    }
    case "Host": {
      const row = await db.selectFrom("host").selectAll().where("id", "=", who.id).executeTakeFirst();
      if (row === undefined) throw notFound(`there is no host \`${who.id}\``);
      return { type: "Host", id: who.id, person: row.person, limitedTo: row.revoked_at === null ? undefined : [] };
    }
  }
}

function grantText({ id, roleName, scope, when = [], handedOnBy }: Grant) {
  const conditions = when.flatMap(conditionsText);
  return {
    ...{ id, role: roleName, scope: { ...scope } },
    ...(conditions.length > 0 && { when: conditions }),
    ...(handedOnBy !== undefined && { handedOnBy }),
  };
}
