/** The role break-glass, while its holder has it open: for a reason, a scope and a time, after which it is worth nothing by itself. */
import { BREAK_GLASS_RIGHTS, type Grant } from "@bailiwick/policy";
import type { z } from "zod";
import type { breakGlass } from "../../contract/schemas.ts";
import type { Caller } from "../identity/callers.ts";
import type { BreakGlassRow, Database } from "../store/tables.ts";
import { isResourceType } from "./resources.ts";

export type BreakGlass = z.output<typeof breakGlass>;

const ROLE = "break-glass";

export function standingBreakGlasses(db: Database, now: number) {
  return db.selectFrom("break_glass").selectAll().where("ended_at", "is", null).where("expires_at", ">", now);
}

export async function openedBy(db: Database, person: string, now: number): Promise<BreakGlassRow | undefined> {
  return await standingBreakGlasses(db, now).where("person", "=", person).executeTakeFirst();
}

/** What a caller does at this moment is marked by it, whatever permits it. */
export async function breakGlassOf(
  { db, now }: { readonly db: Database; readonly now: () => number },
  { type, person }: Pick<Caller, "type" | "person">,
): Promise<{ readonly breakGlass?: string }> {
  if (type !== "Person" || person === undefined) return {};
  const row = await openedBy(db, person, now());
  return row === undefined ? {} : { breakGlass: row.id };
}

/**
 * What a person's own grants come to. Each of the role break-glass is worth its rights within what was opened, under the grant's own conditions; nothing
 * of it is handed on, since what is handed on is read from the grants alone.
 */
export async function openedGrants(db: Database, person: string, own: readonly Grant[], now: number): Promise<Grant[]> {
  const given = own.filter(({ roleName }) => roleName === ROLE);
  if (given.length === 0) return [];
  const row = await openedBy(db, person, now);
  if (row === undefined || !isResourceType(row.scope_type)) return [];
  const within = { type: row.scope_type, id: row.scope_id };
  return given.map((grant) => ({
    ...grant,
    id: `${row.id}.${grant.id}`,
    role: { any: BREAK_GLASS_RIGHTS, own: [] },
    when: [...(grant.when ?? []), { within }],
    breakGlass: row.id,
  }));
}

export function breakGlassOfRow(row: BreakGlassRow): BreakGlass {
  const { id, person, scope_type, scope_id, reason, opened_at: at, expires_at: expiresAt } = row;
  return {
    ...{ id, person, reason, at, expiresAt },
    scope: { type: scope_type as BreakGlass["scope"]["type"], id: scope_id }, // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- the schema of the route checked it before it was written
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
    ...(row.ended_by !== null && { endedBy: row.ended_by }),
  };
}
