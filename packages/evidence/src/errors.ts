import { BailiwickError } from "@bailiwick/base";

export type EvidenceErrorCode =
  /** No run of the record is in the period. */
  | "EVIDENCE_NOTHING"
  /** The file is no archive of evidence. */
  | "EVIDENCE_NO_ARCHIVE";

export class EvidenceError extends BailiwickError<EvidenceErrorCode> {
  override readonly name = "EvidenceError";
}
