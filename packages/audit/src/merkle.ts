/**
 * The Merkle tree of RFC 6962, section 2.1, as a compact range: only the roots of the perfect subtrees that the leaves
 * so far add up to. Browser-safe: the hash is an argument.
 */

/** SHA-256, synchronous. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

export const HASH_BYTES = 32;

/** The two kinds of hash of the tree. Their prefixes differ, so that no leaf can be passed off as a node (second preimage). */
export interface TreeHasher {
  leaf(data: Uint8Array): Uint8Array;
  node(left: Uint8Array, right: Uint8Array): Uint8Array;
  empty(): Uint8Array;
}

const MAX_SCRATCH = 65_536;

export function createTreeHasher(sha256: Sha256): TreeHasher {
  const leafScratch = new Uint8Array(MAX_SCRATCH);
  const nodeScratch = new Uint8Array(1 + 2 * HASH_BYTES);
  nodeScratch[0] = 1;
  return {
    leaf(data) {
      const input = data.length < MAX_SCRATCH ? leafScratch : new Uint8Array(data.length + 1);
      input.set(data, 1);
      return sha256(input.subarray(0, data.length + 1));
    },
    node(left, right) {
      nodeScratch.set(left, 1);
      nodeScratch.set(right, 1 + HASH_BYTES);
      return sha256(nodeScratch);
    },
    empty: () => sha256(new Uint8Array(0)),
  };
}

/** A growing tree of which only the right edge is kept: at most one hash for each bit of the size. */
export class CompactRange {
  readonly #hasher: TreeHasher;
  /** Largest subtree first; their sizes are the set bits of `size`. */
  readonly #roots: Uint8Array[];
  #size: number;

  /** @param roots of the perfect subtrees for `size`, largest first */
  constructor(hasher: TreeHasher, size = 0, roots: readonly Uint8Array[] = []) {
    this.#hasher = hasher;
    this.#size = size;
    this.#roots = [...roots];
  }

  get size(): number {
    return this.#size;
  }

  /** Of the perfect subtrees, largest first: with the size all that is needed to go on. */
  get roots(): readonly Uint8Array[] {
    return this.#roots;
  }

  /** @param onNode is given every perfect subtree that this leaf completes, from the leaf itself (height 0) upwards */
  append(leaf: Uint8Array, onNode?: (height: number, hash: Uint8Array) => void): void {
    let hash = leaf;
    let height = 0;
    onNode?.(height, hash);
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      const left = this.#roots.pop();
      if (left === undefined) throw new RangeError("a compact range lacks a subtree of its size");
      hash = this.#hasher.node(left, hash);
      height += 1;
      onNode?.(height, hash);
    }
    this.#roots.push(hash);
    this.#size += 1;
  }

  root(): Uint8Array {
    let hash: Uint8Array | undefined;
    for (const left of this.#roots.toReversed()) hash = hash === undefined ? left : this.#hasher.node(left, hash);
    return hash ?? this.#hasher.empty();
  }

  clone(): CompactRange {
    return new CompactRange(this.#hasher, this.#size, this.#roots);
  }
}

/** The root of a perfect subtree: `hashes.length` is a power of two. */
export function hashPerfect(hasher: TreeHasher, hashes: readonly Uint8Array[]): Uint8Array {
  let level = hashes;
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let index = 0; index + 1 < level.length; index += 2) {
      const left = level[index];
      const right = level[index + 1];
      if (left !== undefined && right !== undefined) above.push(hasher.node(left, right));
    }
    level = above;
  }
  const [root] = level;
  if (root === undefined) throw new RangeError("a perfect subtree has at least one leaf");
  return root;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
