import type { Insertable } from "kysely";
import { ServerError } from "../../contract/errors.ts";
import { breakGlassOfRow, openedBy, standingBreakGlasses } from "../access/break-glass.ts";
import { notedOfRow } from "../access/notes.ts";
import { COMPANY } from "../access/authority.ts";
import { announceOrder } from "../store/open-store.ts";
import type { BreakGlassRow, Database, Tables } from "../store/tables.ts";
import { useRight } from "./authorize.ts";
import type { Handlers } from "./handler.ts";
import { conflict, notFound } from "./people.ts";
import { randomId } from "../identity/secrets.ts";

export const breakGlasses = {
  breakGlass: async (server, { caller, body: { scope, reason, expiresInS } }) => {
    const { db, journal, notifier, now } = server;
    const { person } = caller;
    if (person === undefined) throw new ServerError("SERVER_FORBIDDEN", "the role break-glass is for people");
    requireNone(await openedBy(db, person, now()));
    const at = now();
    const row = {
      id: randomId("b"),
      ...{ person, scope_type: scope.type, scope_id: scope.id, reason, opened_at: at },
      ...{ expires_at: at + expiresInS * 1_000, ended_at: null, ended_by: null },
    } satisfies Insertable<Tables["break_glass"]>;
    const opened = breakGlassOfRow(row);
    const { id, expiresAt } = opened;
    // In the log before it is worth anything; and told in the transaction that makes it worth something.
    await journal.note({ type: "break-glass.opened", id, by: person, scope, reason, expiresAt });
    await db.transaction().execute(async (transaction) => {
      // One after the other: two at once would be two times to look at.
      await transaction.selectFrom("person").select("id").where("id", "=", person).forUpdate().execute();
      requireNone(await openedBy(transaction, person, at));
      await transaction.insertInto("break_glass").values(row).execute();
      await notifier.enqueueAlarm(transaction, id);
      await announceOrder(transaction, id);
    });
    return opened;
  },

  listBreakGlasses: async ({ db }, { query: { after, limit } }) => {
    let select = db.selectFrom("break_glass").selectAll().orderBy("opened_at", "desc").limit(limit);
    if (after !== undefined) select = select.where("opened_at", "<", after);
    const rows = await select.execute();
    const counts = await countUses(
      db,
      rows.map(({ id }) => id),
    );
    const items = rows.map((row) => ({ ...breakGlassOfRow(row), ...(counts.get(row.id) ?? { used: 0, refused: 0 }) }));
    const last = rows.length === limit ? rows.at(-1)?.opened_at : undefined;
    return { items, ...(last !== undefined && { next: last }) };
  },

  showBreakGlass: async ({ db }, { params: { opening }, query: { after, limit } }) => {
    const row = await db.selectFrom("break_glass").select("id").where("id", "=", opening).executeTakeFirst();
    if (row === undefined) throw notFound(`the role break-glass was never opened as \`${opening}\``);
    let select = db.selectFrom("noted").selectAll().where("break_glass", "=", opening).orderBy("index").limit(limit);
    if (after !== undefined) select = select.where("index", ">", after);
    const rows = await select.execute();
    const next = rows.length === limit ? rows.at(-1)?.index : undefined;
    return {
      items: rows.map(notedOfRow),
      ...(next !== undefined && { next }),
    };
  },

  endBreakGlass: async (server, { caller, params: { opening: id } }) => {
    const { db, journal, now } = server;
    const row = await standingBreakGlasses(db, now()).where("id", "=", id).executeTakeFirst();
    if (row === undefined || row.person !== caller.person) {
      await useRight(server, { route: "endBreakGlass", action: "grantRole", caller, resource: COMPANY });
    }
    if (row === undefined) throw notFound(`nothing is open as \`${id}\`, or no longer`);
    await db
      .updateTable("break_glass")
      .set({ ended_at: now(), ended_by: caller.id })
      .where("id", "=", id)
      .where("ended_at", "is", null)
      .execute();
    await journal.note({ type: "break-glass.ended", id, by: caller.id });
    return undefined;
  },
} as const satisfies Partial<Handlers>;

/** @throws ServerError SERVER_CONFLICT: it is bounded, so it is not made longer by opening it again */
function requireNone(row: BreakGlassRow | undefined): void {
  if (row === undefined) return;
  throw conflict(
    `it is open already, as \`${row.id}\`, until ${new Date(row.expires_at).toISOString()}`,
    `end that first: \`bailiwick server break-glass end ${row.id}\``,
  );
}

async function countUses(
  db: Database,
  openings: readonly string[],
): Promise<Map<string, { readonly used: number; readonly refused: number }>> {
  const counts = new Map<string, { used: number; refused: number }>();
  if (openings.length === 0) return counts;
  const rows = await db
    .selectFrom("noted")
    .select((select) => ["break_glass", "type", select.fn.countAll<number>().as("count")])
    .where("break_glass", "in", [...openings])
    .where("type", "in", ["right.used", "right.refused"])
    .groupBy(["break_glass", "type"])
    .execute();
  for (const { break_glass, type, count } of rows) {
    const of = counts.get(break_glass ?? "") ?? { used: 0, refused: 0 };
    of[type === "right.used" ? "used" : "refused"] = Number(count);
    counts.set(break_glass ?? "", of);
  }
  return counts;
}
