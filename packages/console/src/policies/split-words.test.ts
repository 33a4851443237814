import assert from "node:assert/strict";
import { test } from "node:test";
import { quoteForShell } from "@bailiwick/base";
import { splitWords } from "./split-words.ts";

test("words are as a shell would have them, without what it expands", () => {
  for (const [line, words] of [
    ["", []],
    ["  git  push\t--force ", ["git", "push", "--force"]],
    [`sh -c 'a b "c"' "d 'e' \\"f\\"" g\\ h`, ["sh", "-c", 'a b "c"', `d 'e' "f"`, "g h"]],
    [`a'b'"c"`, ["abc"]],
    [`'' ""`, ["", ""]],
    ["$HOME/*", ["$HOME/*"]],
  ] as const) {
    assert.deepEqual(splitWords(line), words, line);
  }
  for (const word of ["it's", "a b", '"x"', "\\"]) assert.deepEqual(splitWords(quoteForShell(word)), [word]);
});
