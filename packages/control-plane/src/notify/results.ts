/** What became of what was told, by its receiver. */
import { sql } from "kysely";
import type { Database } from "../store/tables.ts";
import type { Outcome } from "./send-mail.privileged.ts";

export async function keepResult(db: Database, notify: string, outcome: Outcome, at: number): Promise<void> {
  if (outcome.taken) {
    await sql`
      insert into notify_result (notify, taken, taken_at) values (${notify}, 1, ${at})
      on conflict (notify) do update set taken = notify_result.taken + 1, taken_at = excluded.taken_at`.execute(db);
    return;
  }
  const given_up = outcome.again === "never" ? 1 : 0;
  await sql`
    insert into notify_result (notify, failed, failed_at, failure, given_up)
    values (${notify}, 1, ${at}, ${outcome.reason}, ${given_up})
    on conflict (notify) do update set failed = notify_result.failed + 1, failed_at = excluded.failed_at,
      failure = excluded.failure, given_up = notify_result.given_up + excluded.given_up`.execute(db);
}
