import type { ServerResponse } from "node:http";
import type { AccessAction } from "@bailiwick/policy";
import { permittedRuns } from "../access/run-rights.ts";
import type { Caller } from "../identity/callers.ts";
import { EventStream } from "../live/event-stream.ts";
import { BELIEVED_MS } from "../live/permitted.ts";
import type { Server } from "../routes/handler.ts";
import type { RecordingRow } from "../store/tables.ts";
import { MOST_BYTES, oneRow, readPieces, visibleOf, type RecordingKey } from "./pieces.ts";

export interface RecordingStreamOptions {
  readonly key: RecordingKey;
  /** Of the recording that the watcher has. */
  readonly from: number;
  readonly caller: Caller;
  readonly action: AccessAction;
  readonly signal: AbortSignal;
}

/** What a watcher is given at a time, which is what they hold of the server's memory while they do not read. */
const PIECE_BYTES = 64 << 10;
/** So often it is looked for more, should the telling fail. */
const LOOK_MS = 2_000;

/** A recording as it grows, until its end, the watcher goes, or their right does. */
export async function streamRecording(
  server: Server,
  response: ServerResponse,
  { key, from, caller, action, signal: ending }: RecordingStreamOptions,
): Promise<void> {
  const watcher = new EventStream(response, ending);
  let whole = false;
  try {
    let believedUntil = 0;
    for (let at = from; !watcher.signal.aborted;) {
      if (server.now() >= believedUntil) {
        if (!(await mayWatch(server, { key, caller, action }))) return;
        believedUntil = server.now() + BELIEVED_MS;
      }
      const change = server.recordings.watch.changeOf(key);
      try {
        const row = await oneRow(server.db, key).executeTakeFirst();
        if (row === undefined) return;
        const to = Math.min(visibleOf(row), at + PIECE_BYTES);
        if (at < to) {
          const { frame, end } = await frameOf(server, key, { from: at, to });
          at = end;
          if (!(await watcher.write(frame))) return;
        } else if (isOver(row)) {
          watcher.put(Buffer.from("event: end\ndata: {}\n\n"));
          whole = true;
          return;
        } else await change.within(LOOK_MS, watcher.signal);
      } finally {
        change.forget();
      }
    }
  } catch (error) {
    // The database went away. Who watches comes back, and goes on where they were.
    if (!(error instanceof Error)) throw error;
  } finally {
    watcher.close(whole);
  }
}

async function frameOf(
  server: Server,
  key: RecordingKey,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<{ readonly frame: Buffer; readonly end: number }> {
  const pieces: Buffer[] = [];
  for await (const piece of readPieces(server.db, key, from, to)) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  const end = from + bytes.length;
  return { frame: Buffer.from(`id: ${String(end)}\ndata: ${bytes.toString("base64")}\n\n`), end };
}

/** Nothing will be added to what is here. */
function isOver({ erased, sent, bytes, closed, whole }: RecordingRow): boolean {
  if (erased || !sent || bytes >= MOST_BYTES) return true;
  return closed && (whole === null || bytes >= whole);
}

/** @throws errors of the database, which are no yes */
async function mayWatch(
  server: Server,
  { key, caller, action }: Pick<RecordingStreamOptions, "key" | "caller" | "action">,
): Promise<boolean> {
  const right = { caller, grants: await server.authority.grantsOf(caller), action };
  const runs = await permittedRuns(server, right, [key.run]);
  return runs.get(key.run)?.host === key.host;
}
