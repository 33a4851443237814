import assert from "node:assert/strict";
import { test } from "node:test";
import { makeQuestionId } from "./questions.ts";

test("the name of a question is no option of a command line", () => {
  const ids = Array.from({ length: 2_000 }, () => makeQuestionId());
  assert.ok(ids.every((id) => /^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/.test(id)));
  assert.equal(new Set(ids).size, ids.length);
});
