import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row } from "../run/rows.ts";
import { markNear, marksOf, PLACES, rowAt } from "./marks.ts";

function row(at: number, seq: number, more: Partial<Row> = {}): Row {
  return {
    ...{ seq, at, type: "exec.allowed", line: `line ${String(seq)}`, reason: "", decision: "allowed", asked: false },
    ...{ parent: undefined, depth: 0, end: undefined, last: undefined, chunk: undefined, ...more },
  };
}

test("marks are by lane and place; what is outside of the recording is at its edges", () => {
  const rows = [
    row(900, 1),
    row(1_000, 2, { type: "exec.refused", decision: "refused" }),
    row(1_500, 3, { type: "exec.refused", decision: "refused", asked: true }),
    row(1_500, 4, { asked: true }),
    row(1_501, 5, { type: "connection.opened" }),
    row(1_501, 6, { type: "files.changed" }),
    row(1_501, 7, { type: "run.frozen" }),
    row(9_999, 8),
  ];
  assert.deepEqual(
    marksOf(rows, 1_000, 1_000).map(({ lane, place, row: { seq }, count }) => [lane, place, seq, count]),
    [
      ["command", 0, 1, 1],
      ["refused", 0, 2, 1],
      ["refused", PLACES / 2, 3, 1],
      ["asked", PLACES / 2, 4, 1],
      ["connection", PLACES / 2, 5, 1],
      ["files", PLACES / 2, 6, 1],
      ["command", PLACES - 1, 8, 1],
    ],
  );
  assert.deepEqual(
    marksOf(rows, 1_000, 0).map(({ place }) => place),
    [0, 0, 0, 0, 0],
  );
});

test("of marks that are near, a refusal is hit before anything else, and nothing that is far", () => {
  const marks = marksOf([row(500, 1), row(504, 2, { decision: "refused" }), row(900, 3)], 0, 1_000);
  assert.equal(markNear(marks, PLACES / 2)?.row.seq, 2);
  assert.equal(markNear(marks, 0), undefined);
});

test("what happened last by a time", () => {
  const rows = [row(10, 1), row(20, 2), row(20, 3), row(30, 4)];
  assert.deepEqual(
    [5, 10, 20, 29, 99].map((at) => rowAt(rows, at)?.seq),
    [undefined, 1, 3, 3, 4],
  );
});
