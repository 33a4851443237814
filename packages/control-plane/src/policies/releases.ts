/**
 * What holds for whom. Of the releases of a scope the newest that reaches a host holds for it. A release reaches a host that is among its first, that
 * the percentage takes in, or that was told of it before: a host is never told anything older than it was told. One that reaches all and is not halted
 * is complete.
 */
import { createHash } from "node:crypto";
import { LAYERS } from "@bailiwick/policy";
import { sql } from "kysely";
import {
  release as releaseForm,
  type HeldLayer,
  type PolicyRelease,
  type PolicyScope,
} from "../../contract/policies.ts";
import { teamsOf } from "../access/resources.ts";
import type { Database, PolicyReleaseRow } from "../store/tables.ts";
import { bundleScopeOf, scopeOf } from "./versions.ts";

/** A host as releases see it. */
export interface ReleaseTarget {
  readonly id: string;
  readonly person: string;
  readonly teams: readonly string[];
  /** What it was told last. */
  readonly told: readonly HeldLayer[];
}

/**
 * The next number: above all that were given. By the clock, so that a database that was put back gives none a second time. Locks out other releases
 * until the transaction ends.
 */
export async function nextSequence(transaction: Database, now: number): Promise<number> {
  await sql`lock table policy_release in share row exclusive mode`.execute(transaction);
  return Math.max(Math.floor(now), (await newestSequence(transaction)) + 1);
}

/** 0 before the first release. */
export async function newestSequence(db: Database): Promise<number> {
  const row = await db
    .selectFrom("policy_release")
    .select((each) => each.fn.max("changed").as("newest"))
    .executeTakeFirst();
  return row?.newest ?? 0;
}

/** Newest first. */
export async function releasesOf(db: Database, { type, id }: PolicyScope): Promise<PolicyReleaseRow[]> {
  return await db
    .selectFrom("policy_release")
    .selectAll()
    .where("scope_type", "=", type)
    .where("scope_id", "=", id)
    .orderBy("sequence", "desc")
    .execute();
}

export function isComplete({ percent, halted }: PolicyReleaseRow): boolean {
  return percent === 100 && !halted;
}

/** The text that holds for all of a scope; undefined where none does. */
export async function bundleInForce(db: Database, scope: PolicyScope): Promise<string | undefined> {
  const complete = (await releasesOf(db, scope)).find(isComplete);
  if (complete === undefined || complete.version === null) return undefined;
  const { bundle } = await db
    .selectFrom("policy_version")
    .select("bundle")
    .where("id", "=", complete.version)
    .executeTakeFirstOrThrow();
  return bundle;
}

/** Every layer that holds for a host, the outermost first; of projects all, since only the host knows in which a run is. */
export async function layersFor(db: Database, host: ReleaseTarget): Promise<HeldLayer[]> {
  const rows = await db
    .selectFrom("policy_release")
    .leftJoin("policy_version", "policy_version.id", "policy_release.version")
    .selectAll("policy_release")
    .select("policy_version.digest")
    .where((where) =>
      where.or([
        where("policy_release.scope_type", "in", ["Company", "Project"]),
        where.and({ "policy_release.scope_type": "Person", "policy_release.scope_id": host.person }),
        where.and([
          where("policy_release.scope_type", "=", "Team"),
          where("policy_release.scope_id", "in", ["", ...host.teams]),
        ]),
      ]),
    )
    .orderBy("policy_release.sequence", "desc")
    .execute();
  const found = new Map<string, HeldLayer | undefined>();
  for (const row of rows) {
    const scope = bundleScopeOf(scopeOf(row));
    const key = JSON.stringify(scope);
    if (found.has(key) || !reaches(row, host)) continue;
    found.set(key, row.digest === null ? undefined : { ...scope, sequence: row.sequence, digest: row.digest });
  }
  const layers = [...found.values()].filter((layer) => layer !== undefined);
  return layers.sort((a, b) => LAYERS.indexOf(a.layer) - LAYERS.indexOf(b.layer) || (a.scope < b.scope ? -1 : 1));
}

function reaches(row: PolicyReleaseRow, host: ReleaseTarget): boolean {
  const { layer, scope } = bundleScopeOf(scopeOf(row));
  const has = host.told.some((told) => told.layer === layer && told.scope === scope && told.sequence >= row.sequence);
  if (has || isComplete(row)) return true;
  if (row.halted) return false;
  const named = firstOf(row).some(({ type, id }) => (type === "Host" ? id === host.id : host.teams.includes(id)));
  return named || shareOf(host.id, `${layer} ${scope}`) < row.percent;
}

/** 0 to 99: the same for the same host and scope always, so that a larger share takes in the smaller. */
function shareOf(host: string, scope: string): number {
  return createHash("sha256").update(`${scope}\n${host}`).digest().readUInt32BE(0) % 100;
}

function firstOf(row: PolicyReleaseRow): PolicyRelease["first"] {
  return releaseForm.shape.first.parse(JSON.parse(row.first));
}

export function releaseOf(row: PolicyReleaseRow): PolicyRelease {
  const { sequence, version, kind, percent, halted, reason, by, at } = row;
  return {
    sequence,
    scope: scopeOf(row),
    ...(version !== null && { version }),
    kind,
    percent,
    first: firstOf(row),
    halted,
    ...(reason !== null && { reason }),
    by,
    at,
  };
}

/** All hosts that are not revoked, as releases see them. @param ids of these alone */
export async function targetsOf(db: Database, ids?: readonly string[]) {
  let select = db
    .selectFrom("host")
    .leftJoin("host_policy", "host_policy.host", "host.number")
    .select(["host.number", "host.id", "host.name", "host.person", "host_policy.told", "told_sequence", "heard_at"])
    .select(["using_sequence", "behind_since", "refused", "beyond"])
    .where("revoked_at", "is", null)
    .orderBy("host.number");
  if (ids !== undefined) select = select.where("host.id", "in", [...ids]);
  const rows = await select.execute();
  const teams = await teamsOf(db, [...new Set(rows.map(({ person }) => person))]);
  return rows.map((row) => ({ ...row, told: toldOf(row.told), teams: teams.get(row.person) ?? [] }));
}

function toldOf(text: string | null): HeldLayer[] {
  const told: HeldLayer[] = text === null ? [] : JSON.parse(text);
  return told;
}
