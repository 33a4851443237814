/** What waits for others: kept with who wanted it, and seen by who might do it. */
import { isAccessAction } from "@bailiwick/policy";
import { z } from "zod";
import { ServerError } from "../../contract/errors.ts";
import { ROUTES, type RouteName } from "../../contract/routes.ts";
import type { Caller } from "../identity/callers.ts";
import type { Server } from "../routes/handler.ts";
import type { RequestRow } from "../store/tables.ts";
import { randomId } from "../identity/secrets.ts";

const caller = z.object({
  type: z.enum(["Person", "Token"]),
  id: z.string(),
  person: z.string().optional(),
  by: z.string().optional(),
  limitedTo: z.array(z.string().refine(isAccessAction)).optional(),
});
const given = z.object({ params: z.record(z.string(), z.unknown()), body: z.record(z.string(), z.unknown()) });

export interface Wanted {
  readonly route: RouteName;
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string };
  readonly given: z.output<typeof given>;
  readonly caller: Caller;
  readonly needs: number;
  readonly minutes: number;
}

/** In the server's log before it is kept. @throws ServerError SERVER_NEEDS_OTHERS: it is kept, and not done */
export async function keepRequest({ db, journal, now }: Server, wanted: Wanted): Promise<never> {
  const { route, action, resource, needs, minutes } = wanted;
  const { type, id: who, person, by, limitedTo } = wanted.caller;
  const id = randomId("r");
  const at = now();
  await journal.note({ type: "request.made", id, route, action, resource: { ...resource }, by: who, needs });
  await db
    .insertInto("pending_request")
    .values({
      ...{ id, route, action, resource_type: resource.type, resource_id: resource.id, needs },
      given: JSON.stringify(wanted.given),
      caller: JSON.stringify({ type, id: who, person, by, limitedTo }),
      ...{ made_at: at, expires_at: at + minutes * 60_000, ended_at: null, ended_by: null, outcome: null },
    })
    .execute();
  throw new ServerError("SERVER_NEEDS_OTHERS", `${String(needs)} people have to want this; it waits as \`${id}\``, {
    remedy: `somebody else who may do it: \`bailiwick server confirm ${id}\`, within ${String(minutes)} min`,
  });
}

/** As it was wanted. @throws TypeError for what this server did not write */
export function wantedOf(row: RequestRow): {
  readonly route: RouteName;
  readonly given: z.output<typeof given>;
  readonly caller: Caller;
} {
  const { route } = row;
  const of = caller.parse(JSON.parse(row.caller));
  if (!isRouteName(route)) throw new TypeError(`a request is for a route \`${route}\` that is not there`);
  const { type, id, person, by, limitedTo } = of;
  return { route, given: given.parse(JSON.parse(row.given)), caller: { type, id, person, by, limitedTo } };
}

function isRouteName(name: string): name is RouteName {
  return Object.hasOwn(ROUTES, name);
}
