import type { PolicyRelease, PolicyScope } from "../../contract/policies.ts";
import type { Caller } from "../identity/callers.ts";
import type { Handlers, Server } from "../routes/handler.ts";
import { conflict } from "../routes/people.ts";
import type { Database, PolicyReleaseRow, PolicyVersionRow } from "../store/tables.ts";
import { isComplete, nextSequence, releaseOf, releasesOf } from "./releases.ts";
import { scopeOf } from "./versions.ts";

const LOOK = "see `bailiwick policy log`";

type RollOut = { readonly row: PolicyVersionRow } & Parameters<Handlers["rollOutPolicy"]>[1]["body"];

/** Has an approved version hold for hosts. While one is being rolled out no other of its scope is begun. */
export async function rollOut(
  server: Server,
  caller: Caller,
  { row, percent, first }: RollOut,
): Promise<PolicyRelease> {
  if (row.state !== "approved") throw conflict(`the version is ${row.state}`, "have somebody else approve it first");
  return await release(server, { what: "rolled out", by: caller.id, scope: scopeOf(row) }, ([newest]) => {
    if (newest !== undefined && !isComplete(newest)) {
      throw conflict("another version is being rolled out for this scope", "promote it to all, or roll it back");
    }
    return { version: row.id, kind: "rollout", percent, first: JSON.stringify(first), reason: null };
  });
}

/**
 * Puts back what held for all before: it has been approved, so that nobody else has to say so when it is urgent. With a number of its own,
 * since hosts refuse what is older than they have.
 */
export async function rollBack(
  server: Server,
  caller: Caller,
  { scope, reason, to }: Parameters<Handlers["rollBackPolicy"]>[1]["body"],
): Promise<PolicyRelease> {
  return await release(server, { what: "rolled back", by: caller.id, scope, reason }, (releases) => {
    const [newest, ...older] = releases;
    if (newest === undefined) throw conflict("nothing was rolled out for this scope", LOOK);
    // Of two who answer for it at once, the second must not bring back what the first took away.
    if (newest.kind === "rollback" && to === undefined) {
      throw conflict(
        `it was rolled back already by ${newest.by}, to ${newest.version ?? "a layer that says nothing"}`,
        "to go back further, name the version: `--to VERSION`",
      );
    }
    const held = older.filter(isComplete);
    const target = held.find(({ version }) => (to === undefined ? version !== newest.version : version === to));
    if (to !== undefined && target === undefined) {
      throw conflict(`version \`${to}\` never held for all hosts of this scope`, "have it approved and rolled out");
    }
    // What held before the first release is that the layer says nothing.
    return { version: target?.version ?? null, kind: "rollback", percent: 100, first: "[]", reason };
  });
}

/** More hosts get what is being rolled out; never fewer, for those that have it are told nothing older. */
export async function promote(
  server: Server,
  caller: Caller,
  { scope, percent }: Parameters<Handlers["promotePolicy"]>[1]["body"],
): Promise<PolicyRelease> {
  return await change(server, { what: "promoted", by: caller.id, scope }, (newest) => {
    if (percent < newest.percent) {
      throw conflict(`it reaches ${String(newest.percent)} of 100 hosts already`, "to take it back, roll it back");
    }
    return { percent, halted: false };
  });
}

export async function halt(
  server: Server,
  caller: Caller,
  { scope, reason }: Parameters<Handlers["haltPolicy"]>[1]["body"],
): Promise<PolicyRelease> {
  return await change(server, { what: "halted", by: caller.id, scope, reason }, () => ({ halted: true, reason }));
}

interface Act {
  readonly what: "rolled out" | "promoted" | "halted" | "rolled back";
  readonly by: string;
  readonly scope: PolicyScope;
  readonly reason?: string;
}

type NewRelease = Pick<PolicyReleaseRow, "version" | "kind" | "percent" | "first" | "reason">;

async function release(
  server: Server,
  act: Act,
  decide: (releases: readonly PolicyReleaseRow[]) => NewRelease,
): Promise<PolicyRelease> {
  await note(server, act, decide(await releasesOf(server.db, act.scope)));
  return await inOrder(server, async (db, sequence, at) => {
    const made = decide(await releasesOf(db, act.scope));
    return await db
      .insertInto("policy_release")
      .values({
        sequence,
        changed: sequence,
        scope_type: act.scope.type,
        scope_id: act.scope.id,
        by: act.by,
        at,
        ...made,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
  });
}

async function change(
  server: Server,
  act: Act,
  decide: (newest: PolicyReleaseRow) => Partial<Pick<PolicyReleaseRow, "percent" | "halted" | "reason">>,
): Promise<PolicyRelease> {
  const newestOf = async (db: Database): Promise<PolicyReleaseRow> => {
    const [newest] = await releasesOf(db, act.scope);
    if (newest === undefined) throw conflict("nothing was rolled out for this scope", LOOK);
    return newest;
  };
  const before = await newestOf(server.db);
  await note(server, act, { version: before.version, percent: before.percent, ...decide(before) });
  return await inOrder(server, async (db, sequence) => {
    const newest = await newestOf(db);
    return await db
      .updateTable("policy_release")
      .set({ ...decide(newest), changed: sequence })
      .where("sequence", "=", newest.sequence)
      .returningAll()
      .executeTakeFirstOrThrow();
  });
}

/** In the server's log before any host is told. */
async function note(
  { journal }: Server,
  { scope, ...act }: Act,
  { version, percent }: Pick<PolicyReleaseRow, "version" | "percent">,
): Promise<void> {
  await journal.note({
    type: "policy.changed",
    scope: { ...scope },
    ...act,
    percent,
    ...(version !== null && { version }),
  });
}

/** One after the other. */
async function inOrder(
  { db, now }: Server,
  make: (db: Database, sequence: number, at: number) => Promise<PolicyReleaseRow>,
): Promise<PolicyRelease> {
  return await db.transaction().execute(async (transaction) => {
    const at = now();
    return releaseOf(await make(transaction, await nextSequence(transaction, at), at));
  });
}
