import type { Continuation, HeldLog, loadHolding } from "@bailiwick/audit";
import { ServerError } from "../../contract/errors.ts";

export type Holding = Awaited<ReturnType<typeof loadHolding>>;
/** A tile of a log, or a bundle of its entries. */
export type TileName = Parameters<Holding["tilePath"]>[0];

/** What a host sent: entries, and for each its salt and personal members where it has some. */
export interface Batch extends Continuation {
  readonly host: string;
  readonly records: readonly (Uint8Array | undefined)[];
  /** That its checkpoint is signed, as far as that was found out while others were written. */
  readonly ahead: Awaited<ReturnType<Holding["checkAhead"]>>;
}

/** Entries that are held already, from an index on, to be compared with what came. */
export type ReadHeld = (from: number, to: number) => Promise<readonly Uint8Array[]>;

export type Checked =
  | {
      readonly held: HeldLog;
      readonly root: Uint8Array;
      readonly whole: Awaited<ReturnType<Holding["continueLog"]>> extends infer T
        ? T extends { readonly whole: infer W }
          ? W
          : never
        : never;
      /** What is new, from `first` on. */
      readonly first: number;
      readonly entries: readonly Uint8Array[];
      readonly records: readonly (Uint8Array | undefined)[];
    }
  | { readonly refusal: ServerError; readonly fault: string | undefined };

/** Checks a batch against what is held of the host's record. `fault`: it is evidence against the record. */
export async function checkBatch(holding: Holding, held: HeldLog, batch: Batch, readHeld: ReadHeld): Promise<Checked> {
  const continued = await holding.continueLog(held, batch, batch.ahead);
  if ("fault" in continued) return refuse(continued.fault, held.size);
  const known = batch.entries.length - continued.entries.length;
  if (known > 0) {
    const kept = await readHeld(batch.from, batch.from + known);
    const same = kept.length === known && kept.every((entry, index) => isSame(holding, entry, batch.entries[index]));
    if (!same) return refuse("forked", held.size);
  }
  return { ...continued, first: batch.from + known, records: batch.records.slice(known) };
}

function isSame(holding: Holding, a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && holding.equalBytes(a, b);
}

function refuse(fault: "gap" | "malformed" | "signature" | "forked", size: number): Checked {
  switch (fault) {
    case "gap":
      return {
        fault: undefined,
        refusal: new ServerError("SERVER_LOG_GAP", `the server holds ${String(size)} entries of this record`, {
          remedy: "send those that follow",
        }),
      };
    case "malformed":
      return {
        fault: undefined,
        refusal: new ServerError("SERVER_MALFORMED", "the checkpoint does not cover the entries"),
      };
    case "signature":
      return {
        fault,
        refusal: new ServerError("SERVER_LOG_REFUSED", "the checkpoint is not signed by the key of this record", {
          remedy: "if the record was made anew, enrol the host again",
        }),
      };
    case "forked":
      return {
        fault,
        refusal: new ServerError(
          "SERVER_LOG_REFUSED",
          "the record is not the one that the server holds: it was rewritten, or an older state of it was put back",
          { remedy: "keep the state directory as evidence, and tell your security team" },
        ),
      };
  }
}
