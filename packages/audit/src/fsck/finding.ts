export type FindingKind =
  /** Nobody needs it: what a crash or a newer checkpoint left behind. */
  | "leftover"
  /** Not what the signed tree commits to. */
  | "damaged"
  /** Gone, though the checkpoint covers it. */
  | "missing";

export interface Finding {
  readonly kind: FindingKind;
  /** Within the record's directory. */
  readonly path: string;
  /** One line. */
  readonly detail: string;
  /** Whether `repair` can put it right from what is proven, or may remove it. */
  readonly repairable: boolean;
}
