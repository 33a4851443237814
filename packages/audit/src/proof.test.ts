import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "./key.ts";
import { createTreeHasher } from "./merkle.ts";
import { isConsistent, isIncluded, proveConsistency, proveInclusion } from "./proof.ts";
import { storedTree } from "./stored.ts";

const hasher = createTreeHasher(sha256);
const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"].map(
  (text) => hasher.leaf(Buffer.from(text, "hex")),
);
const tree = (size: number) => storedTree(hasher, size, () => Promise.resolve(Buffer.concat(leaves)));
const hex = (path: readonly Uint8Array[]): string[] => path.map((hash) => Buffer.from(hash).toString("hex"));
const bytes = (text: string): Uint8Array => Buffer.from(text, "hex");

const ROOT = {
  3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

test("known inclusion proofs", async () => {
  const known: [index: number, size: 3 | 8, path: string[]][] = [
    [
      0,
      8,
      [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
      ],
    ],
    [
      5,
      8,
      [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      ],
    ],
    [2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]],
  ];
  for (const [index, size, path] of known) {
    assert.deepEqual(hex(await proveInclusion(tree(size), index, size)), path);
    const leaf = leaves[index] ?? new Uint8Array(0);
    assert.ok(isIncluded(hasher, { index, size, leaf, root: bytes(ROOT[size]) }, path.map(bytes)));
  }
});

test("known consistency proofs", async () => {
  const path = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  ];
  assert.deepEqual(hex(await proveConsistency(tree(8), 6, 8)), path);
  const claim = { older: 6, olderRoot: bytes(ROOT[6]), newer: 8, newerRoot: bytes(ROOT[8]) };
  assert.ok(isConsistent(hasher, claim, path.map(bytes)));
  assert.ok(!isConsistent(hasher, { ...claim, older: 5 }, path.map(bytes)));
});
