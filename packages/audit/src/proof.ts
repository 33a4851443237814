/**
 * Inclusion and consistency proofs of RFC 6962, section 2.1.1 and 2.1.2, made from tiles and checked as RFC 9162,
 * sections 2.1.3.2 and 2.1.4.2, say. Browser-safe.
 */
import { equalBytes, HASH_BYTES, hashPerfect, type TreeHasher } from "./merkle.ts";
import { TILE_WIDTH } from "./tiles.ts";

/** Gives hashes `from` (inclusive) to `to` of a level; both lie in one tile. Throws when they are not there. */
export type HashReader = (level: number, from: number, to: number) => Promise<readonly Uint8Array[]>;

export interface StoredTree {
  readonly hasher: TreeHasher;
  readonly read: HashReader;
}

/** @param size of the tree; 0 <= index < size */
export async function proveInclusion(tree: StoredTree, index: number, size: number): Promise<Uint8Array[]> {
  if (!(index >= 0 && index < size)) throw new RangeError("an inclusion proof needs an index within the tree");
  const path: Uint8Array[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      path.unshift(await rangeRoot(tree, middle, to));
      to = middle;
    } else {
      path.unshift(await rangeRoot(tree, from, middle));
      from = middle;
    }
  }
  return path;
}

/** @param older 0 < older <= newer */
export async function proveConsistency(tree: StoredTree, older: number, newer: number): Promise<Uint8Array[]> {
  if (!(older > 0 && older <= newer)) throw new RangeError("a consistency proof needs two sizes in order");
  const path: Uint8Array[] = [];
  let from = 0;
  let to = newer;
  while (older !== to) {
    const middle = from + splitOf(to - from);
    if (older <= middle) {
      path.unshift(await rangeRoot(tree, middle, to));
      to = middle;
    } else {
      path.unshift(await rangeRoot(tree, from, middle));
      from = middle;
    }
  }
  if (from > 0) path.unshift(await rangeRoot(tree, from, to));
  return path;
}

/** The root that the tree had when it held `size` leaves. */
export async function rootAt(tree: StoredTree, size: number): Promise<Uint8Array> {
  return size === 0 ? tree.hasher.empty() : await rangeRoot(tree, 0, size);
}

export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leaf: Uint8Array;
  readonly root: Uint8Array;
}

export function isIncluded(hasher: TreeHasher, claim: InclusionClaim, path: readonly Uint8Array[]): boolean {
  if (!(claim.index >= 0 && claim.index < claim.size) || !areHashes(claim.leaf, claim.root)) return false;
  let position = claim.index;
  let last = claim.size - 1;
  let hash = claim.leaf;
  for (const sibling of path) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      hash = hasher.node(sibling, hash);
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)];
    } else {
      hash = hasher.node(hash, sibling);
    }
    [position, last] = [half(position), half(last)];
  }
  return last === 0 && equalBytes(hash, claim.root);
}

export interface ConsistencyClaim {
  readonly older: number;
  readonly olderRoot: Uint8Array;
  readonly newer: number;
  readonly newerRoot: Uint8Array;
}

export function isConsistent(hasher: TreeHasher, claim: ConsistencyClaim, path: readonly Uint8Array[]): boolean {
  const { older, olderRoot, newer, newerRoot } = claim;
  if (!areHashes(olderRoot, newerRoot)) return false;
  if (older === newer) return path.length === 0 && equalBytes(olderRoot, newerRoot);
  if (!(older > 0 && older < newer)) return false;
  const hashes = isPowerOfTwo(older) ? [olderRoot, ...path] : [...path];
  const start = hashes.shift();
  if (start === undefined) return false;
  let [position, last] = [older - 1, newer - 1];
  while (position % 2 === 1) [position, last] = [half(position), half(last)];
  let [old, now] = [start, start];
  for (const sibling of hashes) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      old = hasher.node(sibling, old);
      now = hasher.node(sibling, now);
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)];
    } else {
      now = hasher.node(now, sibling);
    }
    [position, last] = [half(position), half(last)];
  }
  return last === 0 && equalBytes(old, olderRoot) && equalBytes(now, newerRoot);
}

/** The root of leaves `from` to `to`, where `from` is a multiple of the largest power of two that is less than their number. */
async function rangeRoot(tree: StoredTree, from: number, to: number): Promise<Uint8Array> {
  const width = to - from;
  if (isPowerOfTwo(width)) return await subtreeRoot(tree, from, width);
  const middle = from + splitOf(width);
  return tree.hasher.node(await subtreeRoot(tree, from, middle - from), await rangeRoot(tree, middle, to));
}

/** A perfect subtree, from the highest level of tiles that holds it in one tile. */
async function subtreeRoot(tree: StoredTree, from: number, width: number): Promise<Uint8Array> {
  let level = 0;
  let leavesPerHash = 1;
  while (leavesPerHash * TILE_WIDTH <= width) {
    level += 1;
    leavesPerHash *= TILE_WIDTH;
  }
  return hashPerfect(tree.hasher, await tree.read(level, from / leavesPerHash, (from + width) / leavesPerHash));
}

/** Of two things that are none, one could be taken for the other. */
function areHashes(...hashes: readonly Uint8Array[]): boolean {
  return hashes.every(({ length }) => length === HASH_BYTES);
}

/** The largest power of two less than `width`, for `width` of at least 2. */
function splitOf(width: number): number {
  let split = 1;
  while (split * 2 < width) split *= 2;
  return split;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}

function half(value: number): number {
  return Math.floor(value / 2);
}
