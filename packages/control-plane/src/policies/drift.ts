import { isJsonObject } from "@bailiwick/base";
import { heldLayer, type PolicyDrift } from "../../contract/policies.ts";
import { hostResource } from "../access/resources.ts";
import type { Caller } from "../identity/callers.ts";
import { arrivedOf } from "../live/hub.ts";
import type { Server } from "../routes/handler.ts";
import { layersFor, targetsOf } from "./releases.ts";

type Host = Awaited<ReturnType<typeof targetsOf>>[number];

/** Which policies each host has that the caller may see. */
export async function findDrift(server: Server, caller: Caller): Promise<PolicyDrift[]> {
  const { db, authority } = server;
  const grants = await authority.grantsOf(caller);
  const items: PolicyDrift[] = [];
  for (const host of await targetsOf(db)) {
    const resource = hostResource(host, host.teams);
    const { allowed } = await authority.decideWith(grants, caller, { action: "viewHost", resource });
    if (allowed) items.push(await driftOf(server, host));
  }
  return items;
}

export async function driftOf(server: Server, host: Host): Promise<PolicyDrift> {
  const holds = JSON.stringify(await layersFor(server.db, host));
  // It says with its next question what it made of the last answer; until then what it was told is not what it has.
  const took = host.using_sequence !== null && host.using_sequence === host.told_sequence;
  const state =
    host.heard_at === null
      ? "never"
      : host.refused !== null
        ? "refused"
        : took && holds === JSON.stringify(host.told)
          ? "current"
          : "behind";
  const lastRun = await lastRunOf(server, host);
  return {
    id: host.id,
    name: host.name,
    person: host.person,
    state,
    told: host.told,
    ...(host.heard_at !== null && { heardAt: host.heard_at }),
    ...(host.behind_since !== null && { since: host.behind_since }),
    ...(host.refused !== null && { refused: host.refused }),
    beyond: host.beyond === null ? [] : listOf(host.beyond),
    ...(lastRun && { lastRun }),
  };
}

function listOf(text: string): string[] {
  const list: string[] = JSON.parse(text);
  return list;
}

/** By the run's own record. */
async function lastRunOf({ db, holding }: Server, { number, id }: Host): Promise<PolicyDrift["lastRun"]> {
  const row = await db
    .selectFrom("run")
    .innerJoin("event", "event.seq", "run.first_seq")
    .selectAll("event")
    .where("run.host", "=", number)
    .where("erased", "=", false)
    .orderBy("first_seq", "desc")
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { event } = arrivedOf(holding, { ...row, host_id: id });
  if (!isJsonObject(event) || event["type"] !== "run.started") return undefined;
  const { policyDigest, policyLayers = [] } = event;
  const layers = heldLayer.array().safeParse(policyLayers);
  return { run: row.run, policyDigest: String(policyDigest), layers: layers.success ? layers.data : [] };
}
