/** When something came of a host last, and from when on it counts as silent. */
import { sql } from "kysely";
import type { Database } from "../store/tables.ts";

/** Of `host`, with `host_policy` joined: its record, or a question for its policies, came; or it was enrolled. */
export const HEARD = sql<number>`greatest(host.enrolled_at, host.seen_at, host_policy.heard_at)`;

/** By the host's number. */
export async function heardOf(db: Database, hosts: readonly number[]): Promise<ReadonlyMap<number, number>> {
  if (hosts.length === 0) return new Map();
  const rows = await db
    .selectFrom("host")
    .leftJoin("host_policy", "host_policy.host", "host.number")
    .select(["host.number", HEARD.as("heard")])
    .where("host.number", "in", [...hosts])
    .execute();
  return new Map(rows.map(({ number, heard }) => [number, Number(heard)]));
}

interface Looking {
  readonly now: () => number;
  readonly silentMs: number;
}

/**
 * What is said of a run that has no end, or of a host that has such runs: since when nothing came of the host; undefined while that is not long.
 * A machine that was switched off can't say that its runs ended: nobody else says it for it.
 */
export function silenceOf(heard: number, { now, silentMs }: Looking): { readonly silentSince: number } | undefined {
  return heard < now() - silentMs ? { silentSince: heard } : undefined;
}
