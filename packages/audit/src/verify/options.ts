/** What a verification is told. Browser-safe. */
import type { TreeHead } from "../log-types.ts";
import type { Sha256 } from "../merkle.ts";
import type { VerifyEd25519 } from "../note.ts";
import type { Sha256Stream } from "./recording-check.ts";
import type { Examiner } from "./facts.ts";
import type { OtherCheckpoint } from "./other-heads.ts";

export interface Primitives {
  readonly sha256: Sha256;
  readonly createSha256: () => Sha256Stream;
  readonly verifyEd25519: VerifyEd25519;
}

/** Where a run lies in the log. */
export interface RunRange {
  readonly id: string;
  /** Indexes of its first and last entry. */
  readonly first: number;
  readonly last: number;
  /** Index of the entry that says that its personal members were erased; it lies behind `last`. */
  readonly erased?: number | undefined;
}

export interface VerifyOptions {
  /** Whose signature counts: any key of the log, from which its rotations are followed. It must come from a place that whoever could change the log could not change. */
  readonly verifierKey: string;
  /** Only this run, with the entries from `first` to `last`: each of them is then proven, the rest of the log is not read. */
  readonly run?: RunRange;
  /** Heads of this log seen earlier. Without one, or a witness, an older state of the whole log put back shows nowhere. */
  readonly remembered?: readonly TreeHead[];
  /** Signed checkpoints of this log from elsewhere: copies, backups, what a witness or another reader was shown. */
  readonly against?: readonly OtherCheckpoint[];
  /** A checkpoint (signed note) up to which the log was verified before: only entries after it are read. */
  readonly from?: Uint8Array;
  /** Told now and then how many entries were read, of how many. */
  readonly onProgress?: (entries: number, of: number) => void;
  /** Whoever examines full bundles of a log of this size, several at once; undefined where that is not worth it. Default: one after the other, here. */
  readonly openExaminer?: (size: number) => Examiner | undefined;
  /** Only the public part of the record is there: that personal members are missing says nothing then. */
  readonly publicOnly?: boolean;
}
