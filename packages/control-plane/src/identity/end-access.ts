import type { Journal } from "../arrivals/journal.ts";
import { announceOrder } from "../store/open-store.ts";
import type { Database } from "../store/tables.ts";
import { endWhere } from "./sessions.ts";

/**
 * Ends everything that a person could come in by: sessions, passkeys, tokens, and hosts with their keys; and their tasks. What goes on ends by itself within
 * seconds. Within the transaction of who asks, which has seen to it that there is an owner left.
 * @param runsEnded why the runs of their hosts are ended, too; undefined: these go on, unheard
 * @returns false when there is no such person
 */
export async function endAccess(
  db: Database,
  person: string,
  { now, runsEnded }: { readonly now: number; readonly runsEnded: string | undefined },
): Promise<boolean> {
  const ended = await db
    .updateTable("person")
    .set({ active: false })
    .where("id", "=", person)
    .executeTakeFirstOrThrow();
  await endWhere(db, { person }, now);
  await db.deleteFrom("passkey").where("person", "=", person).execute();
  // Not by the directory, unless that says so now: else it could give back what was taken here.
  await db.updateTable("scim_user").set({ ended_at: null }).where("person", "=", person).execute();
  if (runsEnded !== undefined) {
    const theirs = db.updateTable("host").set({ runs_ended: runsEnded }).where("person", "=", person);
    await theirs.where("revoked_at", "is", null).execute();
    await announceOrder(db, "");
  }
  for (const table of ["token", "host"] as const) {
    await db
      .updateTable(table)
      .set({ revoked_at: now })
      .where("person", "=", person)
      .where("revoked_at", "is", null)
      .execute();
  }
  await endTasks(db, person, now);
  return ended.numUpdatedRows > 0n;
}

/** In the server's log as the order that it is. @returns what hosts are told */
export async function orderEnd(journal: Journal, by: string, person: string): Promise<string> {
  const reason = whyEnded(person);
  await journal.note({ type: "order.given", kind: "kill", scope: { type: "Person", id: person }, by, reason });
  return toldBy(by, person);
}

export function toldBy(by: string, person: string): string {
  return `by ${by}: ${whyEnded(person)}`;
}

function whyEnded(person: string): string {
  return `the access of ${person} was ended`;
}

async function endTasks(db: Database, person: string, now: number): Promise<void> {
  const cancelled_by = "server";
  const reason = "whose it was has no access any more";
  await db
    .updateTable("task")
    .set({ state: "done", outcome: "cancelled", ended_at: now, cancelled_by, reason })
    .where("person", "=", person)
    .where("state", "=", "queued")
    .execute();
  // Their hosts hear of it when they say next that they go on.
  await db
    .updateTable("task")
    .set({ cancelled_by, reason })
    .where("person", "=", person)
    .where("state", "in", ["leased", "running"])
    .where("cancelled_by", "is", null)
    .execute();
}
