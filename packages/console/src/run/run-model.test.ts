import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Matches, type Filter } from "./matches.ts";
import { RowList } from "./row-list.ts";
import { RunModel } from "./run-model.ts";
import type { EventOf, Row, RunEvent } from "./rows.ts";

const digest = `sha256:${"0".repeat(64)}`;
const base = { v: 1, run: "01jd0000000000000000000000", at: 1_760_000_000_000 } as const;
const allowed: EventOf<"exec.allowed">["decision"] = {
  outcome: "allow",
  policies: [],
  reason: "",
  policyDigest: digest,
};

function exec(
  id: number,
  parent: number,
  line: string,
  refused?: string,
): EventOf<"exec.allowed"> | EventOf<"exec.refused"> {
  return {
    ...{
      ...base,
      type: refused === undefined ? "exec.allowed" : "exec.refused",
      exec: id,
      parent,
      pid: 1,
      asked: line,
    },
    ...{ program: { path: `/bin/${line}`, digest }, argv: { values: [line] }, cwd: "/" },
    decision: refused === undefined ? allowed : { ...allowed, outcome: "deny", reason: refused, approver: "security" },
  };
}

function modelOf(events: readonly RunEvent[]): RunModel {
  const model = new RunModel();
  for (const [index, event] of events.entries()) model.add({ seq: 10 + index, event });
  return model;
}

function linesOf({ tree }: RunModel): string[] {
  const lines: string[] = [];
  for (let index = 0; index < tree.length; index++) {
    const row = tree.at(index);
    lines.push(`${" ".repeat(row?.depth ?? 0)}${row?.line ?? ""}`);
  }
  return lines;
}

const events: readonly RunEvent[] = [
  exec(1, 0, "agent"),
  exec(2, 1, "make"),
  exec(3, 1, "git", "no pushes"),
  {
    ...base,
    type: "connection.opened",
    connection: 7,
    host: "a.test",
    port: 443,
    exec: 2,
    decision: allowed,
    address: "192.0.2.1",
  },
  exec(4, 2, "cc"),
  { ...base, type: "exec.ended", exec: 4, status: 1, wallMs: 20 },
  { ...base, type: "connection.closed", connection: 7, bytesSent: 1_000, bytesReceived: 2, wallMs: 5 },
  { ...base, type: "files.changed", paths: ["a\u202eb"], count: 1 },
];

describe("a run as its events tell it", () => {
  test("each stands below what started it, in the order of their beginning", () => {
    assert.deepEqual(linesOf(modelOf(events)), [
      "agent",
      " make",
      "  a.test:443",
      "  cc",
      " git",
      "changed: a\\u{202e}b",
    ]);
  });

  test("what ended belongs to what began, and is found by its own place too", () => {
    const model = modelOf(events);
    assert.deepEqual(model.find(14)?.end, { seq: 15, wallMs: 20, how: "exit 1", failed: true });
    assert.equal(model.find(15), model.find(14));
    assert.equal(model.find(13)?.end?.how, "1.0 kB sent, 2 B received");
    assert.equal(model.find(99), undefined);
  });

  test("what was decided is counted", () => {
    assert.deepEqual(modelOf(events).counts, { commands: 4, connections: 1, requests: 0, refused: 1, asked: 1 });
  });

  test("a chain of any depth is shown, and looked through in its order", () => {
    const chain = Array.from({ length: 3_000 }, (_, index) => exec(index + 1, index, `c${String(index + 1)}`));
    const lines = linesOf(modelOf(chain)).map((line) => line.trim());
    assert.deepEqual(
      lines,
      chain.map(({ asked }) => asked),
    );
  });

  for (const [filter, expected] of [
    [{ show: "refused", words: "" }, ["git"]],
    [{ show: "asked", words: "" }, ["git"]],
    [{ show: "everything", words: "PUSHES git" }, ["git"]],
    [{ show: "network", words: "" }, ["a.test:443"]],
    [{ show: "allowed", words: "nothing" }, []],
  ] as const satisfies readonly (readonly [Filter, readonly string[]])[]) {
    test(`a filter of ${filter.show} and “${filter.words}”`, () => {
      const matches = new Matches(filter);
      const { rows } = modelOf(events);
      assert.equal(matches.look(rows, 2), false);
      while (!matches.look(rows, 2));
      assert.deepEqual(
        matches.found.map(({ line }) => line),
        expected,
      );
    });
  }
});

test("rows added anywhere are where they would be in an array", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 40 }), fc.constantFrom(1, 300), (places, times) => {
      const list = new RowList<Row>();
      const array: Row[] = [];
      for (const place of places) {
        for (let time = 0; time < times; time++) {
          const row = { ...rowFor(), chunk: undefined };
          const index = array.length === 0 ? 0 : (place + time) % (array.length + 1);
          list.insertAfter(array[index - 1], row);
          array.splice(index, 0, row);
        }
      }
      assert.equal(list.length, array.length);
      for (const [index, row] of array.entries()) {
        assert.ok(list.at(index) === row && list.indexOf(row) === index);
      }
      assert.equal(list.at(array.length), undefined);
    }),
    { numRuns: 30 },
  );
});

function rowFor(): Row {
  const [row] = modelOf([exec(1, 0, "x")]).rows;
  assert.ok(row);
  return row;
}
