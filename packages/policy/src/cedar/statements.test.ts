import { strict as assert } from "node:assert";
import { test } from "node:test";
import { findStatements, locate } from "./statements.ts";

test("statements end at `;`, and strings and comments hide it", () => {
  const text = `// a ; comment (((\n@reason("a ; \\" (")\npermit (principal, action, resource); permit(principal);`;
  assert.deepEqual(
    findStatements(text).map(({ start, end }) => text.slice(start, end)),
    [`@reason("a ; \\" (")\npermit (principal, action, resource);`, "permit(principal);"],
  );
});

test("depth counts brackets and ifs", () => {
  const depth = (text: string) => Math.max(0, ...findStatements(text).map((statement) => statement.depth));
  assert.equal(depth("((()))"), 3);
  assert.equal(depth(`when { "((((" }`), 1);
  assert.equal(depth("if a then if b then c else d else e;"), 2);
  assert.equal(depth("notif ifnot"), 0);
  assert.equal(depth("(".repeat(150)), 150);
  assert.equal(depth(""), 0);
});

test("an unterminated string ends with the text, in linear time", () => {
  assert.equal(findStatements(`"${"\\\\(".repeat(100_000)}`).length, 1);
});

test("lines and columns count from 1", () => {
  assert.deepEqual(locate("ab\ncd", 0), { line: 1, column: 1 });
  assert.deepEqual(locate("ab\ncd", 4), { line: 2, column: 2 });
});
