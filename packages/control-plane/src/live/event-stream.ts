import { once } from "node:events";
import type { ServerResponse } from "node:http";

/** A comment so often keeps proxies from closing a quiet stream, and finds out who is gone. */
const HEARTBEAT_MS = 15_000;
/** Who takes nothing for so long is dropped; they may come back and go on where they were. */
const PATIENCE_MS = 10_000;

/**
 * Server-sent events to one watcher, until they go or the stream ends. A watcher that does not read is waited for apart from all others, and then
 * dropped: what is handed to {@link write} is all that they hold of the server's memory.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventStream {
  /** Aborted when the watcher has gone, or the stream is to end. */
  readonly signal: AbortSignal;
  readonly #response: ServerResponse;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(response: ServerResponse, ending: AbortSignal) {
    const gone = new AbortController();
    response.on("close", () => {
      gone.abort();
    });
    this.signal = AbortSignal.any([gone.signal, ending]);
    this.#response = response;
    this.#heartbeat = setInterval(() => {
      if (this.isRead) response.write(": still here\n\n");
    }, HEARTBEAT_MS).unref();
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    response.write("retry: 1000\n\n");
  }

  get isRead(): boolean {
    return !this.#response.writableNeedDrain;
  }

  /** Resolves when the watcher may be given more; false: they are not to be given anything any more. */
  async write(bytes: Buffer): Promise<boolean> {
    return await writePatiently(this.#response, bytes, this.signal);
  }

  /** Something short, for which nobody waits. */
  put(bytes: Buffer): void {
    this.#response.write(bytes);
  }

  /** @param whole all that was given is to arrive; otherwise the connection is cut */
  close(whole = false): void {
    clearInterval(this.#heartbeat);
    if (whole) this.#response.end();
    else this.#response.destroy();
  }
}

/** Resolves when whoever reads may be given more; false: they have gone, took nothing for too long, or it is to end. */
export async function writePatiently(
  response: ServerResponse,
  bytes: Uint8Array,
  ending: AbortSignal,
): Promise<boolean> {
  if (response.write(bytes)) return true;
  try {
    await once(response, "drain", { signal: AbortSignal.any([ending, AbortSignal.timeout(PATIENCE_MS)]) });
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}
