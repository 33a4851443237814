import type { Source } from "../source.ts";

/** What became of a batch. A refusal is a value: what to do about it is decided in one place, deliver.ts. */
export type Outcome =
  | { readonly taken: true; readonly note?: string }
  | {
      readonly taken: false;
      /** `later`: as it is, at another time. `smaller`: not so much at once. `never`: not as it is. */
      readonly again: "later" | "smaller" | "never";
      readonly reason: string;
      /** The receiver asked for at least that long. */
      readonly afterMs?: number | undefined;
    };

/** Records of consecutive events, with what names the batch. */
export interface Batch<R> {
  readonly records: readonly R[];
  readonly log: string;
  /** Indexes of the first and last event. */
  readonly first: number;
  readonly last: number;
}

/** Where records go, and what they look like there. */
export interface Receiver<R> {
  /** The same source gives the same records. */
  render(source: Source): readonly R[];
  sizeOf(record: R): number;
  /** Resolves once the receiver has all of the batch, or has not: then any part of it may come again. */
  send(batch: Batch<R>, signal: AbortSignal): Promise<Outcome>;
}
