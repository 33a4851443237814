/** Tasks at the API, for hosts: they take them, say that they go on, and hand in what came of them. */
import { createHash } from "node:crypto";
import { ServerError } from "../../contract/errors.ts";
import { MOST_PATCH_BYTES } from "../../contract/tasks.ts";
import type { Handlers } from "../routes/handler.ts";
import { conflict, notFound } from "../routes/people.ts";
import { storable } from "../store/text.ts";
import { noteTask } from "./notes.ts";
import { aboutPool, aboutTask, type Taken } from "./queue.ts";
import { taskOf } from "./shown.ts";

export const runnerRoutes = {
  takeTask: async ({ db, journal, desk, tasks, now }, { caller, body: { pool, lease, waitMs }, isGone }) => {
    const settings = await db.selectFrom("pool").select(["hosts", "lease_s"]).where("id", "=", pool).executeTakeFirst();
    // Whether there is such a pool is nothing for a host that is of none.
    if (settings?.hosts.includes(caller.id) !== true) throw notOfPool(pool, caller.id);
    const none = { leaseS: settings.lease_s };
    const taken = await desk.whenChanged(aboutPool(pool), now() + waitMs, async (late): Promise<Found | undefined> => {
      // Whoever is gone would have a task without knowing it.
      if (isGone()) return { found: undefined };
      const found = await tasks.take(pool, { host: caller.id, lease }, now());
      if (found === "forbidden") throw notOfPool(pool, caller.id);
      return found === undefined && !late ? undefined : { found };
    });
    if (taken.found === undefined) return none;
    const { row, leaseS, again } = taken.found;
    // In the log before the host hears of it. What dies in between is taken back as lost.
    if (!again) await noteTask(journal, row, { by: caller.id });
    return { task: taskOf(row), leaseS };
  },

  renewTask: async ({ desk, tasks, now }, { caller, params: { task }, body }) => {
    const { lease, state, run, waitMs } = body;
    const holder = { host: caller.id, lease };
    return await desk.whenChanged(aboutTask(task), now() + waitMs, async (late) => {
      const renewed = await tasks.renew(task, holder, { begun: state === "running", run, now: now() });
      if (renewed === undefined) throw lost(task);
      const { row, leaseS } = renewed;
      if (row.cancelled_by !== null) return { wanted: "cancel" as const, leaseS };
      return late ? { wanted: "go-on" as const, leaseS } : undefined;
    });
  },

  handInTask: async ({ journal, tasks, now }, { caller, params: { task }, body }) => {
    const { lease, patch, reason, ...result } = body;
    const handed = await tasks.handIn(
      task,
      { host: caller.id, lease },
      {
        ...result,
        patch: patch === undefined ? undefined : readPatch(patch),
        ...(reason !== undefined && { reason: storable(reason) }),
      },
      now(),
    );
    if (handed === undefined) throw lost(task);
    if (handed !== "again") await noteTask(journal, handed, { by: caller.id });
    return undefined;
  },
} as const satisfies Partial<Handlers>;

interface Found {
  readonly found: Taken | undefined;
}

function readPatch(text: string): { readonly bytes: Buffer; readonly digest: string } {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new ServerError("SERVER_MALFORMED", "the patch is not base 64");
  if (bytes.length > MOST_PATCH_BYTES) {
    throw new ServerError("SERVER_TOO_LARGE", `a patch has at most ${String(MOST_PATCH_BYTES)} bytes`);
  }
  return { bytes, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}` };
}

/** The same whether there is such a task or not. */
function lost(task: string): ServerError {
  return conflict(`this host does not have the task \`${task}\`, or no longer`, "end its run, and take another");
}

function notOfPool(pool: string, host: string): ServerError {
  const refused = notFound(`the host \`${host}\` is in no pool \`${pool}\``);
  return new ServerError("SERVER_FORBIDDEN", refused.message, {
    remedy: "have somebody with `managePools` put it there: `bailiwick server call putPool`",
  });
}
