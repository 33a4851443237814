/** A run's events as the server streams them. Browsers load it too: it needs nothing of Node. */
import type { Event } from "@bailiwick/audit";
import type { Client } from "./client.ts";
import { followEvents, type FollowOptions, type StreamedEvent } from "./event-stream.ts";

export type { FollowOptions };

/** An event at its place in the order of arrival. */
export interface SeenEvent {
  readonly seq: number;
  readonly event: Event;
}

/**
 * A run's events from its first, those that came together together, and then as they arrive. A connection that is lost is made again, and
 * goes on after the last event that came.
 * @throws ServerError what the server refuses; not that it can't be reached
 */
export async function* followRun(
  client: Client,
  run: string,
  options: FollowOptions,
): AsyncGenerator<readonly SeenEvent[]> {
  const { signal } = options;
  const several = followEvents((headers) => client.open("watchRun", { params: { run } }, { signal, headers }), options);
  for await (const events of several) yield events.map(seenIn).filter(isKnown);
}

/** The same from pages of `readRun`, to their end: for who may read and not watch. */
export async function readSeen(
  client: Client,
  run: string,
  {
    after,
    limit,
    signal,
  }: { readonly after: number | undefined; readonly limit: number; readonly signal?: AbortSignal },
): Promise<{ readonly seen: readonly SeenEvent[]; readonly next?: number }> {
  const query = { limit, ...(after !== undefined && { after }) };
  const { items, next } = await client.call("readRun", { params: { run }, query }, signal && { signal });
  // Checked by the server against the schema of events before it took them.
  const seen = items.map(({ seq, event }) => ({ seq, event: event as Event | undefined })); // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- see above
  return { seen: seen.filter(isKnown), ...(next !== undefined && { next }) };
}

interface Arrived {
  readonly seq: number;
  /** Absent when the server does not know its type. */
  readonly event?: Event | undefined;
}

function seenIn({ data }: StreamedEvent): Arrived {
  // Checked by the server against the schema of events before it took them.
  return JSON.parse(data) as Arrived; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- see above
}

function isKnown(arrived: Arrived): arrived is SeenEvent {
  return arrived.event !== undefined;
}
