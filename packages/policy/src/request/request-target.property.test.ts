/** Whatever the spelling of a target: what policies see is what servers read, also those that decode twice, fold letters, or resolve dots. */
import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import fc from "fast-check";
import { readRequestTarget, type RequestTarget } from "./request-target.ts";

const PIECES = [
  "/", "//", ".", "..", "%2e", "%2E%2e", "%252e", "%25%32%65", "%2f", "%2F", "%252f", "\\", "%5c", ";", ";x=1", "%3b", "?", "&", "=", "+", "%26",
  "%00", "%0d%0a", "%7f", "%c0%af", "%c0%ae", "%e0%80%af", "%u002e", "%ff", "%", "%2", "#", "@", ":", "a", "B", "%61", "~", "%7E", "{", "\"", "|",
  "%EF%BC%8F", "%EF%BC%8E", "%EF%BC%BC", "%E2%80%A5", "%EF%BC%85", "%CC%81", "%C3%A9", "%E2%81%84", "admin", "x",
]; // prettier-ignore
const target = fc
  .array(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...PIECES) }, fc.string({ maxLength: 3 })), { maxLength: 8 })
  .map((pieces) => `/${pieces.join("")}`);

function readable(text: string): RequestTarget | undefined {
  const read = readRequestTarget(text);
  return "unreadable" in read ? undefined : read;
}

function segmentsOf(pathname: string): string[] {
  const parts = pathname.slice(1).split("/");
  if (parts.at(-1) === "") parts.pop();
  return parts.map(decodeURIComponent);
}

describe("request targets, in any spelling", () => {
  test("the URL parser reads the same path, on the same host", () => {
    fc.assert(
      fc.property(target, (text) => {
        const read = readable(text);
        if (read === undefined) return;
        const url = new URL(text, "http://host.test");
        assert.equal(url.host, "host.test");
        assert.deepEqual(segmentsOf(url.pathname), read.paths[0], text);
      }),
      { numRuns: 5_000 },
    );
  });

  test("the URL parser finds the same names in the query, where only `&` separates", () => {
    fc.assert(
      fc.property(target, (text) => {
        const read = readable(text);
        if (read === undefined || text.includes(";")) return;
        assert.deepEqual([...new URL(text, "http://host.test").searchParams.keys()], read.query, text);
      }),
      { numRuns: 5_000 },
    );
  });

  test("each reading, written plainly, reads as itself", () => {
    fc.assert(
      fc.property(target, (text) => {
        for (const path of readable(text)?.paths ?? []) {
          const again = readable(`/${path.map(encodeURIComponent).join("/")}`);
          assert.deepEqual(again?.paths[0], path, text);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test("who decodes once more, or resolves dots, slashes and backslashes afterwards, comes to the same", () => {
    fc.assert(
      fc.property(target, (text) => {
        const [path] = readable(text)?.paths ?? [];
        for (const segment of path ?? []) {
          if (/%[0-9a-f]{2}/i.test(segment)) assert.fail(text);
          const folded = segment.normalize("NFKC");
          for (const form of [segment, folded]) {
            assert.ok(
              form.split(/[\\/]/).every((part) => !["", ".", ".."].includes(part.split(";", 1)[0] ?? "")),
              text,
            );
          }
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test("letters that servers fold into slashes are one more reading, and dots that they fold are refused", () => {
    assert.deepEqual(readable("/a%EF%BC%8Fb")?.paths, [["a\uff0fb"], ["a", "b"]]);
    assert.deepEqual(readable("/caf%C3%A9")?.paths, [["caf\u00e9"]]);
    for (const text of ["/%EF%BC%8E%EF%BC%8E/a", "/%E2%80%A5/a", "/a%EF%BC%BCb", "/%EF%BC%852e", "/a/%EF%BC%8E"]) {
      assert.equal(readable(text), undefined, text);
    }
  });
});
