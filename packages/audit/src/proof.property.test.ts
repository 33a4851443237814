import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { sha256 } from "./key.ts";
import { CompactRange, createTreeHasher, equalBytes } from "./merkle.ts";
import { isConsistent, isIncluded, proveConsistency, proveInclusion, rootAt, type StoredTree } from "./proof.ts";
import { storedTree } from "./stored.ts";
import { emptyTail, extendTail, readTail } from "./tail.ts";
import { tilePath } from "./tiles.ts";

const hasher = createTreeHasher(sha256);
const MOST = 70_000;

/** A tree of as many leaves as any property asks for, in tiles as a writer would leave them, and its root at each size. */
function makeTree(): { tree: (size: number) => StoredTree; roots: Uint8Array[]; leaves: Uint8Array[] } {
  const files = new Map<string, Uint8Array>();
  const roots: Uint8Array[] = [new CompactRange(hasher).root()];
  const range = new CompactRange(hasher);
  const entries = Array.from({ length: MOST }, (_, index) => Buffer.from(String(index)));
  for (const entry of entries) {
    range.append(hasher.leaf(entry));
    roots.push(range.root());
  }
  for (const file of extendTail(hasher, emptyTail(hasher), entries).files) files.set(file.path, file.bytes);
  // A tree of another size sees the same full tiles, and its partial ones as the beginning of wider ones.
  const wider = (path: string): Uint8Array | undefined => {
    const [full = ""] = path.split(".p/");
    return files.get(path) ?? files.get(full) ?? [...files].find(([name]) => name.startsWith(`${full}.p/`))?.[1];
  };
  return {
    tree: (size) => storedTree(hasher, size, (name) => Promise.resolve(wider(tilePath(name)))),
    roots,
    leaves: entries.map((entry) => hasher.leaf(entry)),
  };
}

const { tree, roots, leaves } = makeTree();
const sizes = fc.oneof(
  fc.integer({ min: 1, max: 600 }),
  fc.integer({ min: 65_000, max: 66_500 }),
  fc.integer({ min: 1, max: MOST }),
);
const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index];
  if (item === undefined) throw new RangeError(`nothing at ${String(index)}`);
  return item;
};
const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3] = at([...copy], bit >> 3) ^ (1 << (bit & 7));
  return copy;
};

describe("proofs from tiles", () => {
  test("the root of every earlier size", async () => {
    await fc.assert(
      fc.asyncProperty(sizes, sizes, async (a, b) => {
        const [older, newer] = [Math.min(a, b), Math.max(a, b)];
        assert.ok(equalBytes(await rootAt(tree(newer), older), at(roots, older)));
      }),
    );
  });

  test("every leaf is included, and no other leaf, index, size or path", async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), fc.nat({ max: 255 }), fc.nat(), async (size, seed, bit, which) => {
        const index = seed % size;
        const path = await proveInclusion(tree(size), index, size);
        const claim = { index, size, leaf: at(leaves, index), root: at(roots, size) };
        assert.ok(isIncluded(hasher, claim, path));
        assert.ok(!isIncluded(hasher, { ...claim, leaf: flip(claim.leaf, bit) }, path));
        assert.ok(!isIncluded(hasher, { ...claim, root: flip(claim.root, bit) }, path));
        assert.ok(!isIncluded(hasher, { ...claim, index: index + 1 }, path));
        assert.ok(!isIncluded(hasher, claim, [...path, claim.leaf]));
        if (path.length === 0) return;
        const spoilt = path.with(which % path.length, flip(at(path, which % path.length), bit));
        assert.ok(!isIncluded(hasher, claim, spoilt));
        assert.ok(!isIncluded(hasher, claim, path.slice(1)));
      }),
    );
  });

  test("every earlier tree is a prefix, and no other tree", async () => {
    await fc.assert(
      fc.asyncProperty(sizes, sizes, fc.nat({ max: 255 }), fc.nat(), async (a, b, bit, which) => {
        const [older, newer] = [Math.min(a, b), Math.max(a, b)];
        const path = await proveConsistency(tree(newer), older, newer);
        const claim = { older, olderRoot: at(roots, older), newer, newerRoot: at(roots, newer) };
        assert.ok(isConsistent(hasher, claim, path));
        assert.ok(!isConsistent(hasher, { ...claim, olderRoot: flip(claim.olderRoot, bit) }, path));
        assert.ok(!isConsistent(hasher, { ...claim, newerRoot: flip(claim.newerRoot, bit) }, path));
        if (path.length === 0) return;
        const spoilt = path.with(which % path.length, flip(at(path, which % path.length), bit));
        assert.ok(!isConsistent(hasher, claim, spoilt));
      }),
    );
  });

  test("sizes that make no sense are refused", async () => {
    const leaf = at(leaves, 0);
    await assert.rejects(proveInclusion(tree(5), 5, 5), RangeError);
    await assert.rejects(proveConsistency(tree(5), 6, 5), RangeError);
    await assert.rejects(proveConsistency(tree(5), 0, 5), RangeError);
    assert.ok(!isIncluded(hasher, { index: -1, size: 1, leaf, root: leaf }, []));
    assert.ok(!isConsistent(hasher, { older: 0, olderRoot: leaf, newer: 2, newerRoot: leaf }, [leaf]));
    assert.ok(!isConsistent(hasher, { older: 3, olderRoot: leaf, newer: 5, newerRoot: leaf }, []));
  });
});

describe("the right edge", () => {
  test("batches of any sizes leave the same files as one, and the tail reads back", () => {
    const batches = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(batches, (lengths) => {
        const total = lengths.reduce((sum, length) => sum + length, 0);
        const entries = Array.from({ length: total }, (_, index) => Buffer.from(`entry ${String(index)}`));
        const files = new Map<string, Uint8Array>();
        let tail = emptyTail(hasher);
        let from = 0;
        for (const length of lengths) {
          const extension = extendTail(hasher, tail, entries.slice(from, from + length));
          for (const { path, bytes } of extension.files) {
            assert.ok(!files.has(path), `${path} was covered already`);
            files.set(path, bytes);
          }
          tail = extension.tail;
          from += length;
        }
        for (const { path, bytes } of extendTail(hasher, emptyTail(hasher), entries).files) {
          assert.deepEqual(Buffer.from(files.get(path) ?? []), Buffer.from(bytes), path);
        }
        const head = { size: total, root: tail.range.root() };
        const again = readTail(hasher, head, (path) => files.get(path));
        assert.ok(!("damaged" in again));
        assert.deepEqual(
          again.tiles.map((tile) => tile.length),
          tail.tiles.map((tile) => tile.length),
        );
        assert.ok(equalBytes(again.range.root(), head.root));
      }),
      { numRuns: 30 },
    );
  });
});
