/** What groups of people give here, by the one table of the server's file: teams, and roles for them. */
import { COMPANY } from "../access/authority.ts";
import type { Database } from "../store/tables.ts";
import type { ProviderConfig } from "./provider-config.ts";
import { randomId } from "./secrets.ts";

type GroupRules = ProviderConfig["groups"];

/** Who says which groups somebody is in. Each takes back what it gave itself and nothing else. No person's id has a colon. */
const SOURCES = {
  /** The identity provider, at each sign-in. */
  signIn: { grantedBy: "oidc:groups", mark: "by_group", other: "by_scim" },
  /** The directory that provisions people. */
  directory: { grantedBy: "scim:groups", mark: "by_scim", other: "by_group" },
} as const;

export interface Given {
  readonly source: keyof typeof SOURCES;
  readonly now: number;
  /** When the roles end; null: when the directory says so. */
  readonly until: number | null;
}

/** What of the table these groups are in. */
export function rulesOf(rules: GroupRules, groups: readonly string[]): GroupRules {
  return rules.filter(({ group }) => groups.includes(group));
}

/** Makes a person's teams and roles by groups just these. Teams and roles that people gave stay. */
export async function giveByGroups(db: Database, person: string, rules: GroupRules, given: Given): Promise<void> {
  const { grantedBy } = SOURCES[given.source];
  await setTeams(db, person, [...new Set(rules.flatMap(({ team }) => team ?? []))], given.source);
  await db
    .deleteFrom("role_grant")
    .where("to_type", "=", "Person")
    .where("to_id", "=", person)
    .where("granted_by", "=", grantedBy)
    .execute();
  for (const { team, roles } of rules) {
    for (const role of roles) {
      const scope =
        team === undefined ? { scope_type: "Company", scope_id: COMPANY.id } : { scope_type: "Team", scope_id: team };
      const id = randomId("g");
      const to = { to_type: "Person", to_id: person };
      const row = { id, ...to, role, ...scope, expires_at: given.until, granted_by: grantedBy, at: given.now };
      await db.insertInto("role_grant").values(row).execute();
    }
  }
}

async function setTeams(
  db: Database,
  person: string,
  teams: readonly string[],
  source: keyof typeof SOURCES,
): Promise<void> {
  const { mark, other } = SOURCES[source];
  await db
    .deleteFrom("team_member")
    .where("person", "=", person)
    .where(mark, "=", true)
    .where(other, "=", false)
    .execute();
  await db
    .updateTable("team_member")
    .set({ [mark]: false })
    .where("person", "=", person)
    .where(mark, "=", true)
    .execute();
  for (const team of teams) {
    await db
      .insertInto("team")
      .values({ id: team, name: team })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await db
      .insertInto("team_member")
      .values({ team, person, [mark]: true })
      // A membership that people gave has no mark, and gets none: it would be taken with the group.
      .onConflict((conflict) =>
        conflict
          .columns(["team", "person"])
          .doUpdateSet({ [mark]: true })
          .where(`team_member.${other}`, "=", true),
      )
      .execute();
  }
}
