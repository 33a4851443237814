/** Where evidence is read from: the record of one host, by whoever has it. */
import type { LoggedEvent, RunSummary, Verification } from "@bailiwick/audit";

export interface EvidenceLog {
  /** Whose it is, where an archive has those of several hosts. */
  readonly host: string | undefined;
  /** Its verifier key. */
  readonly key: string;
  /** A signed note, by which its entries are proven. */
  readonly checkpoint: Uint8Array;
  /** In the order of their beginnings. */
  readonly runs: readonly EvidenceRun[];
  /** What the log says of itself in the period: changes of its key. */
  readRotations(): AsyncIterable<LoggedEvent>;
  /** A proof file; undefined where it can't be proven, which is one of the problems then. */
  prove(index: number): Promise<Uint8Array | undefined>;
  /** Of what was read of it: to be asked when that is all. */
  verification(): Verification;
}

export interface EvidenceRun {
  readonly run: string;
  read(): AsyncIterable<LoggedEvent>;
  /** Of what was read. */
  summary(): RunSummary;
  /** What its terminal showed, as far as the record has a digest of that; undefined where the archive is to have none. */
  readonly recording: (() => AsyncIterable<Uint8Array>) | undefined;
}
