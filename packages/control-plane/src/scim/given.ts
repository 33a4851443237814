import { giveByGroups, rulesOf } from "../identity/groups.ts";
import type { ProviderConfig } from "../identity/provider-config.ts";
import type { Database } from "../store/tables.ts";

/** `[[oidc.groups]]` of the server's file. */
export type Rules = ProviderConfig["groups"];

/** Gives somebody what the groups give that the directory says they are in now, by a group's name or its `externalId`. */
export async function giveByDirectory(
  db: Database,
  person: string,
  { rules, now }: { readonly rules: Rules; readonly now: number },
): Promise<void> {
  // Of two changes at once the later sees what the earlier did.
  await db.selectFrom("person").select("id").where("id", "=", person).forUpdate().execute();
  const groups = await db
    .selectFrom("scim_member")
    .innerJoin("scim_group", "scim_group.id", "scim_member.group_id")
    .select(["display_name", "external_id"])
    .where("person", "=", person)
    .execute();
  const names = groups.flatMap(({ display_name, external_id }) => [
    display_name,
    ...(external_id ? [external_id] : []),
  ]);
  await giveByGroups(db, person, rulesOf(rules, names), { source: "directory", now, until: null });
}
