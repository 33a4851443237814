import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { createTreeHasher } from "./merkle.ts";
import { emptyTail, extendTail } from "./tail.ts";

test("hashes that wait for their tile to be full keep nothing else in memory, wherever their digests lay", () => {
  const hasher = createTreeHasher((bytes) => {
    const pool = Buffer.alloc(65_536);
    pool.set(createHash("sha256").update(bytes).digest());
    return pool.subarray(0, 32);
  });
  const entries = Array.from({ length: 3 * 256 + 7 }, (_, index) => Uint8Array.of(index & 0xff));
  const { tail } = extendTail(hasher, emptyTail(hasher), entries);
  assert.deepEqual(
    tail.tiles.map((tile) => tile.map(({ buffer }) => buffer.byteLength)),
    [Array(7).fill(32), Array(3).fill(32)],
  );
});
