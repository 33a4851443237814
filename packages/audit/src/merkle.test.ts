import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sha256 } from "./key.ts";
import { CompactRange, createTreeHasher, hashPerfect } from "./merkle.ts";

const hasher = createTreeHasher(sha256);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

// The eight leaves and roots that implementations of RFC 6962 are traditionally tested with.
const LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"].map(
  (text) => Buffer.from(text, "hex"),
);
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

describe("RFC 6962 trees", () => {
  test("known roots of 0 to 8 leaves", () => {
    const range = new CompactRange(hasher);
    assert.equal(hex(range.root()), ROOTS[0]);
    for (const [index, leaf] of LEAVES.entries()) {
      range.append(hasher.leaf(leaf));
      assert.equal(hex(range.root()), ROOTS[index + 1], `${String(index + 1)} leaves`);
    }
  });

  test("a leaf and a node of the same bytes have different hashes", () => {
    const [left, right] = [hasher.leaf(Buffer.of(1)), hasher.leaf(Buffer.of(2))];
    const node = hasher.node(left, right);
    assert.notEqual(hex(node), hex(hasher.leaf(Buffer.concat([left, right]))));
    assert.equal(hex(node), hex(sha256(Buffer.concat([Buffer.of(1), left, right]))));
  });

  test("an entry of the largest size is hashed whole", () => {
    const [one, other] = [Buffer.alloc(65_535, 1), Buffer.alloc(65_535, 1)];
    other[65_534] = 2;
    assert.notEqual(hex(hasher.leaf(one)), hex(hasher.leaf(other)));
    assert.equal(hex(hasher.leaf(one)), hex(sha256(Buffer.concat([Buffer.of(0), one]))));
  });

  test("completed subtrees are reported with their roots", () => {
    const range = new CompactRange(hasher);
    const seen: [number, string][] = [];
    const leaves = LEAVES.map((leaf) => hasher.leaf(leaf));
    for (const leaf of leaves) range.append(leaf, (height, hash) => seen.push([height, hex(hash)]));
    assert.deepEqual(
      seen.filter(([height]) => height === 3),
      [[3, ROOTS[8]]],
    );
    assert.equal(hex(hashPerfect(hasher, leaves)), ROOTS[8]);
    assert.equal(seen.length, 15);
  });

  test("a copy does not follow the original", () => {
    const range = new CompactRange(hasher);
    for (const leaf of LEAVES.slice(0, 5)) range.append(hasher.leaf(leaf));
    const copy = range.clone();
    range.append(hasher.leaf(Buffer.of(9)));
    assert.equal(hex(copy.root()), ROOTS[5]);
    assert.equal(copy.size, 5);
  });
});
