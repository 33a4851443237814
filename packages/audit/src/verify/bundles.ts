/** Entry bundles compared with the leaves of the tree. Browser-safe. */
import { equalBytes, type TreeHasher } from "../merkle.ts";
import type { Problems } from "./problems.ts";

export interface BundleCheck {
  /** Index of the first entry that belongs here. */
  readonly base: number;
  readonly width: number;
  readonly isLast: boolean;
  /** What is there. */
  readonly leaves: readonly Uint8Array[];
  /** Bytes that follow the last whole entry. */
  readonly restBytes: number;
  /** What belongs there; undefined when its tile is missing. */
  readonly expected: readonly Uint8Array[] | undefined;
}

interface Mismatch {
  readonly index: number;
  readonly found: string;
  readonly expected: string;
}

/**
 * Finds out what happened to entries whose hashes do not fit. Whether a wrong entry was edited or moved shows only at
 * the end, because it may have been exchanged with one far away.
 */
export class BundleChecker {
  readonly #problems: Problems;
  readonly #mismatches: Mismatch[] = [];

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** @returns for each entry that is there, whether it is the one that belongs there */
  check({ base, width, isLast, leaves, restBytes, expected }: BundleCheck): boolean[] {
    const fits = leaves.map((leaf, offset) => {
      const wanted = expected?.[offset];
      return wanted !== undefined && equalBytes(leaf, wanted);
    });
    if (expected === undefined) {
      this.#problems.add({ kind: "deletion", index: base, detail: "the tile of these entries is missing" });
      return fits;
    }
    const first = fits.indexOf(false);
    if (leaves.length < width) {
      const [index, missing] = [base + (first < 0 ? leaves.length : first), String(width - leaves.length)];
      if (isLast && first < 0)
        this.#problems.add({ kind: "truncation", index, detail: `the last ${missing} entries are missing` });
      else if (restBytes > 0) this.#problems.add({ kind: "edit", index, detail: "the bundle is garbled from here on" });
      else
        this.#problems.add({ kind: "deletion", index, detail: `${missing} of the entries from here on are missing` });
      return fits;
    }
    if (restBytes > 0)
      this.#problems.add({ kind: "edit", index: base, detail: "the bundle goes on after its last entry" });
    for (const [offset, fit] of fits.entries()) {
      const [found, wanted] = [leaves[offset], expected[offset]];
      if (fit || found === undefined || this.#mismatches.length >= MOST_MISMATCHES) continue;
      this.#mismatches.push({ index: base + offset, found: keyOf(found), expected: wanted ? keyOf(wanted) : "" });
    }
    return fits;
  }

  finish(): void {
    const expected = new Set(this.#mismatches.map((mismatch) => mismatch.expected));
    for (const { index, found } of this.#mismatches) {
      if (expected.has(found)) {
        this.#problems.add({ kind: "reordering", index, detail: "the entry belongs to another place in the log" });
      } else {
        this.#problems.add({ kind: "edit", index, detail: "the entry is not the one that was recorded" });
      }
    }
  }
}

const MOST_MISMATCHES = 10_000;

function keyOf(hash: Uint8Array): string {
  return String.fromCharCode(...hash);
}

export function leavesOf(hasher: TreeHasher, entries: readonly Uint8Array[]): Uint8Array[] {
  return entries.map((entry) => hasher.leaf(entry));
}
