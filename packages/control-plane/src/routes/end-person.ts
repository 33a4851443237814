import { ownersOf } from "../access/owners.ts";
import { findResource } from "../access/resources.ts";
import type { Caller } from "../identity/callers.ts";
import { endAccess, orderEnd } from "../identity/end-access.ts";
import { useRight } from "./authorize.ts";
import type { Handlers, Server } from "./handler.ts";
import { conflict, notFound } from "./people.ts";

export const leaving = {
  endPerson: async (server, { caller, params: { person }, query: { endRuns } }) => {
    const { db, now } = server;
    const runsEnded = endRuns === "true" ? await endRunsOf(server, caller, person) : undefined;
    await db.transaction().execute(async (transaction) => {
      if ((await ownersOf(transaction)).includes(person)) {
        throw conflict(`\`${person}\` is an owner`, "take that role away first, which only an owner can");
      }
      const ended = await endAccess(transaction, person, { now: now(), runsEnded });
      if (!ended) throw notFound(`there is no person \`${person}\``);
    });
    return undefined;
  },
} as const satisfies Partial<Handlers>;

/** Whoever ends the runs of a person needs the right to that, too. @returns what their hosts are told */
async function endRunsOf(server: Server, caller: Caller, person: string): Promise<string> {
  const resource = await findResource(server.db, "Person", person);
  await useRight(server, { route: "endPerson", action: "killRun", caller, resource });
  return await orderEnd(server.journal, caller.id, person);
}
