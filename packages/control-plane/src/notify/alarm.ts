/** What is told when somebody opens the role break-glass: to everything that takes alarms, for all owners. */
import { standingOwners } from "../access/owners.ts";
import { breakGlassOfRow, type BreakGlass } from "../access/break-glass.ts";
import type { Database } from "../store/tables.ts";
import type { NotifyConfig } from "./config.ts";
import { cut, type Told } from "./message.ts";

interface Alarm {
  readonly opened: BreakGlass;
  readonly owners: readonly { readonly person: string; readonly name: string; readonly email?: string }[];
}

export async function findAlarm(db: Database, id: string): Promise<Alarm | undefined> {
  const row = await db.selectFrom("break_glass").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) return undefined;
  const owners = await standingOwners(db)
    .select(["person.id", "person.name", "person.email"])
    .distinct()
    .orderBy("person.id")
    .execute();
  return {
    opened: breakGlassOfRow(row),
    owners: owners.map(({ id: person, name, email }) => ({ person, name, ...(email !== null && { email }) })),
  };
}

export function alarmTold({ opened, owners }: Alarm, detail: NotifyConfig["detail"]): Told {
  const { id, person, scope, reason, expiresAt } = opened;
  const type = "break-glass.opened";
  const show = `bailiwick server break-glass show ${id}`;
  if (detail === "none") {
    const data = { breakGlass: { id, expiresAt } };
    return { type, data, title: "ALARM: somebody opened the role break-glass", lines: [show] };
  }
  return {
    type,
    data: { breakGlass: opened, owners },
    title: `ALARM: ${person} opened the role break-glass for ${scope.type} ${scope.id}`,
    lines: [
      cut(reason),
      `until ${new Date(expiresAt).toISOString()}`,
      `for the owners: ${owners.map(({ name }) => name).join(", ")}`,
      show,
    ],
  };
}
