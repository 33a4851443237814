import { sql } from "kysely";
import { insertNotice } from "../notify/notices.ts";
import { announceOrder } from "../store/open-store.ts";
import type { Database } from "../store/tables.ts";
import type { Handlers } from "./handler.ts";
import { conflict, notFound } from "./people.ts";

export const notify = {
  listNotify: async ({ db, notifier }) => {
    const results = await db.selectFrom("notify_result").selectAll().execute();
    const waiting = await countWaiting(db);
    const items = notifier.receivers.map(({ receiver, name, format, people, about, target }) => {
      const result = results.find((each) => each.notify === receiver);
      const { taken_at, failed_at, failure } = result ?? { taken_at: null, failed_at: null, failure: null };
      return {
        ...{ name, format, about },
        ...(target.by === "mail" && target.address !== undefined && { to: target.address }),
        ...(people !== undefined && { people }),
        ...{ taken: result?.taken ?? 0, failed: result?.failed ?? 0, givenUp: result?.given_up ?? 0 },
        ...(taken_at !== null && { takenAt: taken_at }),
        ...(failed_at !== null && { failedAt: failed_at }),
        ...(failure !== null && { failure }),
        ...(waiting.get(receiver) ?? { waiting: 0, failing: 0 }),
      };
    });
    return { items };
  },

  testNotify: async ({ db, notifier, now }, { caller, params }) => {
    const receivers = notifier.receivers.filter(({ name }) => name === params.notify);
    if (receivers.length === 0)
      throw notFound(`the server's file has no \`[[notify]]\` of the name \`${params.notify}\``);
    const { person } = caller;
    if (person === undefined && receivers.some(({ format, people }) => format === "mail" && people !== undefined)) {
      throw conflict("mail to people is tested by a person, who gets it", "sign in, and try again");
    }
    const at = now();
    await db.transaction().execute(async (transaction) => {
      for (const { receiver, format, people } of receivers) {
        const whom = format === "mail" && people !== undefined ? (person ?? null) : null;
        const notice = { type: "test", by: caller.id } as const;
        await insertNotice(transaction, { notify: receiver, person: whom, notice, at });
      }
      await announceOrder(transaction, "notify");
    });
    return { messages: receivers.length };
  },
} as const satisfies Partial<Handlers>;

async function countWaiting(db: Database) {
  const { rows } = await sql<{ notify: string; waiting: number; failing: number }>`
    select notify, count(*)::int as waiting, (count(*) filter (where failures > 0))::int as failing
    from (select notify, failures from delivery union all select notify, failures from notice) as queued group by notify`.execute(
    db,
  );
  return new Map(rows.map(({ notify: receiver, waiting, failing }) => [receiver, { waiting, failing }]));
}
