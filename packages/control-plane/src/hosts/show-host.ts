/** All that is known of one host. */
import type { HostFacts } from "../../contract/host-routes.ts";
import { findResource, isResourceType, teamsOf } from "../access/resources.ts";
import type { Caller } from "../identity/callers.ts";
import { driftOf } from "../policies/drift.ts";
import { targetsOf } from "../policies/releases.ts";
import type { Server } from "../routes/handler.ts";
import { orderOf, standingOrders } from "../routes/orders.ts";
import type { HostRow } from "../store/tables.ts";
import { heardOf, silenceOf } from "./heard.ts";
import { hostOf } from "./host-of.ts";
import { layersOf } from "./layers.ts";
import { goingOf, startsOf } from "./starts.ts";

/** Runs that are looked at for what was enforced before. */
const COMPARED = 21;

export async function showHost(server: Server, caller: Caller, id: string): Promise<HostFacts> {
  const { db } = server;
  const row = await db.selectFrom("host").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  const starts = (await startsOf(server, [row.number], COMPARED)).get(row.number) ?? [];
  const going = (await goingOf(db, [row.number])).get(row.number) ?? 0;
  const heard = (await heardOf(db, going === 0 ? [] : [row.number])).get(row.number);
  const [target] = await targetsOf(db, [id]);
  const profile = starts[0]?.profile.name;
  return {
    ...hostOf(row, { going, start: starts[0], silence: silenceOf(heard ?? Infinity, server) }),
    logKey: row.log_key,
    ...(row.checkpoint !== null && { checkpoint: Buffer.from(row.checkpoint).toString("utf8") }),
    enforcement: layersOf(starts),
    ...(profile !== undefined && { profile }),
    orders: await ordersFor(server, caller, row),
    ...(target !== undefined && { policies: await driftOf(server, target) }),
  };
}

/** What is ordered for all runs of a host, of that what the caller may see. */
async function ordersFor(
  { db, authority, now }: Server,
  caller: Caller,
  { id, person }: HostRow,
): Promise<HostFacts["orders"]> {
  const grants = await authority.grantsOf(caller);
  const teams = (await teamsOf(db, [person])).get(person) ?? [];
  const of: Readonly<Record<string, readonly string[]>> = {
    ...{ Company: ["company"], Team: teams, Person: [person], Host: [id] },
  };
  const found: HostFacts["orders"] = [];
  for (const row of await standingOrders(db, now()).execute()) {
    const { scope_type: type, scope_id } = row;
    if (!isResourceType(type) || of[type]?.includes(scope_id) !== true) continue;
    const resource = await findResource(db, type, scope_id);
    if ((await authority.decideWith(grants, caller, { action: "viewOrder", resource })).allowed)
      found.push(orderOf(row));
  }
  return found;
}
