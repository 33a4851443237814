import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseMoment } from "./moment.ts";
import { parseQuery } from "./query.ts";

const NOW = new Date(2026, 10, 25, 12, 30).getTime();

describe("a query", () => {
  test("has words, phrases, filters, and what is excluded", () => {
    const { terms, filters } = parseQuery('git "push --force" -dry pre* host:a.test -program:cat user:"Ada L"', NOW);
    assert.deepEqual(terms, [
      { text: "git", prefix: false, not: false },
      { text: "push --force", prefix: false, not: false },
      { text: "dry", prefix: false, not: true },
      { text: "pre", prefix: true, not: false },
    ]);
    assert.deepEqual(filters, [
      { field: "host", value: "a.test", not: false },
      { field: "program", value: "cat", not: true },
      { field: "user", value: "Ada L", not: false },
    ]);
  });

  test("an address is a word", () => {
    assert.deepEqual(parseQuery("https://a.test/x", NOW).terms, [
      { text: "https://a.test/x", prefix: false, not: false },
    ]);
  });

  for (const [text, message, remedy] of [
    ["hots:x", /no filter `hots:`/, /host, file/],
    ["host:", /has no value/, /\*\.example\.com/],
    ["decision:maybe", /`decision:maybe` is none/, /refused, asked and allowed/],
    ["status:never", /no exit status/, /failed/],
    ["since:soon", /`since:soon` is no time/, /2h/],
    ['"open', /never closed/, /two words/],
    ["--", /no letter or digit/, /letters and digits/],
    ["x".repeat(5_000), /too long/, /fewer/],
  ] as const) {
    test(`${text.slice(0, 20)} is an error that teaches`, () => {
      assert.throws(() => parseQuery(text, NOW), { code: "SEARCH_QUERY_INVALID", message, remedy });
    });
  }

  test("whatever is typed is a query or an error of its own, never anything else", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ab:*\"\\- é\ud800'()^") }), (text) => {
        try {
          parseQuery(text, NOW);
        } catch (error) {
          assert.ok(error instanceof Error && "code" in error && error.code === "SEARCH_QUERY_INVALID", String(error));
        }
      }),
    );
  });
});

describe("a time", () => {
  const hour = 3_600_000;
  for (const [text, from, to] of [
    ["2h", NOW - 2 * hour, NOW - 2 * hour],
    ["1w", NOW - 168 * hour, NOW - 168 * hour],
    ["today", new Date(2026, 10, 25).getTime(), new Date(2026, 10, 26).getTime() - 1],
    ["yesterday", new Date(2026, 10, 24).getTime(), new Date(2026, 10, 25).getTime() - 1],
    ["2026-02-28", new Date(2026, 1, 28).getTime(), new Date(2026, 2, 1).getTime() - 1],
    ["2026-02-28T10:05", new Date(2026, 1, 28, 10, 5).getTime(), new Date(2026, 1, 28, 10, 6).getTime() - 1],
  ] as const) {
    test(text, () => {
      assert.deepEqual(parseMoment(text, NOW), { from, to });
    });
  }
  test("a time in UTC is one wherever one is", () => {
    const from = Date.UTC(2026, 10, 25, 9, 30);
    assert.deepEqual(parseMoment("2026-11-25T09:30Z", NOW), { from, to: from + 59_999 });
    assert.deepEqual(parseMoment("2026-11-25T09:30:00.250Z", NOW), { from: from + 250, to: from + 250 });
    assert.equal(parseMoment("2026-11-25Z", NOW), undefined);
  });
  for (const text of ["2026-02-30", "2026-13-01", "2026-01-01T25:00", "2y", "", "-2h"]) {
    test(`${JSON.stringify(text)} is none`, () => {
      assert.equal(parseMoment(text, NOW), undefined);
    });
  }
});
