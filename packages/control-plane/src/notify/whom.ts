/** Who is told something by a message of their own. */
import type { Subject } from "../access/authority.ts";
import type { Database } from "../store/tables.ts";
import type { NotifyConfig } from "./config.ts";
import type { Addressee } from "./message.ts";

/** Those that there are; who may not see it is left out when their turn comes. */
export async function peopleOf(db: Database, people: NonNullable<NotifyConfig["people"]>): Promise<string[]> {
  const rows = await (people === "all" ? holders(db) : db.selectFrom("person").where("id", "in", [...people]))
    .select("person.id")
    .distinct()
    .where("active", "=", true)
    .execute();
  return rows.map(({ id }) => id);
}

/** Everybody who has some role, by themselves or by a team. */
function holders(db: Database) {
  return db
    .selectFrom("person")
    .leftJoin("team_member", "team_member.person", "person.id")
    .innerJoin("role_grant", (join) =>
      join.on((on) =>
        on.or([
          on.and([on("to_type", "=", "Person"), on("to_id", "=", on.ref("person.id"))]),
          on.and([on("to_type", "=", "Team"), on("to_id", "=", on.ref("team_member.team"))]),
        ]),
      ),
    );
}

/** Undefined when their access has ended. */
export async function findPerson(
  db: Database,
  id: string,
): Promise<{ readonly subject: Subject; readonly to: Addressee } | undefined> {
  const row = await db.selectFrom("person").selectAll().where("id", "=", id).executeTakeFirst();
  if (row?.active !== true) return undefined;
  return {
    subject: { type: "Person", id, person: id, limitedTo: undefined },
    to: { person: id, name: row.name, email: row.email ?? undefined },
  };
}
