import assert from "node:assert/strict";
import { test } from "node:test";
import { writeParts } from "@bailiwick/control-plane/contract/bundles";
import { diffBundles } from "./line-diff.ts";

const bundle = (text: string, profile?: string, hours?: number): string =>
  writeParts(
    { type: "Company", id: "company" },
    { policies: [{ name: "a.cedar", text }], tests: [], profile, requiredWithinHours: hours },
  );
const shown = (before: string | undefined, after: string): string[] =>
  diffBundles(before, after).flatMap(({ name, lines }) => [
    name,
    ...lines.map(({ kind, text, line }) => `${{ same: " ", added: "+", removed: "-" }[kind]}${String(line)} ${text}`),
  ]);

test("lines that are gone, new and the same, with their numbers", () => {
  assert.deepEqual(shown(bundle("a\nb\nc\n"), bundle("a\nx\nc\nd\n")), [
    "a.cedar",
    " 1 a",
    "-2 b",
    "+2 x",
    " 3 c",
    "+4 d",
  ]);
  assert.deepEqual(shown(undefined, bundle("a\n")), ["a.cedar", "+1 a"]);
  assert.deepEqual(shown(bundle("a"), bundle("a")), []);
});

test("a profile and the hours are part of it; what is no bundle says nothing", () => {
  assert.deepEqual(shown(bundle("a", "[limits]\n"), bundle("a", undefined, 72)), [
    ...["profile.toml", "-1 [limits]"],
    ...["required within", "+1 72 hours"],
  ]);
  assert.deepEqual(shown("none", "none"), []);
});
