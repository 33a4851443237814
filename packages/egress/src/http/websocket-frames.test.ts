import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { WebSocketFrames } from "./websocket-frames.ts";

/** One frame as a client writes it (RFC 6455, section 5.2). */
function frame(payload: Uint8Array, mask: Uint8Array | undefined): Buffer {
  const size = payload.length;
  const bit = mask === undefined ? 0 : 0x80;
  const length =
    size < 126
      ? Buffer.from([bit | size])
      : size < 65_536
        ? Buffer.from([bit | 126, size >> 8, size & 255])
        : Buffer.alloc(9);
  if (size >= 65_536) {
    length[0] = bit | 127;
    length.writeBigUInt64BE(BigInt(size), 1);
  }
  const sent = payload.map((byte, index) => byte ^ (mask?.[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x82]), length, mask ?? Buffer.alloc(0), sent]);
}

const frames = fc.array(
  fc.tuple(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 65_530, max: 65_545 }).map((size) => new Uint8Array(size).fill(7)),
    ),
    fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 }), { nil: undefined }),
  ),
  { maxLength: 5 },
);

test("frames of every length, masked or not, cut anywhere: the payloads come out", () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(70_000), { maxLength: 12 }), (list, cuts) => {
      const bytes = Buffer.concat(list.map(([payload, mask]) => frame(payload, mask)));
      const reader = new WebSocketFrames();
      const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      const read = at.slice(1).flatMap((end, index) => reader.take(bytes.subarray(at[index], end)));
      assert.equal(reader.broken, undefined);
      assert.ok(
        Buffer.concat(read.map((piece) => piece.bytes)).equals(Buffer.concat(list.map(([payload]) => payload))),
      );
      assert.equal(read.filter(({ isEnd }) => isEnd).length, list.length);
    }),
  );
});

/** A short frame, unmasked. */
const short = (first: number, text: string): Buffer =>
  Buffer.concat([Buffer.from([first, text.length]), Buffer.from(text)]);

test("a message in frames is one, with pings between them apart", () => {
  const frames = [short(0x01, "gh"), short(0x89, "ping"), short(0x00, "p_"), short(0x80, "x"), short(0x82, "b")];
  const pieces = new WebSocketFrames().take(Buffer.concat(frames));
  assert.deepEqual(
    pieces.map(({ kind, bytes, isEnd }) => [kind, bytes.toString(), isEnd]),
    [
      ["text", "gh", false],
      ["control", "ping", true],
      ["text", "p_", false],
      ["text", "x", true],
      ["binary", "b", true],
    ],
  );
});

for (const [what, frames] of [
  ["a frame of an extension", [short(0xc1, "x")]],
  ["a control frame in parts", [short(0x09, "x")]],
  ["a frame of no known kind", [short(0x83, "x")]],
  ["a frame that continues nothing", [short(0x80, "x")]],
  ["a message within a message", [short(0x01, "x"), short(0x81, "y")]],
] as const) {
  test(`${what} is broken, and nothing after it is read`, () => {
    const reader = new WebSocketFrames();
    const read = reader.take(Buffer.concat([...frames, short(0x81, "later")]));
    assert.ok(reader.broken?.startsWith(what), reader.broken);
    assert.ok(!read.some(({ bytes }) => bytes.toString() === "later"));
    assert.deepEqual(reader.take(short(0x81, "later")), []);
  });
}
