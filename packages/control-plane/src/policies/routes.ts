import { digestBundle } from "@bailiwick/policy";
import { findResource, type Resource } from "../access/resources.ts";
import type { Caller } from "../identity/callers.ts";
import type { Handlers, Server } from "../routes/handler.ts";
import { conflict } from "../routes/people.ts";
import type { PolicyVersionRow } from "../store/tables.ts";
import { checkBundle } from "./check.ts";
import { findDrift } from "./drift.ts";
import { bundleInForce, releaseOf } from "./releases.ts";
import { explainText, reviewText } from "./review.ts";
import { halt, promote, rollBack, rollOut } from "./roll-out.ts";
import { tellPolicies } from "./tell.ts";
import { findVersion, makeVersionId, scopeOf, versionOf } from "./versions.ts";
import { whatIf } from "./what-if.ts";

const MOST_LISTED = 1_000;

export const policies = {
  draftPolicy: async (server, { caller, body: { scope, bundle, why, proposal } }) => {
    const { db, journal, now } = server;
    const tested = await checkBundle(db, scope, bundle);
    const [id, digest] = [makeVersionId(), digestBundle(bundle)];
    await journal.note({
      type: "policy.changed",
      what: "drafted",
      scope: { ...scope },
      by: caller.id,
      version: id,
      digest,
    });
    const row = await db
      .insertInto("policy_version")
      .values({
        id,
        scope_type: scope.type,
        scope_id: scope.id,
        bundle,
        digest,
        author: caller.id,
        at: now(),
        why: why ?? null,
        proposal: proposal ?? null,
        tested: JSON.stringify(tested),
        state: "draft",
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return versionOf(row);
  },

  checkPolicy: ({ db }, { body: { scope, bundle } }) => reviewText(db, scope, bundle),
  explainPolicy: ({ db, now }, { body }) => explainText(db, body, now()),

  listPolicies: async (server, { caller }) => {
    const rows = await server.db
      .selectFrom("policy_version")
      .selectAll()
      .orderBy("at", "desc")
      .limit(MOST_LISTED)
      .execute();
    return { items: (await visibleTo(server, caller, rows)).map(versionOf) };
  },

  listReleases: async (server, { caller }) => {
    const rows = await server.db
      .selectFrom("policy_release")
      .selectAll()
      .orderBy("sequence", "desc")
      .limit(MOST_LISTED)
      .execute();
    return { items: (await visibleTo(server, caller, rows)).map(releaseOf) };
  },

  showPolicy: async ({ db }, { params: { version } }) => {
    const row = await findVersion(db, version);
    const before = await bundleInForce(db, scopeOf(row));
    return { ...versionOf(row), bundle: row.bundle, ...(before !== undefined && { before }) };
  },

  whatIfPolicy: whatIf,

  approvePolicy: async (server, { caller, params: { version }, body: { digest, why } }) => {
    const row = await findVersion(server.db, version);
    if (row.digest !== digest) throw conflict("the approval is of another text than this version's", LOOK);
    const tested = await checkBundle(server.db, scopeOf(row), row.bundle);
    if (tested.failed.length > 0) {
      throw conflict(`${String(tested.failed.length)} of its tests fail: ${tested.failed[0] ?? ""}`, "draft it anew");
    }
    return await review(server, caller, { row, state: "approved", why });
  },

  rejectPolicy: async (server, { caller, params: { version }, body: { why } }) => {
    return await review(server, caller, { row: await findVersion(server.db, version), state: "rejected", why });
  },

  rollOutPolicy: async (server, { caller, params: { version }, body }) => {
    return await rollOut(server, caller, { row: await findVersion(server.db, version), ...body });
  },
  promotePolicy: (server, { caller, body }) => promote(server, caller, body),
  haltPolicy: (server, { caller, body }) => halt(server, caller, body),
  rollBackPolicy: (server, { caller, body }) => rollBack(server, caller, body),
  policyDrift: async (server, { caller }) => ({ items: await findDrift(server, caller) }),
  fetchPolicies: (server, request) => tellPolicies(server, request),
} as const satisfies Partial<Handlers>;

const LOOK = "look at it again: `bailiwick policy review VERSION`";

interface Reviewing {
  readonly row: PolicyVersionRow;
  readonly state: "approved" | "rejected";
  readonly why: string | undefined;
}

/** Once: who comes second is told. In the server's log before it holds. */
async function review({ db, journal, now }: Server, caller: Caller, { row, state, why }: Reviewing) {
  const taken = conflict(`the version was ${row.state} by ${row.reviewed_by ?? "somebody"} already`, LOOK);
  if (row.state !== "draft") throw taken;
  const named = { scope: scopeOf(row), by: caller.id, version: row.id, digest: row.digest };
  await journal.note({ type: "policy.changed", what: state, ...named, ...(why !== undefined && { reason: why }) });
  const reviewed = await db
    .updateTable("policy_version")
    .set({ state, reviewed_by: caller.id, reviewed_at: now(), review: why ?? null })
    .where("id", "=", row.id)
    .where("state", "=", "draft")
    .returningAll()
    .executeTakeFirst();
  if (reviewed === undefined) throw taken;
  return versionOf(reviewed);
}

async function visibleTo<T extends { readonly scope_type: string; readonly scope_id: string }>(
  { db, authority }: Server,
  caller: Caller,
  rows: readonly T[],
): Promise<T[]> {
  const grants = await authority.grantsOf(caller);
  const known = new Map<string, Promise<boolean>>();
  const mayView = async (row: T): Promise<boolean> => {
    const { type, id } = scopeOf(row);
    const resource: Resource = await findResource(db, type, id);
    return (await authority.decideWith(grants, caller, { action: "viewPolicy", resource })).allowed;
  };
  const visible: T[] = [];
  for (const row of rows) {
    const key = `${row.scope_type} ${row.scope_id}`;
    const allowed = known.get(key) ?? mayView(row);
    known.set(key, allowed);
    if (await allowed) visible.push(row);
  }
  return visible;
}
