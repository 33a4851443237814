import { ServerError } from "../../contract/errors.ts";
import { wantedOf } from "../access/requests.ts";
import type { Caller } from "../identity/callers.ts";
import type { Database, RequestRow } from "../store/tables.ts";
import { authorize, wouldBePermitted } from "./authorize.ts";
import type { Answer, Handlers, Server } from "./handler.ts";
import { conflict, notFound } from "./people.ts";

type Pending = Answer<"listRequests">["items"][number];
/** Does what was wanted, as whoever wanted it. */
export type Perform = (server: Server, wanted: ReturnType<typeof wantedOf>) => Promise<void>;

/** @param perform calls the route's handler once the right was looked at */
export function requestsBy(perform: Perform) {
  return {
    listRequests: async (server, { caller }) => {
      const rows = await open(server).orderBy("made_at").limit(1_000).execute();
      const items: Pending[] = [];
      for (const row of rows) {
        if (isBy(row, caller) || (await wouldBePermitted(server, { ...sameAs(row), caller })))
          items.push(await pendingOf(server.db, row));
      }
      return { items };
    },

    confirmRequest: async (server, { caller, params: { request } }) => {
      const row = await find(server, request);
      const { person } = caller;
      const wanted = wantedOf(row);
      if (person === undefined || isBy(row, caller)) {
        throw new ServerError("SERVER_FORBIDDEN", "somebody else has to confirm it, and a service is nobody", {
          remedy: "leave it to another person who may do it",
        });
      }
      await requireSame(server, row, caller);
      await server.journal.note({ type: "request.confirmed", id: row.id, by: caller.id });
      const { has, isLast } = await confirm(server, row, person);
      if (!isLast) return { done: false, has, needs: row.needs };
      await finish(server, { row, by: caller.id }, async () => {
        await requireStillThere(server.db, wanted.caller);
        await requireSame(server, row, wanted.caller);
        await perform(server, wanted);
      });
      return { done: true, has, needs: row.needs };
    },

    rejectRequest: async (server, { caller, params: { request } }) => {
      const row = await find(server, request);
      if (!isBy(row, caller)) await requireSame(server, row, caller);
      await server.journal.note({ type: "request.ended", id: row.id, by: caller.id, outcome: "rejected" });
      await end(server, { row, by: caller.id, outcome: "rejected" });
      return undefined;
    },
  } as const satisfies Partial<Handlers>;
}

function open({ db, now }: Server) {
  return db.selectFrom("pending_request").selectAll().where("ended_at", "is", null).where("expires_at", ">", now());
}

async function find(server: Server, id: string): Promise<RequestRow> {
  const row = await open(server).where("id", "=", id).executeTakeFirst();
  if (row === undefined) throw notFound(`no request \`${id}\` waits, or no longer`);
  return row;
}

function isBy(row: RequestRow, { id, person }: Caller): boolean {
  const { caller } = wantedOf(row);
  return caller.id === id || (person !== undefined && caller.person === person);
}

/** The very right that it needs, by the same Cedar, as it is at this moment; with the duties that it is not for oneself. In the log. */
async function requireSame(server: Server, row: RequestRow, caller: Caller): Promise<void> {
  await authorize(server, { ...sameAs(row), caller });
}

function sameAs(row: RequestRow) {
  const { route, given } = wantedOf(row);
  return { route, ...given, confirmed: true } as const;
}

/** What somebody wanted whose access was ended meanwhile is not done any more. */
async function requireStillThere(db: Database, { person }: Caller): Promise<void> {
  if (person === undefined) return;
  const row = await db.selectFrom("person").select("active").where("id", "=", person).executeTakeFirst();
  if (row?.active !== true) throw conflict(`the access of \`${person}\`, who wanted it, was ended`, "want it yourself");
}

/** Of two last ones at once one does it. */
async function confirm(
  { db, now }: Server,
  row: RequestRow,
  person: string,
): Promise<{ readonly has: number; readonly isLast: boolean }> {
  return await db.transaction().execute(async (transaction) => {
    const locked = await transaction
      .selectFrom("pending_request")
      .select("ended_at")
      .where("id", "=", row.id)
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (locked.ended_at !== null) throw conflict("it was done or rejected meanwhile", "see `bailiwick server pending`");
    const { numInsertedOrUpdatedRows: added } = await transaction
      .insertInto("confirmation")
      .values({ request: row.id, person, at: now() })
      .onConflict((other) => other.doNothing())
      .executeTakeFirstOrThrow();
    if (added !== 1n) throw conflict("you have confirmed it already", "somebody else has to, too");
    const has = 1 + (await confirmedBy(transaction, row.id)).length;
    const isLast = has >= row.needs;
    if (isLast) {
      await transaction
        .updateTable("pending_request")
        .set({ ended_at: now(), ended_by: person, outcome: "done" })
        .where("id", "=", row.id)
        .execute();
    }
    return { has, isLast };
  });
}

/** It is taken for done before, so that it is never done twice; what fails then has to be wanted anew. */
async function finish(
  server: Server,
  { row, by }: { readonly row: RequestRow; readonly by: string },
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    await server.journal.note({ type: "request.ended", id: row.id, by, outcome: "failed" });
    await end(server, { row, by, outcome: "failed" });
    throw error;
  }
  await server.journal.note({ type: "request.ended", id: row.id, by, outcome: "done" });
}

async function end(
  { db, now }: Server,
  { row, by, outcome }: { readonly row: RequestRow; readonly by: string; readonly outcome: "failed" | "rejected" },
): Promise<void> {
  await db
    .updateTable("pending_request")
    .set({ ended_at: now(), ended_by: by, outcome })
    .where("id", "=", row.id)
    .execute();
}

async function confirmedBy(db: Database, request: string): Promise<string[]> {
  const rows = await db
    .selectFrom("confirmation")
    .select("person")
    .where("request", "=", request)
    .orderBy("at")
    .execute();
  return rows.map(({ person }) => person);
}

async function pendingOf(db: Database, row: RequestRow): Promise<Pending> {
  const { id, route, action, resource_type: type, resource_id, made_at: at, expires_at: expiresAt, needs } = row;
  const { given, caller } = wantedOf(row);
  return {
    ...{ id, route, action, resource: { type, id: resource_id }, given, by: caller.id, at, expiresAt, needs },
    confirmedBy: await confirmedBy(db, id),
  };
}
