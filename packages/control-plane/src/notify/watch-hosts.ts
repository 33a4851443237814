/** Hosts that went silent, or enforce less than they did. Each change is told once. */
import { isJsonObject } from "@bailiwick/base";
import type { EventOf } from "@bailiwick/audit";
import { sql } from "kysely";
import { z } from "zod";
import { HEARD } from "../hosts/heard.ts";
import { storable } from "../store/text.ts";
import type { Database } from "../store/tables.ts";
import type { Notify } from "./config.ts";
import { addNotice } from "./notices.ts";

/** A host that goes on asks for policies every five minutes, whatever its runs do. */
const LEAST_MINUTES = 6;

/** `[hosts]` of the server's file: from when on a host is silent. */
export const hostsSchema = z.strictObject({
  /** While a run goes on there. */
  "silent-minutes": z.number().min(LEAST_MINUTES).max(10_080).default(15),
  /** When it had runs, or a lease stands that concerns it, whether one goes on or not. Without it such a host may be silent: nothing runs there. */
  "silent-days": z.number().min(1).max(365).optional(),
});

export type HostsConfig = z.output<typeof hostsSchema>;

interface Watching {
  readonly notify: readonly Notify[];
  readonly hosts: HostsConfig;
}

/** Tells what has changed since it looked last. */
export async function tellSilence(db: Database, { notify, hosts }: Watching, now: number): Promise<void> {
  for (const { number, heard } of await newlySilent(db, hosts, now)) {
    await db
      .insertInto("host_watch")
      .values({ host: number, silent_at: heard })
      .onConflict((conflict) => conflict.column("host").doUpdateSet({ silent_at: heard }))
      .execute();
    await addNotice(db, { notify, about: "hosts", notice: { type: "host.silent", host: number, at: heard }, at: now });
  }
  for (const { number, heard } of await heardAgain(db)) {
    await db.updateTable("host_watch").set({ silent_at: null }).where("host", "=", number).execute();
    await addNotice(db, { notify, about: "hosts", notice: { type: "host.heard", host: number, at: heard }, at: now });
  }
}

interface Heard {
  readonly number: number;
  /** When it sent something, or asked for policies, last. */
  readonly heard: number;
}

async function newlySilent(db: Database, hosts: HostsConfig, now: number): Promise<readonly Heard[]> {
  const { "silent-minutes": minutes, "silent-days": days } = hosts;
  const idle =
    days === undefined
      ? sql`false`
      : sql`(${HEARD} < ${now - days * 86_400_000} and (exists (select from run where run.host = host.number)
          or exists (select from live_order where kind = 'lease' and lifted_at is null and (expires_at is null or expires_at > ${now})
            and (scope_type = 'Company' or (scope_type = 'Host' and scope_id = host.id) or (scope_type = 'Person' and scope_id = host.person)
              or (scope_type = 'Team' and scope_id in (select team from team_member where team_member.person = host.person))))))`;
  const { rows } = await sql<Heard>`
    select host.number, ${HEARD} as heard from host join person on person.id = host.person
      left join host_policy on host_policy.host = host.number left join host_watch on host_watch.host = host.number
    where revoked_at is null and active and silent_at is null and (
      (${HEARD} < ${now - minutes * 60_000} and exists (select from run where run.host = host.number and ended_at is null))
      or ${idle})
    order by host.number limit 1000`.execute(db);
  return rows;
}

async function heardAgain(db: Database): Promise<readonly Heard[]> {
  const { rows } = await sql<Heard>`
    select host.number, ${HEARD} as heard from host_watch join host on host.number = host_watch.host
      left join host_policy on host_policy.host = host.number
    where silent_at is not null and ${HEARD} > silent_at`.execute(db);
  return rows;
}

/** Profiles of one host that are remembered. */
const MOST_PROFILES = 50;

interface Started {
  readonly host: number;
  readonly event: EventOf<"run.started">;
}

/**
 * Of the layers that were enforced in the last run of this profile at this host, those that no longer are; at its first run, those that were wanted and
 * could not be had. What a layer is for differs between profiles, so that they are not compared with each other.
 */
export async function tellWeaker(
  db: Database,
  { notify }: Pick<Watching, "notify">,
  started: Started,
  now: number,
): Promise<void> {
  const { host, event } = started;
  const row = await db.selectFrom("host_watch").select("enforced").where("host", "=", host).executeTakeFirst();
  const known = readLayers(row?.enforced);
  const profile = storable(event.profile.name);
  const has = event.enforcement.filter(({ state }) => state === "enforced").map(({ layer }) => storable(layer));
  const had = known.get(profile) ?? event.enforcement.map(({ layer }) => storable(layer));
  const layers = had.filter((layer) => !has.includes(layer));
  known.delete(profile);
  known.set(profile, has);
  const enforced = JSON.stringify(Object.fromEntries([...known].slice(-MOST_PROFILES)));
  await db
    .insertInto("host_watch")
    .values({ host, enforced, silent_at: null })
    .onConflict((conflict) => conflict.column("host").doUpdateSet({ enforced }))
    .execute();
  if (layers.length === 0) return;
  await addNotice(db, {
    notify,
    about: "hosts",
    notice: { type: "host.weaker", host, run: event.run, layers },
    at: now,
  });
}

function readLayers(text: string | undefined): Map<string, string[]> {
  const json: unknown = text === undefined ? {} : JSON.parse(text);
  if (!isJsonObject(json)) return new Map();
  return new Map(Object.entries(json).map(([profile, layers]) => [profile, z.array(z.string()).parse(layers)]));
}
