/** What is wrong with a record. Browser-safe. */

export type ProblemKind =
  /** An entry, a tile, personal members or a kept file are not what the signed tree commits to. */
  | "edit"
  /** Something in the middle is missing, or personal members that no entry of the log says were erased. */
  | "deletion"
  /** The end is missing: entries that the checkpoint covers. */
  | "truncation"
  /** An older state of the whole log was put back: somebody remembers a later checkpoint. */
  | "rollback"
  /** The log's key signed two histories: another checkpoint of the log is neither before nor after this one. */
  | "fork"
  /** An entry stands where the tree has another, and belongs elsewhere. */
  | "reordering"
  /** The checkpoint is missing, malformed or signed by no key that the log's rotations lead to, or the whole does not hash to what was signed. */
  | "signature"
  /** A run's story has a hole: no beginning, the end of something that never began, a predecessor that is not in the log. */
  | "gap"
  /** An entry is not an event of a known version. */
  | "schema";

export interface Problem {
  readonly kind: ProblemKind;
  /** 0-based index of the entry, or of the first one concerned. */
  readonly index?: number;
  readonly run?: string;
  /** One line; holds nothing that came out of an entry but numbers and digests. */
  readonly detail: string;
}

const MOST_PROBLEMS = 1_000;

/** Collects problems; bounded, because a damaged log may have one per entry. */
export class Problems {
  readonly #list: Problem[] = [];
  #count = 0;

  add(problem: Problem): void {
    this.#count += 1;
    if (this.#list.length < MOST_PROBLEMS) this.#list.push(problem);
  }

  get list(): readonly Problem[] {
    return this.#list;
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count >= MOST_PROBLEMS;
  }
}
