import type { Arrival, LiveHub } from "../live/hub.ts";
import type { Store } from "../store/open-store.ts";
import type { Holding } from "./batch.ts";

/** Who hands on what has arrived, without reading it again. */
export interface ArrivalFeed extends Pick<LiveHub, "frame"> {
  /** All up to a place is about to be durable; then comes {@link arrived} or {@link lost}. */
  expect(upTo: number): void;
  arrived(arrivals: readonly Arrival[]): void;
  /** What was expected is not durable, or nobody knows. */
  lost(): void;
}

export interface JournalOptions {
  readonly store: Store;
  readonly holding: Holding;
  readonly keys: Awaited<ReturnType<Holding["openHolderKeys"]>>;
  readonly feed: ArrivalFeed;
  readonly now: () => number;
}
