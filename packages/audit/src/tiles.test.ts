import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeBundle, decodeTile, partialTiles, tilePath } from "./tiles.ts";

describe("paths of tiles", () => {
  const paths: [Parameters<typeof tilePath>[0], string][] = [
    [{ kind: 0, index: 0, width: 256 }, "tile/0/000"],
    [{ kind: 0, index: 999, width: 256 }, "tile/0/999"],
    [{ kind: 0, index: 1000, width: 256 }, "tile/0/x001/000"],
    [{ kind: 3, index: 1234067, width: 8 }, "tile/3/x001/x234/067.p/8"],
    [{ kind: "entries", index: 1000000, width: 1 }, "tile/entries/x001/x000/000.p/1"],
  ];
  for (const [name, path] of paths) test(path, () => assert.equal(tilePath(name), path));
});

test("the partial tiles of a tree, as in the example of the specification", () => {
  // 70,000 leaves: 273 full tiles and 112 hashes; 1 full tile of those and 17 hashes; 1 hash above.
  assert.deepEqual(partialTiles(70_000).map(tilePath), [
    "tile/0/273.p/112",
    "tile/entries/273.p/112",
    "tile/1/001.p/17",
    "tile/2/000.p/1",
  ]);
  assert.deepEqual(partialTiles(0), []);
  assert.deepEqual(partialTiles(256).map(tilePath), ["tile/1/000.p/1"]);
});

describe("bundles", () => {
  const bundle = Buffer.from("0003616263000000014a", "hex");
  test("entries of any length, also empty", () => {
    assert.deepEqual(
      decodeBundle(bundle, 256).map((entry) => Buffer.from(entry).toString()),
      ["abc", "", "J"],
    );
  });
  test("no more than asked for", () => {
    assert.equal(decodeBundle(bundle, 2).length, 2);
  });
  test("a bundle that breaks off gives what is whole", () => {
    for (let length = 0; length < bundle.length; length++) {
      const entries = decodeBundle(bundle.subarray(0, length), 256);
      assert.equal(entries.length, length >= 7 ? 2 : length >= 5 ? 1 : 0);
    }
  });
});

test("a tile that is too short has no hashes", () => {
  assert.equal(decodeTile(Buffer.alloc(63), 2), undefined);
  assert.equal(decodeTile(Buffer.alloc(64), 2)?.length, 2);
});
