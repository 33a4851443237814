import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseHostName } from "./host-name.ts";

describe("parseHostName", () => {
  const good: readonly [text: string, name: string][] = [
    ["example.com", "example.com"],
    ["Example.COM.", "example.com"],
    ["a", "a"],
    ["_dmarc.x-y.test", "_dmarc.x-y.test"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
    ["1.example", "1.example"],
    [`${"a".repeat(63)}.test`, `${"a".repeat(63)}.test`],
    [`${`${"a".repeat(49)}.`.repeat(5)}abc`, `${`${"a".repeat(49)}.`.repeat(5)}abc`],
  ];
  for (const [text, name] of good)
    test(`reads \`${text.slice(0, 40)}\``, () => assert.equal(parseHostName(text), name));

  const bad: readonly [what: string, text: string][] = [
    ["nothing", ""],
    ["the root", "."],
    ["an empty label", "a..b"],
    ["a leading dot", ".a.test"],
    ["two trailing dots", "a.test.."],
    ["NUL", "allowed.test\0.evil"],
    ["a space", "a b.test"],
    ["a line end", "a.test\n"],
    ["a slash", "a/b.test"],
    ["an at sign", "user@a.test"],
    ["a colon", "::1"],
    ["a wildcard", "*.a.test"],
    ["a leading hyphen", "-a.test"],
    ["a trailing hyphen", "a-.test"],
    ["a label of 64", `${"a".repeat(64)}.test`],
    ["254 characters", `${"a.".repeat(126)}bc`],
    ["letters that fold into ASCII", "\u212aernel.test"],
    ["full-width letters", "ａ.test"],
    ["an address", "127.0.0.1"],
    ["a short address", "127.1"],
    ["an address as one number", "2130706433"],
    ["a hexadecimal address", "0x7f000001"],
    ["a name that ends in a hexadecimal number", "a.0X1"],
  ];
  for (const [what, text] of bad) test(`refuses ${what}`, () => assert.equal(parseHostName(text), undefined));

  test("254 characters are one too many", () => {
    const name = `${"a".repeat(49)}.`.repeat(5);
    assert.equal(parseHostName(`${name}abc`)?.length, 253);
    assert.equal(parseHostName(`${name}abcd`), undefined);
  });

  test("any text: undefined, or a name that reads as itself", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.domain()), (text) => {
        const name = parseHostName(text);
        if (name === undefined) return;
        assert.equal(parseHostName(name), name);
        assert.match(name, /^[a-z0-9_.-]{1,253}$/);
      }),
    );
  });
});
