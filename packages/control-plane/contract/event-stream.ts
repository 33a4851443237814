/** Server-sent events as a client follows them. Browsers load it too: it needs nothing of Node. */
import { ServerError } from "./errors.ts";

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** The stream stands, or stands no longer. */
  readonly onStanding?: (stands: boolean) => void;
}

export interface StreamedEvent {
  /** `message` where the event does not say. */
  readonly type: string;
  readonly id: string;
  readonly data: string;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Events, those that came together together, until the signal aborts. A connection that is lost is made again, and goes on after the last event
 * that came.
 * @param open opens the stream after the event of this id, with the header that says so
 * @throws ServerError what the server refuses; not that it can't be reached
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function* followEvents(
  open: (headers: Readonly<Record<string, string>>) => Promise<Response>,
  { signal, onStanding = () => undefined }: FollowOptions,
): AsyncGenerator<readonly StreamedEvent[]> {
  let last = "0";
  for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted;) {
    try {
      const { body } = await open({ "last-event-id": last });
      if (body === null) continue;
      onStanding(true);
      for await (const lines of linesOf(body)) {
        const events = eventsIn(lines);
        last = events.findLast(({ id }) => id !== "")?.id ?? last;
        if (events.length > 0) pauseMs = FIRST_PAUSE_MS;
        yield events;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ServerError && error.code !== "SERVER_UNREACHABLE" && error.code !== "SERVER_STORE_FAILED")
        throw error;
      if (!(error instanceof Error)) throw error;
    }
    onStanding(false);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

/** The server writes `event` and `id` before `data`, of which each event has one line. */
function eventsIn(lines: readonly string[]): StreamedEvent[] {
  const events: StreamedEvent[] = [];
  let [type, id] = ["message", ""];
  for (const line of lines) {
    if (line.startsWith("event: ")) type = line.slice("event: ".length);
    else if (line.startsWith("id: ")) id = line.slice("id: ".length);
    else if (line.startsWith("data: ")) {
      events.push({ type, id, data: line.slice("data: ".length) });
      [type, id] = ["message", ""];
    }
  }
  return events;
}

/** Lines of whole events: what follows the last blank line waits for the rest. */
async function* linesOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<readonly string[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const text = rest + decoder.decode(read.value, { stream: true });
      const end = text.lastIndexOf("\n\n") + 1;
      rest = text.slice(end);
      yield text.slice(0, end).split("\n");
    }
  } finally {
    await reader.cancel();
  }
}
