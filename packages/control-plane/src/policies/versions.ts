import {
  LAYER_OF,
  policyVersion,
  tested,
  type PolicyScope,
  type PolicyVersion,
  type Tested,
} from "../../contract/policies.ts";
import { findResource, type Resource } from "../access/resources.ts";
import { isResourceType } from "../access/authority.ts";
import { notFound } from "../routes/people.ts";
import type { Database, PolicyVersionRow } from "../store/tables.ts";
import { randomId } from "../identity/secrets.ts";

export function makeVersionId(): string {
  return randomId("p");
}

export async function findVersion(db: Database, id: string): Promise<PolicyVersionRow> {
  const row = await db.selectFrom("policy_version").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) throw notFound(`there is no version \`${id}\` of a policy`);
  return row;
}

/** The scope that a version is for. It is whose who wrote it: what the duty to have somebody else approve it goes by. */
export async function findVersionResource(db: Database, id: string): Promise<Resource> {
  const row = await db
    .selectFrom("policy_version")
    .select(["scope_type", "scope_id", "author"])
    .where("id", "=", id)
    .executeTakeFirst();
  // Within the company, as of all that is not there: a no says nothing of what there is.
  if (row === undefined || !isResourceType(row.scope_type)) return await findResource(db, "Company", "");
  const resource = await findResource(db, row.scope_type, row.scope_id);
  return { ...resource, owner: row.author };
}

export function scopeOf(row: { readonly scope_type: string; readonly scope_id: string }): PolicyScope {
  // INVARIANT(scope): the schemas of the routes checked it before it was written.
  return { type: row.scope_type as PolicyScope["type"], id: row.scope_id }; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- see above
}

/** What a bundle has to name: `company` for the company. */
export function bundleScopeOf({ type, id }: PolicyScope): {
  readonly layer: (typeof LAYER_OF)[PolicyScope["type"]];
  readonly scope: string;
} {
  return { layer: LAYER_OF[type], scope: id };
}

export function testedOf(row: PolicyVersionRow): Tested {
  return tested.parse(JSON.parse(row.tested));
}

export function versionOf(row: PolicyVersionRow): PolicyVersion {
  return policyVersion.parse({
    id: row.id,
    scope: scopeOf(row),
    digest: row.digest,
    author: row.author,
    at: row.at,
    ...(row.why !== null && { why: row.why }),
    ...(row.proposal !== null && { proposal: row.proposal }),
    tested: testedOf(row),
    state: row.state,
    ...(row.reviewed_by !== null && { reviewedBy: row.reviewed_by }),
    ...(row.reviewed_at !== null && { reviewedAt: row.reviewed_at }),
    ...(row.review !== null && { review: row.review }),
  });
}
