import assert from "node:assert/strict";
import { test } from "node:test";
import { count, formatBytes, formatDuration } from "./amounts.ts";

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
  assert.equal(count(2, "day"), "2 days");
});
