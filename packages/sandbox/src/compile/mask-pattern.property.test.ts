import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import picomatch from "picomatch";
import { compileMasks, matchName } from "./mask-pattern.ts";

const name = fc.string({ unit: fc.constantFrom("a", "b", ".", "-"), minLength: 1, maxLength: 8 });
const pattern = fc.string({ unit: fc.constantFrom("a", "b", ".", "*", "?"), minLength: 1, maxLength: 8 });
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));

/** The plainest reading of a pattern there is. */
function reading(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.-]/g, "\\$&").replaceAll("*", "[^]*").replaceAll("?", "[^]")}$`);
}

describe("names", () => {
  test("match as the plainest reading of the pattern says", () => {
    fc.assert(
      fc.property(pattern, name, (wanted, given) => {
        assert.equal(matchName(wanted, given), reading(wanted).test(given));
      }),
    );
  });

  test("whatever picomatch would mask is masked: nothing that people know from other tools is missed", () => {
    fc.assert(
      fc.property(pattern, name, (wanted, given) => {
        // Behind three stars picomatch takes a dot for any character: `***a.` matches `aa`.
        fc.pre(!wanted.includes("***"));
        if (!picomatch.isMatch(given, wanted, { dot: true, noextglob: true, strictSlashes: true })) return;
        assert.ok(matchName(wanted, given));
      }),
    );
  });

  test("a name without wildcards is masked wherever it stands, and no other is", () => {
    fc.assert(
      fc.property(name, path, (wanted, given) => {
        const last = given.slice(given.lastIndexOf("/") + 1);
        assert.equal(compileMasks([wanted])(last, given, false), wanted === last ? true : undefined);
      }),
    );
  });
});

describe("lists", () => {
  test("the last pattern that matches counts", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), pattern)), name, (entries, given) => {
        const patterns = entries.map(([taking, wanted]) => `${taking ? "!" : ""}${wanted}`);
        const deciding = entries.findLast(([, wanted]) => matchName(wanted, given));
        assert.equal(compileMasks(patterns)(given, given, false), deciding === undefined ? undefined : !deciding[0]);
      }),
    );
  });

  test("adding a pattern without `!` never unmasks", () => {
    const entry = fc.tuple(fc.constantFrom("", "!"), pattern).map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.array(entry), pattern, name, (patterns, added, given) => {
        const before = compileMasks(patterns)(given, given, false);
        assert.ok(before !== true || compileMasks([...patterns, added])(given, given, false));
      }),
    );
  });
});

describe("paths", () => {
  const is = (wanted: string, given: string, directory = false): boolean =>
    compileMasks([wanted])(given.slice(given.lastIndexOf("/") + 1), given, directory) === true;

  for (const [wanted, given, expected] of [
    ["config/secret.yml", "config/secret.yml", true],
    ["config/secret.yml", "a/config/secret.yml", false],
    ["**/config/secret.yml", "a/b/config/secret.yml", true],
    ["**/config/secret.yml", "config/secret.yml", true],
    ["config/*.yml", "config/a.yml", true],
    ["config/*.yml", "config/a/b.yml", false],
    ["config/**", "config/a/b", true],
    ["a/**/b", "a/b", true],
    ["a/**/b", "a/x/y/b", true],
  ] as const) {
    test(`${wanted} ${expected ? "means" : "does not mean"} ${given}`, () => {
      assert.equal(is(wanted, given), expected);
    });
  }

  test("a trailing slash means directories only", () => {
    assert.equal(is(".ssh/", "a/.ssh", true), true);
    assert.equal(is(".ssh/", "a/.ssh", false), false);
  });
});

test("a pattern made to be slow is not: steps are at most pattern times name", () => {
  let steps = 0;
  const counted = new Proxy(
    { length: 255 },
    {
      get: (target, key) => {
        if (key === "length") return target.length;
        steps++;
        return "a";
      },
    },
  );
  const wanted = `${"*a".repeat(60)}b`;
  assert.equal(matchName(wanted, counted as unknown as string), false);
  assert.ok(steps <= wanted.length * 256, String(steps));
});
