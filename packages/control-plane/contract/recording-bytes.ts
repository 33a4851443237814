/** The recording of a run's terminal as the server has it. Browsers load it too: it needs nothing of Node. */
import type { Client } from "./client.ts";
import { followEvents, type FollowOptions } from "./event-stream.ts";

/** Bytes that follow those before. `over`: there are no more, nor will there be. */
export type RecordedBytes = { readonly bytes: Uint8Array } | { readonly over: true };

/**
 * The recording as it grows, from its beginning to its end.
 * @throws ServerError what the server refuses
 */
export async function* followRecording(
  client: Client,
  run: string,
  options: FollowOptions,
): AsyncGenerator<RecordedBytes> {
  const { signal } = options;
  const events = followEvents(
    (headers) => client.open("watchRecording", { params: { run } }, { signal, headers }),
    options,
  );
  for await (const several of events) {
    for (const { type, data } of several) {
      if (type === "end") {
        yield { over: true };
        return;
      }
      if (type === "message") yield { bytes: Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)) };
    }
  }
}
