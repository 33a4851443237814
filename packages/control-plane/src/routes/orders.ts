import type { Order } from "../../contract/orders.ts";
import { findResource } from "../access/resources.ts";
import { isResourceType } from "../access/authority.ts";
import type { Caller } from "../identity/callers.ts";
import { announceOrder } from "../store/open-store.ts";
import type { OrderRow } from "../store/tables.ts";
import type { Handlers, Server } from "./handler.ts";
import { notFound } from "./people.ts";

interface Scope {
  readonly type: string;
  readonly id: string;
}

export const orders = {
  pauseRuns: (server, { caller, body }) => give(server, caller, { kind: "pause", ...body }),
  killRuns: (server, { caller, body }) => give(server, caller, { kind: "kill", ...body }),
  resumeRuns: (server, { caller, body }) => lift(server, caller, { kind: "pause", ...body }),
  liftKill: (server, { caller, body }) => lift(server, caller, { kind: "kill", ...body }),

  setLease: async (server, { caller, body: { seconds, ...body } }) => {
    if (seconds === 0) return await lift(server, caller, { kind: "lease", ...body });
    await give(server, caller, { kind: "lease", seconds, ...body });
    return undefined;
  },

  listOrders: async ({ db, authority, now }, { caller, query: { standing } }) => {
    const select = standing === "true" ? standingOrders(db, now()) : newestOrders(db);
    const grants = await authority.grantsOf(caller);
    const items: Order[] = [];
    for (const row of await select.execute()) {
      if (!isResourceType(row.scope_type)) continue;
      const resource = await findResource(db, row.scope_type, row.scope_id);
      const { allowed } = await authority.decideWith(grants, caller, { action: "viewOrder", resource });
      if (allowed) items.push(orderOf(row));
    }
    return { items };
  },

  followOrders: async ({ desk }, { caller, body }) => ({ statement: await desk.follow(caller, body) }),
} as const satisfies Partial<Handlers>;

function newestOrders(db: Server["db"]) {
  return db.selectFrom("live_order").selectAll().orderBy("id", "desc").limit(1_000);
}

export function standingOrders(db: Server["db"], now: number) {
  return newestOrders(db)
    .where("lifted_at", "is", null)
    .where((where) => where.or([where("expires_at", "is", null), where("expires_at", ">", now)]));
}

interface NewOrder {
  readonly kind: OrderRow["kind"];
  readonly scope: Scope;
  readonly reason: string;
  readonly standsS?: number;
  readonly seconds?: number;
}

/** In the server's log before any host is told. */
async function give(
  server: Server,
  caller: Caller,
  { kind, scope, reason, standsS, seconds }: NewOrder,
): Promise<Order> {
  const { db, journal, now } = server;
  const at = now();
  const by = caller.id;
  const expiresAt = standsS === undefined ? null : at + standsS * 1000;
  await journal.note({ type: "order.given", kind, scope: { ...scope }, by, reason, ...(seconds && { seconds }) });
  return await db.transaction().execute(async (transaction) => {
    if (kind === "lease") await liftAll(server, transaction, { kind, scope, by });
    const row = await transaction
      .insertInto("live_order")
      .values({
        kind,
        scope_type: scope.type,
        scope_id: scope.id,
        seconds: seconds ?? null,
        reason,
        given_by: by,
        given_at: at,
        expires_at: expiresAt,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await server.notifier.enqueueNotice(transaction, "orders", {
      ...{ type: "order.given", kind, scope, by, reason },
      ...(seconds !== undefined && { seconds }),
      ...(expiresAt !== null && { expiresAt }),
    });
    await announceOrder(transaction, scope.type === "Run" ? scope.id : "");
    return orderOf(row);
  });
}

async function lift(
  server: Server,
  caller: Caller,
  { kind, scope, reason }: { readonly kind: OrderRow["kind"]; readonly scope: Scope; readonly reason: string },
): Promise<undefined> {
  await server.journal.note({ type: "order.lifted", kind, scope: { ...scope }, by: caller.id, reason });
  const lifted = await server.db.transaction().execute(async (transaction) => {
    const by = caller.id;
    const count = await liftAll(server, transaction, { kind, scope, by });
    if (count > 0n) {
      await server.notifier.enqueueNotice(transaction, "orders", { type: "order.lifted", kind, scope, by, reason });
    }
    await announceOrder(transaction, scope.type === "Run" ? scope.id : "");
    return count;
  });
  if (lifted === 0n) throw notFound(`no order to ${VERB[kind]} stands for ${scope.type.toLowerCase()} \`${scope.id}\``);
  return undefined;
}

const VERB = { pause: "pause runs", kill: "end runs", lease: "end runs that hear nothing" } as const;

async function liftAll(
  { now }: Server,
  db: Server["db"],
  { kind, scope, by }: { readonly kind: OrderRow["kind"]; readonly scope: Scope; readonly by: string },
): Promise<bigint> {
  const { numUpdatedRows } = await db
    .updateTable("live_order")
    .set({ lifted_at: now(), lifted_by: by })
    .where("kind", "=", kind)
    .where("scope_type", "=", scope.type)
    .where("scope_id", "=", scope.id)
    .where("lifted_at", "is", null)
    .where((where) => where.or([where("expires_at", "is", null), where("expires_at", ">", now())]))
    .executeTakeFirstOrThrow();
  return numUpdatedRows;
}

export function orderOf(row: OrderRow): Order {
  const { id, kind, scope_type, scope_id, seconds, reason, given_by, given_at, expires_at, lifted_at, lifted_by } = row;
  return {
    id: String(id),
    kind,
    scope: { type: scope_type as Order["scope"]["type"], id: scope_id }, // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- the schema of the route checked it before it was written
    ...(seconds !== null && { seconds }),
    reason,
    by: given_by,
    at: given_at,
    ...(expires_at !== null && { expiresAt: expires_at }),
    ...(lifted_at !== null && { liftedAt: lifted_at }),
    ...(lifted_by !== null && { liftedBy: lifted_by }),
  };
}
