import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { ReplayClock } from "./clock.ts";
import { drawPage } from "./page.ts";
import { clockText, parseNumber, parseTime } from "./times.ts";

const start = { from: 0, speed: 1, idleLimit: Infinity };

describe("the clock of a replay", () => {
  test("goes at its speed, stops at the end, and begins anew from there", () => {
    const clock = new ReplayClock([0, 1_000, 5_000], { ...start, speed: 2 });
    clock.advance(1_000);
    assert.equal(clock.time, 2_000);
    clock.changeSpeed(0.5);
    clock.advance(9_000);
    assert.deepEqual([clock.time, clock.isOver], [5_000, true]);
    clock.togglePause();
    assert.deepEqual([clock.time, clock.isPaused], [0, false]);
    clock.togglePause();
    clock.advance(1_000);
    assert.equal(clock.time, 0);
    clock.seek(-5);
    assert.equal(clock.time, 0);
    clock.seek(9_999);
    assert.equal(clock.time, 5_000);
  });

  test("leaves out what is longer than the idle limit, in the person's time", () => {
    const clock = new ReplayClock([0, 100, 60_000, 60_050], { ...start, idleLimit: 1_000 });
    clock.advance(500);
    assert.equal(clock.time, 500);
    clock.advance(700);
    assert.equal(clock.time, 60_000);
    const fast = new ReplayClock([0, 60_000], { ...start, speed: 10, idleLimit: 1_000 });
    fast.advance(900);
    assert.equal(fast.time, 9_000);
    fast.advance(200);
    assert.equal(fast.time, 60_000);
  });

  test("of nothing is over", () => {
    assert.deepEqual([new ReplayClock([], start).isOver, new ReplayClock([], start).duration], [true, 0]);
  });
});

describe("a page", () => {
  const picture = {
    columns: 10,
    rows: 8,
    line: (row: number) => [
      { text: `row ${String(row)}`, width: 5, sgr: "31" },
      { text: "漢字漢", width: 6, sgr: "" },
    ],
  };
  const moments = [
    { at: 0, text: "✓ first command", isRefusal: false },
    { at: 100, text: `✗ second ${"x".repeat(200)}`, isRefusal: true },
    { at: 9_000, text: "later", isRefusal: false },
  ];
  const parts = { picture, cursorRow: 7, moments, time: 5_000, status: "▶ status" };
  const draw = (columns: number, rows: number): string[] => drawPage({ ...parts, columns, rows });

  test("has what happened beside the picture where there is room, and nothing is wider than the terminal", () => {
    const lines = draw(60, 12).map((line) => stripVTControlCharacters(line));
    assert.equal(lines.length, 12);
    assert.match(lines[0] ?? "", /^row 0 {5,} │ ✓ first command$/);
    assert.match(lines[1] ?? "", /│ ✗ second x+…$/);
    assert.ok(lines.every((line) => [...line].length <= 60));
    assert.ok(!lines.some((line) => line.includes("later")));
    assert.match(lines.at(-1) ?? "", /^ ▶ status +$/);
  });

  test("has it below where there is none, and of a picture that is too high the part with the cursor", () => {
    const lines = draw(40, 12).map((line) => stripVTControlCharacters(line));
    assert.equal(lines.length, 12);
    assert.match(lines[0] ?? "", /^row 3/);
    assert.match(lines[5] ?? "", /^─{40}$/);
    assert.match(lines[6] ?? "", /first/);
    assert.equal(
      drawPage({ ...parts, cursorRow: 0, columns: 40, rows: 12 })
        .map((line) => stripVTControlCharacters(line))[0]
        ?.slice(0, 5),
      "row 0",
    );
  });

  test("of a terminal of any size has as many lines", () => {
    for (const [columns, rows] of [
      [1, 1],
      [2, 3],
      [5, 8],
      [300, 2],
      [40, 100],
    ] as const) {
      const lines = draw(columns, rows);
      assert.ok(
        lines.length <= Math.max(rows, 1) || rows < 9,
        `${String(columns)}x${String(rows)}: ${String(lines.length)}`,
      );
    }
  });
});

test("times are read and written", () => {
  assert.deepEqual(
    ["90", "12.5", "1:30", "1:02:03", "1m30s", "500ms"].map(parseTime),
    [90_000, 12_500, 90_000, 3_723_000, 90_000, 500],
  );
  for (const text of ["", "x", "-1", "1:2:3:4", "1e3"])
    assert.throws(() => parseTime(text), { code: "CLI_USAGE" }, text);
  for (const text of ["", "x", "0", "101", "1e1"])
    assert.throws(() => parseNumber("speed", text, [0.1, 100]), { code: "CLI_USAGE" }, text);
  assert.deepEqual([0, 61_999, 3_723_000].map(clockText), ["0:00", "1:01", "1:02:03"]);
});
