import type { AccessAction } from "@bailiwick/policy";
import { permittedRuns } from "../access/run-rights.ts";
import type { Caller } from "../identity/callers.ts";
import type { Server } from "../routes/handler.ts";
import type { Frame } from "./newest-frames.ts";

/** How long a watcher's right to a run, and their session or token, are believed: so soon what was taken away ends what is watched. */
export const BELIEVED_MS = 5_000;
const MOST_KNOWN = 10_000;

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
  // All of them are believed until the same moment: a thousand runs whose times are over one after the other would be as many questions.
  const known = new Map<string, boolean>();
  let until = 0;
  const learn = async (unknown: ReadonlyMap<string, Frame>): Promise<ReadonlyMap<string, boolean>> => {
    const learned = new Map<string, boolean>();
    if (unknown.size === 0) return learned;
    const askedAt = now();
    const right = { caller, grants: await server.authority.grantsOf(caller), action };
    const runs = await permittedRuns(server, right, [...new Set([...unknown.values()].map(({ run }) => run))]);
    if (known.size + unknown.size > MOST_KNOWN) known.clear();
    if (known.size === 0) until = askedAt + BELIEVED_MS;
    for (const [key, frame] of unknown) {
      // Another host's events under the id of a run that is not its own are nobody's.
      const allowed = runs.get(frame.run)?.host === frame.host;
      known.set(key, allowed);
      learned.set(key, allowed);
    }
    return learned;
  };
  return async (frames) => {
    const unknown = new Map<string, Frame>();
    const allowed = new Map<string, boolean>();
    if (until <= now()) known.clear();
    for (const frame of frames) {
      const key = keyOf(frame);
      const before = known.get(key);
      if (before === undefined) unknown.set(key, frame);
      else allowed.set(key, before);
    }
    for (const [key, isAllowed] of await learn(unknown)) allowed.set(key, isAllowed);
    return frames.filter((frame) => allowed.get(keyOf(frame)) === true);
  };
}

function keyOf({ host, run }: Frame): string {
  return `${String(host)} ${run}`;
}
