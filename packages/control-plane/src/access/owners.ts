import { lockServer } from "../store/open-store.ts";
import type { Database } from "../store/tables.ts";

/** People who are owners and have access. */
export function standingOwners(db: Database) {
  return db
    .selectFrom("role_grant")
    .innerJoin("person", "person.id", "role_grant.to_id")
    .where("role", "=", "owner")
    .where("to_type", "=", "Person")
    .where("active", "=", true);
}

/** Their ids, until the end of the transaction. */
export async function ownersOf(db: Database): Promise<string[]> {
  // One at a time: two owners who end each other would leave none.
  await lockServer(db);
  const rows = await standingOwners(db).select("to_id").execute();
  return rows.map(({ to_id }) => to_id);
}

/** Whether nobody else could ever make an owner again; until the end of the transaction. */
export async function isLastOwner(db: Database, person: string): Promise<boolean> {
  const owners = await ownersOf(db);
  return owners.includes(person) && owners.every((owner) => owner === person);
}
