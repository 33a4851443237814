import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import fc from "fast-check";
import { readRequestTarget } from "./request-target.ts";

describe("readRequestTarget", () => {
  const good: readonly [target: string, paths: readonly (readonly string[])[], query: readonly string[]][] = [
    ["/", [[]], []],
    ["/a/b", [["a", "b"]], []],
    ["/a/b/", [["a", "b"]], []],
    ["/a%62c", [["abc"]], []],
    ["/%7Euser/x.y", [["~user", "x.y"]], []],
    ["/a%C3%A9", [["aé"]], []],
    ["/...", [["..."]], []],
    ["/x?a=1&b&c=%26&d%3D=2", [["x"]], ["a", "b", "c", "d="]],
    ["/x?a=1;admin=2", [["x"]], ["a", "admin"]],
    ["/x?=1", [["x"]], [""]],
    ["/@scope%2fname", [["@scope/name"], ["@scope", "name"]], []],
    [
      "/admin;v=1/x",
      [
        ["admin;v=1", "x"],
        ["admin", "x"],
      ],
      [],
    ],
    ["/100%25", [["100%"]], []],
  ];
  for (const [target, paths, query] of good) {
    test(`reads ${target}`, () => assert.deepEqual(readRequestTarget(target), { paths, query }));
  }

  const bad: readonly string[] = [
    "", "*", "a", "http://a.test/", "/a/../b", "/a/./b", "/..", "/%2e%2e/b", "/%2E", "/a/.%2e/b", "/a%00", "/a%0d%0a", "/a\\b",
    "/a%5cb", "//a", "/a//b", "/a%2f%2e%2e%2fb", "/a%2f/b", "/..;/b", "/;x/b", "/%252e%252e/b", "/a%252fb", "/%2566x", "/%25%32%65", "/a%", "/a%zz",
    "/a%ff", "/a b", "/a\tb", "/ä", "/a#b", "/x?a%00=1", "/x?%zz", `/${"a".repeat(16_384)}`,
  ]; // prettier-ignore
  for (const target of bad) {
    test(`does not read ${JSON.stringify(target.slice(0, 30))}`, () => {
      assert.ok("unreadable" in readRequestTarget(target));
    });
  }

  test("any text: unreadable, or segments that mean themselves when they are read again", () => {
    const piece = fc.oneof(fc.constantFrom("%2f", "%2e", "..", ";", "%25", "%5c", "/", "?", "%00", "a"), fc.string());
    fc.assert(
      fc.property(
        fc.array(piece).map((parts) => `/${parts.join("")}`),
        (target) => {
          const read = readRequestTarget(target);
          if ("unreadable" in read) return;
          for (const path of read.paths) {
            for (const segment of path) {
              assert.ok(!["", ".", ".."].includes(segment) && !segment.includes("\\"), segment);
            }
          }
          const last = read.paths.at(-1) ?? [];
          assert.ok(last.every((segment) => !segment.includes("/") && !segment.includes(";")));
          const again = readRequestTarget(`/${last.map(encodeURIComponent).join("/")}`);
          assert.deepEqual("paths" in again && again.paths.at(-1), last);
        },
      ),
    );
  });
});
