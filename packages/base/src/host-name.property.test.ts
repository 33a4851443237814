/** Whatever is spelled: a name is the one that the WHATWG URL parser and a resolver would see, or none. */
import assert from "node:assert/strict";
import { isIP } from "node:net";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseHostName } from "./host-name.ts";

const label = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));

/** What URL parsers, resolvers, browsers or people take for the character or for nothing. */
const LIKENESSES: Readonly<Record<string, readonly string[]>> = {
  ".": ["\uff0e", "\u3002", "\uff61", "%2e", "%2E", "%252e", "\u2024", ".."],
  a: ["A", "%61", "\uff41", "\u0430", "\u00aa", "\ud835\udc1a"],
  e: ["E", "%65", "\u212f", "e\u0301", "\u0435"],
  k: ["K", "\u212a", "%6b"],
  s: ["S", "\u017f", "%73"],
  i: ["I", "\u0130", "\u0131", "\u2170"],
  "1": ["\uff11", "\u0661", "%31", "\u2460"],
};
const NOISE = [
  "\0",
  "%00",
  "\t",
  "\n",
  " ",
  "\u00ad",
  "\u200b",
  "\u200d",
  "\u2060",
  "\ufeff",
  "@",
  "/",
  "\\",
  ":",
  "#",
  "?",
  "%",
  "[",
  "\u0338",
];

/** A permitted name with something put into it, or a letter spelled otherwise. */
const spelling = fc
  .tuple(
    name,
    fc.array(fc.tuple(fc.nat(), fc.nat(), fc.boolean()), { maxLength: 3 }),
    fc.constantFrom("", ".", "..", "\u3002"),
  )
  .map(([text, changes, end]) => {
    let spelled = [...text];
    for (const [where, which, isAdded] of changes) {
      const at = where % spelled.length;
      const likenesses = LIKENESSES[spelled[at] ?? ""] ?? [(spelled[at] ?? "").toUpperCase()];
      if (isAdded) spelled.splice(at, 0, NOISE[which % NOISE.length] ?? "");
      else spelled[at] = likenesses[which % likenesses.length] ?? "";
      spelled = spelled.filter((each) => each !== "");
    }
    return spelled.join("") + end;
  });

function hostOfUrl(text: string): string | undefined {
  const url = URL.parse(`http://${text}/`);
  return url?.hostname.replace(/\.$/, "");
}

/** A label that says it is punycode is what DNS has; whether it decodes to letters is no resolver's business. */
const isPunycode = (text: string): boolean => /(^|\.)xn--/.test(text);

describe("host names, in any spelling", () => {
  test("a name is the one that the URL parser sees, and reads as itself", () => {
    fc.assert(
      fc.property(fc.oneof(spelling, fc.string({ unit: "binary" }), fc.domain(), fc.webAuthority()), (text) => {
        const read = parseHostName(text);
        if (read === undefined) return;
        assert.equal(parseHostName(read), read);
        assert.equal(isIP(read), 0);
        const seen = hostOfUrl(text);
        if (!(isPunycode(read) && seen === undefined)) assert.equal(seen, read, JSON.stringify(text));
      }),
      { numRuns: 5_000 },
    );
  });

  test("only case and one last dot are another spelling of a name", () => {
    fc.assert(
      fc.property(spelling, name, (text, permitted) => {
        const read = parseHostName(text);
        if (read === permitted) assert.equal(text.toLowerCase().replace(/\.$/, ""), permitted);
        assert.equal(read === undefined || /^[\x21-\x7e]+$/.test(text), true, JSON.stringify(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test("letters of other scripts are no name, and their punycode is no other name than itself", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("b\u00fccher", "\u0430pple", "\u4f8b\u3048", "fa\u00df", "a"), {
          minLength: 1,
          maxLength: 3,
        }),
        (labels) => {
          const text = [...labels, "test"].join(".");
          const ascii = new URL(`http://${text}/`).hostname;
          assert.equal(parseHostName(ascii), ascii);
          if (ascii !== text) assert.equal(parseHostName(text), undefined);
        },
      ),
    );
  });

  test("no spelling of an address is a name: decimal, octal, hexadecimal, of one to four parts", () => {
    const number = fc.tuple(fc.nat({ max: 0xffffffff }), fc.constantFrom(10, 8, 16), fc.nat({ max: 3 }), fc.boolean());
    const part = number.map(([value, base, zeros, isUpper]) => {
      const digits = value.toString(base);
      const text = base === 10 ? digits : `${base === 8 ? "0" : "0x"}${"0".repeat(zeros)}${digits}`;
      return isUpper ? text.toUpperCase() : text;
    });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), fc.boolean(), (parts, hasDot) => {
        assert.equal(parseHostName(parts.join(".") + (hasDot ? "." : "")), undefined);
      }),
    );
    fc.assert(fc.property(fc.oneof(fc.ipV4Extended(), fc.ipV6()), (address) => parseHostName(address) === undefined));
  });
});
