import assert from "node:assert/strict";
import { test } from "node:test";
import { count, formatBytes, formatDuration, paintFor } from "./format.ts";

test("durations", () => {
  const cases = [
    [0, "0 ms"],
    [812.4, "812 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [59_900, "59.9 s"],
    [59_960, "1 min 0 s"],
    [200_000, "3 min 20 s"],
    [7_500_000, "2 h 5 min"],
  ] as const;
  for (const [milliseconds, text] of cases) assert.equal(formatDuration(milliseconds), text);
});

test("bytes", () => {
  const cases = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [123_456, "123 kB"],
    [999_600, "1.0 MB"],
    [5e15, "5000 TB"],
  ] as const;
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
});

test("counted nouns", () => {
  assert.deepEqual([count(1, "entry"), count(2, "entry"), count(0, "file")], ["1 entry", "2 entries", "0 files"]);
});

test("colours only where a terminal can show them and nobody minds", () => {
  const stream = (isTTY: boolean) => ({ isTTY }) as NodeJS.WriteStream;
  const painted = (isTTY: boolean, environment: NodeJS.ProcessEnv) =>
    paintFor(stream(isTTY), environment)("red", "x") !== "x";
  assert.equal(painted(true, { TERM: "xterm" }), true);
  assert.equal(painted(false, { TERM: "xterm" }), false);
  assert.equal(painted(true, { TERM: "dumb" }), false);
  assert.equal(painted(true, { NO_COLOR: "1" }), false);
  assert.equal(painted(true, { NO_COLOR: "" }), true);
  assert.equal(painted(false, { FORCE_COLOR: "1" }), true);
  assert.equal(painted(true, { FORCE_COLOR: "1", NO_COLOR: "1" }), false);
});
