import type { Kind } from "../facts.ts";

/** One requirement of a framework, what in the record speaks to it, and what of it a record of runs cannot show. */
export interface Control {
  /** As the framework numbers it. */
  readonly id: string;
  /** What it is about, in our words: the framework's own text is its publisher's. */
  readonly about: string;
  /** Kinds of entries that are evidence for it. `integrity`: that the record verifies. */
  readonly evidence: readonly (Kind | "integrity")[];
  /** How Bailiwick works towards it, in a sentence that the evidence bears out. */
  readonly shows: string;
  /** What an auditor needs from elsewhere. */
  readonly notShown: string;
}

export interface Framework {
  readonly name: string;
  /** Which edition the numbers are of. */
  readonly edition: string;
  /** What holds for all of it. */
  readonly note: string;
  readonly controls: readonly Control[];
}
