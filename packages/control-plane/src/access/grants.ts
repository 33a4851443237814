/** The roles that somebody has at this moment: their own, and what was handed on to them. */
import {
  BUILT_IN_ROLES,
  customRole,
  isBuiltInRole,
  type AccessAction,
  type Grant,
  type GrantConditions,
} from "@bailiwick/policy";
import { grantConditions } from "../../contract/schemas.ts";
import type { Database } from "../store/tables.ts";
import { openedGrants } from "./break-glass.ts";
import { isResourceType, type Resource } from "./resources.ts";

export interface Holder {
  readonly type: "Person" | "Token";
  readonly id: string;
}

/** Of a right to answer that is handed on, all that goes with it. */
const HANDED_ON: readonly AccessAction[] = ["viewRun", "viewQuestion", "answerQuestion"];

export async function grantsOfHolder(db: Database, holder: Holder, now: number): Promise<Grant[]> {
  const own = await ownGrants(db, holder, now);
  if (holder.type !== "Person") return own;
  return [...own, ...(await openedGrants(db, holder.id, own, now)), ...(await handedOnTo(db, holder.id, now))];
}

async function ownGrants(db: Database, { type, id: holder }: Holder, now: number): Promise<Grant[]> {
  const rows = await db
    .selectFrom("role_grant")
    .leftJoin("role", "role.name", "role_grant.role")
    .select(["role_grant.id", "role_grant.role", "actions", "scope_type", "scope_id", "conditions"])
    .where((where) =>
      where.or([
        where.and({ to_type: type, to_id: holder }),
        where.and([
          where("to_type", "=", "Team"),
          where(
            "to_id",
            "in",
            where
              .selectFrom("team_member")
              .select("team")
              .where("person", "=", type === "Person" ? holder : ""),
          ),
        ]),
      ]),
    )
    .where((where) => where.or([where("expires_at", "is", null), where("expires_at", ">", now)]))
    .orderBy("role_grant.id")
    .execute();
  return rows.flatMap(({ id, role: roleName, actions, scope_type, scope_id, conditions }) => {
    const role = isBuiltInRole(roleName) ? BUILT_IN_ROLES[roleName] : customRole(actions ?? []);
    const when = conditions === null ? [] : readConditions(conditions);
    // A role that is not there, or has actions or conditions of another version, permits nothing.
    if (role === undefined || when === undefined || !isResourceType(scope_type)) return [];
    return [{ id, roleName, role, scope: { type: scope_type, id: scope_id }, when }];
  });
}

function readConditions(text: string): GrantConditions[] | undefined {
  const parsed = grantConditions.safeParse(JSON.parse(text));
  return parsed.success ? [parsed.data] : undefined;
}

/**
 * What others handed on: their own roles as they are now, for answering alone, within what they said. Read from roles and never from what was handed on
 * to them, so that it goes no further; and not for what their own runs ask, which they could not answer either.
 */
async function handedOnTo(db: Database, person: string, now: number): Promise<Grant[]> {
  const rows = await db
    .selectFrom("delegation")
    .innerJoin("person", "person.id", "delegation.from_person")
    .selectAll("delegation")
    .where("to_person", "=", person)
    .where("ended_at", "is", null)
    .where("expires_at", ">", now)
    .where("active", "=", true)
    .orderBy("delegation.id")
    .execute();
  const grants: Grant[] = [];
  for (const { id, from_person: from, scope_type, scope_id, class: className } of rows) {
    if (!isResourceType(scope_type)) continue;
    const limits: GrantConditions = {
      within: { type: scope_type, id: scope_id },
      notOf: from,
      classes: className === null ? undefined : [className],
    };
    for (const grant of await ownGrants(db, { type: "Person", id: from }, now)) {
      if (!grant.role.any.includes("answerQuestion")) continue;
      const any = grant.role.any.filter((action) => HANDED_ON.includes(action));
      const when = [...(grant.when ?? []), limits];
      grants.push({ ...grant, id: `${id}.${grant.id}`, role: { any, own: [] }, when, handedOnBy: from });
    }
  }
  return grants;
}

/** What a decision is about, beside the resource itself. */
export function askedAbout({ asked }: Resource): NonNullable<Resource["asked"]> {
  return asked ?? { classes: [], risk: "high" };
}
