import assert from "node:assert/strict";
import { test } from "node:test";
import { loadSecretFinder } from "@bailiwick/secrets";
import fc from "fast-check";
import { Redactor } from "./redactor.ts";

const finder = await loadSecretFinder();
const TOKEN = `ghp_${"aB3dE6gH9jKlMnOpQrStUvWxYz0123456789".slice(0, 36)}`;
const VALUE = "correct-horse/battery+staple";
const ENCODED = Buffer.from(`user:${VALUE}`).toString("base64");

function redact(chunks: readonly Uint8Array[], columns = 80): { text: string; redactions: number } {
  const redactor = new Redactor({ finder, values: [{ value: VALUE, kind: "API_KEY" }], columns });
  const written = chunks.flatMap((chunk, index) => redactor.push(index, chunk));
  written.push(...redactor.finish(chunks.length));
  return { text: written.map(({ text }) => text).join(""), redactions: redactor.redactions };
}

const colour = fc.constantFrom("\u001b[31m", "\u001b[0m", "\u001b[1;38;5;208m", "\u001b[K", "\u001b(B");
const shown = fc.oneof(
  fc.constantFrom(
    "a",
    "build/module.o",
    " ",
    "token: ",
    "é",
    "漢字",
    "😀",
    "│ ",
    '"',
    "AKIA",
    "-----",
    "\t",
    "ghp_",
    "correct",
  ),
  fc.string({ unit: "grapheme-ascii", maxLength: 30 }),
);
const move = fc.constantFrom(
  "\r\n",
  "\n",
  "\r",
  "\b",
  "\u001b[2;5H",
  "\u001b[A",
  "\u001b[3C",
  "\u001b[1G",
  "\u0007",
  "\u001b[?1049h",
);
const string = fc.constantFrom(
  "\u001b]0;title\u0007",
  "\u001b]8;;https://example.com\u001b\\",
  `\u001b]52;c;${ENCODED}\u0007`,
  `\u001bP1$r${TOKEN}\u001b\\`,
  "\u001b]unended",
);
const secret = fc.constantFrom(
  `${TOKEN}\r\n`,
  ` ${VALUE} `,
  `Authorization: Bearer ${VALUE}`,
  ENCODED,
  `-----BEGIN RSA PRIVATE KEY-----\r\n${"MIIEpAIBAAKCAQEA0123456789\r\n".repeat(3)}-----END RSA PRIVATE KEY-----\r\n`,
  "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAK\n",
);
const output = fc
  .array(fc.oneof({ weight: 4, arbitrary: shown }, colour, move, string, secret), { maxLength: 60 })
  .map((parts) => parts.join(""));

/** Bytes cut at some places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
}

test("whatever the chunks, the same comes out", () => {
  fc.assert(
    fc.property(output, fc.array(fc.nat(), { maxLength: 40 }), fc.constantFrom(20, 40, 80), (text, places, columns) => {
      const bytes = Buffer.from(text);
      assert.deepEqual(redact(cut(bytes, places), columns), redact([bytes], columns));
    }),
    { numRuns: 1_500 },
  );
});

test("whatever the chunks, the same comes out, byte by byte and beyond the longest unit", () => {
  fc.assert(
    fc.property(
      fc.array(output, { minLength: 1, maxLength: 3 }),
      fc.nat(60_000),
      fc.integer({ min: 1, max: 5_000 }),
      (texts, length, size) => {
        const bytes = Buffer.from(texts.join("x".repeat(length)) + TOKEN);
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
          bytes.subarray(n * size, (n + 1) * size),
        );
        assert.deepEqual(redact(chunks), redact([bytes]));
      },
    ),
    { numRuns: 150 },
  );
});

test("what holds no secret comes out as it was", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(shown, colour, move), { maxLength: 60 }), (parts) => {
      const text = parts.join("");
      assert.deepEqual(redact([Buffer.from(text)]), { text: text.toWellFormed(), redactions: 0 });
    }),
    { numRuns: 500 },
  );
});

test("a secret cut by colours anywhere, and a known value by lines as well, never comes out", () => {
  const plain = (text: string): string => text.replace(/\u001b\[[0-9;]*[a-zA-Z]|\u001b\(B|[\s│]/g, "");
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(40), colour), { maxLength: 8 }),
      fc.constantFrom(TOKEN, VALUE, ENCODED),
      (cuts, what) => {
        let text = what;
        for (const [place, sequence] of cuts) {
          const at = /\u001b/.exec(text)?.index ?? text.length;
          text = text.slice(0, place % (at + 1)) + sequence + text.slice(place % (at + 1));
        }
        const { text: redacted, redactions } = redact([Buffer.from(`before ${text} behind\r\n`)]);
        assert.ok(!plain(redacted).includes(what === ENCODED ? ENCODED.slice(8, -4) : what), redacted);
        assert.equal(redactions, 1);
        assert.match(plain(redacted), /^before.*\[redacted:\w+\].*behind$/);
      },
    ),
    { numRuns: 800 },
  );
});
