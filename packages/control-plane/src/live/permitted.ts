import type { AccessAction } from "@bailiwick/policy";
import { permittedRuns } from "../access/run-rights.ts";
import type { Caller } from "../identity/callers.ts";
import type { Server } from "../routes/handler.ts";
import type { Frame } from "./newest-frames.ts";

/** How long a watcher's right to a run, and their session or token, are believed: so soon what was taken away ends what is watched. */
export const BELIEVED_MS = 5_000;
const MOST_KNOWN = 10_000;

interface Known {
  readonly allowed: boolean;
  readonly until: number;
}

/**
 * What of these events a watcher may see, in their order.
 * @returns rejects with errors of the database, and nothing is permitted then
 */
export function permittedFor(
  server: Server,
  caller: Caller,
  action: AccessAction,
): (frames: readonly Frame[]) => Promise<readonly Frame[]> {
  const { now } = server;
  const known = new Map<string, Known>();
  const learn = async (unknown: ReadonlyMap<string, Frame>): Promise<ReadonlyMap<string, boolean>> => {
    const learned = new Map<string, boolean>();
    if (unknown.size === 0) return learned;
    const right = { caller, grants: await server.authority.grantsOf(caller), action };
    const runs = await permittedRuns(server, right, [...new Set([...unknown.values()].map(({ run }) => run))]);
    if (known.size + unknown.size > MOST_KNOWN) known.clear();
    for (const [key, frame] of unknown) {
      // Another host's events under the id of a run that is not its own are nobody's.
      const allowed = runs.get(frame.run)?.host === frame.host;
      known.set(key, { allowed, until: now() + BELIEVED_MS });
      learned.set(key, allowed);
    }
    return learned;
  };
  return async (frames) => {
    const unknown = new Map<string, Frame>();
    const allowed = new Map<string, boolean>();
    for (const frame of frames) {
      const key = keyOf(frame);
      const before = known.get(key);
      if (before === undefined || before.until <= now()) unknown.set(key, frame);
      else allowed.set(key, before.allowed);
    }
    for (const [key, isAllowed] of await learn(unknown)) allowed.set(key, isAllowed);
    return frames.filter((frame) => allowed.get(keyOf(frame)) === true);
  };
}

function keyOf({ host, run }: Frame): string {
  return `${String(host)} ${run}`;
}
