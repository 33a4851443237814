import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { escapeControls } from "@bailiwick/base";
import fc from "fast-check";
import { hostile, withStrings } from "../test/strings.ts";
import { record, sourcesOf, temporaryFolder } from "../test/story.ts";
import { cefLine, escapeCefHeader, escapeCefValue } from "./cef.ts";

/** Reads as the standard says a receiver does: seven fields of the header, then keys, each at the beginning or behind a space, up to an `=` that is not escaped. */
function readCef(line: string): { header: string[]; extension: Record<string, string> } {
  const fields: string[] = [];
  let rest = line;
  for (let field = 0; field < 7; field++) {
    const [whole = "", text = ""] = /^((?:[^\\|]|\\[\\|])*)\|/.exec(rest) ?? assert.fail(`no field in ${rest}`);
    fields.push(text.replaceAll(/\\([\\|])/g, "$1"));
    rest = rest.slice(whole.length);
  }
  const extension: Record<string, string> = {};
  const keys = [...rest.matchAll(/(?:^| )([A-Za-z0-9]+)=/g)].filter(
    ({ index, 0: key }) => rest[index + key.length - 2] !== "\\",
  );
  for (const [number, match] of keys.entries()) {
    const value = rest.slice(match.index + match[0].length, keys[number + 1]?.index);
    assert.match(value, /^(?:[^\\=]|\\[\\=nr])*$/);
    const unescaped = value.replaceAll(/\\([\\=nr])/g, (_, c: string) => (c === "n" ? "\n" : c === "r" ? "\r" : c));
    assert.ok(!(match[1] !== undefined && match[1] in extension), `${String(match[1])} is there twice`);
    extension[match[1] ?? ""] = unescaped;
  }
  return { header: fields, extension };
}

test("what is escaped is what the standard's own examples have", () => {
  assert.equal(escapeCefHeader("detected a | in a \\ message"), "detected a \\| in a \\\\ message");
  assert.equal(escapeCefHeader("two\nlines"), "two lines");
  assert.equal(escapeCefValue("a = b | c \\ d\ne\rf"), "a \\= b | c \\\\ d\\ne\\rf");
  assert.equal(escapeCefValue("\u001b[31m\0"), "\\\\x1b[31m\\\\x00");
});

test("whatever stands in an event, one line comes out of which a receiver gets it back", async (context) => {
  const directory = join(temporaryFolder(context), "log");
  await record(directory);
  const sources = await sourcesOf(directory);
  fc.assert(
    fc.property(fc.constantFrom(...sources), hostile, (source, text) => {
      const line = cefLine(withStrings(source, text));
      assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u202e]/);
      assert.ok(line.isWellFormed());
      const { header, extension } = readCef(line);
      assert.equal(header[0], "CEF:0");
      assert.equal(header[4], source.event.type);
      assert.equal(extension["externalId"], source.id);
      assert.equal(extension["cs1"], source.event.run);
      const expected = text
        .toWellFormed()
        .split(/(\n|\r)/)
        .map((part) => (part === "\n" || part === "\r" ? part : escapeControls(part)))
        .join("");
      if ("pid" in source.event && source.event.type !== "exec.tampered" && text !== "")
        assert.equal(extension["cs5"], expected);
    }),
    { numRuns: 1000 },
  );
});

test("negative control: the reader sees what is not escaped", () => {
  assert.throws(() => readCef("CEF:0|a|b|c|d|e"));
  assert.throws(() => readCef("CEF:0|a|b|c|d|e|1|cs1=a cs1=b"));
  assert.throws(() => readCef("CEF:0|a|b|c|d|e|1|cs1=a\\b"));
});
