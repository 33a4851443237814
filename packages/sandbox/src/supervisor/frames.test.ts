import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { frame, FRAME_MAX, FrameError, FrameReader, PayloadReader } from "./frames.ts";

function collect(reader: FrameReader, ...chunks: readonly Buffer[]): [number, string][] {
  const got: [number, string][] = [];
  for (const chunk of chunks) reader.push(chunk, (type, payload) => got.push([type, payload.toString("latin1")]));
  return got;
}

describe("FrameReader", () => {
  test("takes several frames of one chunk, and an empty payload", () => {
    const bytes = Buffer.concat([
      frame(7, Buffer.from("abc")),
      frame(8),
      frame(9, Buffer.from("d"), Buffer.from("ef")),
    ]);
    assert.deepEqual(collect(new FrameReader(), bytes), [
      [7, "abc"],
      [8, ""],
      [9, "def"],
    ]);
  });

  test("does not care where chunks end", () => {
    const bytes = Buffer.concat([frame(7, Buffer.from("abc")), frame(8), frame(9, Buffer.alloc(300, "x"))]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const got = collect(new FrameReader(), bytes.subarray(0, cut), bytes.subarray(cut));
      assert.deepEqual(
        got.map(([type]) => type),
        [7, 8, 9],
      );
    }
  });

  test("refuses lengths of 0 and beyond the limit before it keeps anything", () => {
    for (const length of [0, FRAME_MAX + 1, 0xffff_ffff]) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(length);
      assert.throws(() => collect(new FrameReader(), bytes), FrameError);
      assert.throws(() => collect(new FrameReader(), bytes.subarray(0, 2), bytes.subarray(2)), FrameError);
    }
  });
});

describe("PayloadReader", () => {
  test("never reads past the end", () => {
    for (const read of ["u8", "u32", "i32", "u64", "id", "time", "str"] as const) {
      assert.throws(() => new PayloadReader(Buffer.alloc(0))[read](), FrameError);
    }
    assert.throws(() => new PayloadReader(Buffer.from("ffffff7f61", "hex")).str(), FrameError);
  });

  test("a list cannot be longer than its frame", () => {
    const reader = new PayloadReader(Buffer.from("ffffffff00000000", "hex"));
    assert.throws(() => reader.list(4, () => reader.str()), FrameError);
  });

  test("ids that a number cannot hold are refused", () => {
    assert.equal(new PayloadReader(Buffer.from("ffffffffffff1f00", "hex")).id(), Number.MAX_SAFE_INTEGER);
    assert.throws(() => new PayloadReader(Buffer.from("0000000000002000", "hex")).id(), FrameError);
  });

  test("bytes that are no text are kept; a real U+FFFD too", () => {
    const text = Buffer.from("a\u{fffd}b", "utf8");
    const payload = Buffer.concat([
      Buffer.of(text.length, 0, 0, 0),
      text,
      Buffer.of(2, 0, 0, 0),
      Buffer.from("78ff", "hex"),
    ]);
    const reader = new PayloadReader(payload);
    assert.equal(reader.str(), "a\u{fffd}b");
    assert.equal(reader.str(), "x\udcff");
    reader.done();
  });

  test("leftovers are refused", () => {
    assert.throws(() => {
      new PayloadReader(Buffer.of(1)).done();
    }, FrameError);
  });
});
