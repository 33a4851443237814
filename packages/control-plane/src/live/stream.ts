import type { ServerResponse } from "node:http";
import { EventStream } from "./event-stream.ts";
import type { LiveHub } from "./hub.ts";
import type { Frame } from "./newest-frames.ts";

export interface StreamOptions {
  readonly hub: LiveHub;
  /** The place after which the watcher wants events; undefined: from now on. */
  readonly after: number | undefined;
  readonly run: string | undefined;
  /** What of these the watcher may see, in their order. */
  readonly permitted: (frames: readonly Frame[]) => Promise<readonly Frame[]>;
  /** Alarms that this watcher may see and has not been sent, as server-sent events. */
  readonly alarms: () => Promise<readonly Buffer[]>;
  readonly signal: AbortSignal;
}

/** So soon is an alarm with who watches. */
const ALARMS_MS = 2_000;

/** Events until the watcher goes. Written to the socket as they are: they were made once for everybody. */
export async function stream(response: ServerResponse, options: StreamOptions): Promise<void> {
  const watcher = new EventStream(response, options.signal);
  const now = await options.hub.enter();
  const alarms = setInterval(() => void sendAlarms(watcher, options), ALARMS_MS).unref();
  try {
    await sendAlarms(watcher, options);
    await follow(watcher, options, options.after ?? now);
  } catch (error) {
    // The database went away. Who watches is cut off, comes back, and goes on where they were: there is no answer any more to put an error in.
    if (!(error instanceof Error)) throw error;
  } finally {
    options.hub.leave();
    clearInterval(alarms);
    watcher.close();
  }
}

/** Without an id: who comes back goes on after the last event, and is sent the alarms that stand then. */
async function sendAlarms(watcher: EventStream, { alarms }: StreamOptions): Promise<void> {
  if (!watcher.isRead) return;
  try {
    for (const alarm of await alarms()) watcher.put(alarm);
  } catch (error) {
    // The database went away, or the watcher did: both are found out elsewhere.
    if (!(error instanceof Error)) throw error;
  }
}

async function follow(watcher: EventStream, { hub, run, permitted }: StreamOptions, from: number): Promise<void> {
  const { signal } = watcher;
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => {
      resolve();
    });
  });
  for (let place = from; !signal.aborted;) {
    const { frames, to } = await hub.after(place, run);
    const bytes = (await permitted(frames)).map((frame) => frame.bytes);
    place = to;
    if (bytes.length > 0 && !(await watcher.write(Buffer.concat(bytes)))) return;
    if (frames.length === 0) await Promise.race([hub.changed(place), aborted]);
  }
}
