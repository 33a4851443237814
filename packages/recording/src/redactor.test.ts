import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadSecretFinder } from "@bailiwick/secrets";
import { Redactor } from "./redactor.ts";

const finder = await loadSecretFinder();
const TOKEN = `ghp_${"aB3dE6gH9jKlMnOpQrStUvWxYz0123456789"}`;
const VALUE = "vErY-s3cret-value-42";

function redactor(columns = 80): Redactor {
  return new Redactor({ finder, values: [{ value: VALUE, kind: "API_KEY" }], columns });
}

function redact(text: string, columns = 80): string {
  const it = redactor(columns);
  const written = [...it.push(0, Buffer.from(text)), ...it.finish(1)];
  return written.map((each) => each.text).join("");
}

describe("a redaction", () => {
  for (const [what, before, after] of [
    ["a token in a line", `token: ${TOKEN}\r\n`, "token: [redacted: github]\r\n"],
    [
      "several in a line",
      `${TOKEN} ${TOKEN},${VALUE}\n`,
      "[redacted: github] [redacted: github],[redacted: API_KEY]\n",
    ],
    [
      "one cut by colours",
      `\u001b[1mghp_\u001b[0m\u001b[31m${TOKEN.slice(4)}\u001b[0m\n`,
      "\u001b[1m[redacted: github]\u001b[0m\u001b[31m\u001b[0m\n",
    ],
    [
      "one that touches its neighbours on the screen only",
      `x\u001b[32m${TOKEN}\u001b[0my\n`,
      "x\u001b[32m[redacted: github]\u001b[0my\n",
    ],
    [
      "one cut by erasing to the end of the line, as grep does",
      `a \u001b[01;31m\u001b[Kghp_\u001b[m\u001b[K${TOKEN.slice(4)} b\n`,
      "a \u001b[01;31m\u001b[K[redacted: github]\u001b[m\u001b[K b\n",
    ],
    ["one in a title", `\u001b]0;${TOKEN}\u0007text\n`, "\u001b]0;[redacted: github]\u0007text\n"],
    [
      "one in what goes to the clipboard",
      `\u001b]52;c;${Buffer.from(`key=${VALUE}`).toString("base64")}\u0007`,
      "\u001b]52;c;a2V5PX[redacted: API_KEY]\u0007",
    ],
    [
      "one around a link",
      `\u001b]8;;https://example.com\u001b\\${TOKEN.slice(0, 10)}\u001b]8;;\u001b\\${TOKEN.slice(10)}\n`,
      "\u001b]8;;https://example.com\u001b\\[redacted: github]\n",
    ],
    ["one without a line's end", `$ export T=${TOKEN}`, "$ export T=[redacted: github]"],
    [
      "a known value with blanks in between",
      `${VALUE.slice(0, 5)}\n    ${VALUE.slice(5)}\n`,
      "[redacted: API_KEY]\n\n",
    ],
    [
      "a known value in a box",
      `│ ${VALUE.slice(0, 8)} │\r\n│ ${VALUE.slice(8)} │\r\n`,
      "│ [redacted: API_KEY]\r\n │\r\n",
    ],
    ["one typed with a correction", `ghp_aB3x\b \b${TOKEN.slice(7)}\r\n`, "[redacted: github]\b\b\r\n"],
    [
      "rows that are drawn at places",
      `\u001b[5;1H${TOKEN}\u001b[6;1Hother`,
      "\u001b[5;1H[redacted: github]\u001b[6;1Hother",
    ],
    [
      "one drawn a character at a time, each where the last ended",
      "\u001b[5;1H" + [...TOKEN].map((c, n) => `\u001b[5;${String(n + 1)}H${c}`).join("") + "\n",
      undefined,
    ],
  ] as const) {
    test(`takes out ${what}`, () => {
      const redacted = redact(before);
      if (after !== undefined) assert.equal(redacted, after);
      assert.match(redacted, /\[redacted: /);
    });
  }

  test("follows a line that the program wrapped at the terminal's width, also in a box", () => {
    const start = "x".repeat(20);
    assert.equal(
      redact(`${start} ${TOKEN.slice(0, 19)}\r\n${TOKEN.slice(19)} y\r\n`, 40),
      `${start} [redacted: github]\r\n y\r\n`,
    );
    const boxed = `│ ${start.slice(0, 16)} ${TOKEN.slice(0, 19)} │\r\n│ ${TOKEN.slice(19)} y │\r\n`;
    assert.equal(redact(boxed, 40), `│ ${start.slice(0, 16)} [redacted: github]\r\n y │\r\n`);
    // Lines that end before the edge are lines of their own.
    assert.equal(redact(`ghp_\r\n${TOKEN.slice(4)}\r\n`), `ghp_\r\n${TOKEN.slice(4)}\r\n`);
  });

  test("follows private keys line by line, numbered, in a diff, and no further than they go", () => {
    const key = [
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU",
      "AAAAEbm9uZQAAAAAAAAABAAAAMwAAAA",
      "-----END OPENSSH PRIVATE KEY-----",
    ];
    for (const prefix of ["", "+", "    12\t", "│ "]) {
      const text = redact(`before\n${key.map((line) => prefix + line).join("\n")}\nbehind\n`);
      assert.doesNotMatch(text, /b3Blb|AAAAE/);
      assert.match(text, /^before\n.*\[redacted: private key\]\n+[^]*behind\n$/);
    }
    assert.equal(
      redact(`${key[0] ?? ""}\nb3BlbnNzaC1rZXktdjE\nThat was a key.\n`),
      "[redacted: private key]\n\nThat was a key.\n",
    );
    // Wrapped by the terminal's width in a program of its own.
    assert.doesNotMatch(redact(key.join("\r\n"), 32), /b3Blb|AAAAE/);
  });

  test("is counted, and said at the time at which it was written", () => {
    const it = redactor();
    const written = [
      ...it.push(10, Buffer.from("a ghp_aB3dE6")),
      ...it.push(20, Buffer.from(`${TOKEN.slice(10)} b\n`)),
      ...it.push(30, Buffer.from("c\n")),
      ...it.finish(40),
    ];
    assert.deepEqual(written, [
      { at: 10, text: "a " },
      { at: 10, text: "[redacted: github]" },
      { at: 20, text: " b\n" },
      { at: 30, text: "c\n" },
    ]);
    assert.equal(it.redactions, 1);
  });

  test("holds back no more than it has to, and has an end to what it holds", () => {
    const it = redactor();
    const text = (bytes: string): string =>
      it
        .push(0, Buffer.from(bytes))
        .map((each) => each.text)
        .join("");
    assert.equal(text("line\r\nprompt$ "), "line\r\n");
    assert.equal(text("hallo!\r\n"), "prompt$ hallo!\r\n");
    for (const flood of [
      " ",
      "\u001b[31m",
      "x",
      "\u001b]0;",
      "\b",
      `${VALUE[0] ?? ""}\u001b[C`,
      "\u009d",
      "\u001bP1",
      "ghp_",
      "\u001b[",
    ]) {
      const flooded = redactor();
      let given = 0;
      const bytes = Buffer.from(flood.repeat(Math.ceil(65_536 / flood.length)));
      for (let round = 0; round < 40; round++) for (const each of flooded.push(0, bytes)) given += each.text.length;
      assert.ok(given >= 39 * 65_536 - 300_000, `${JSON.stringify(flood)}: ${String(given)}`);
    }
  });

  test("where something was left out, leaves out what is next to it: there may be half a secret on either side", () => {
    const it = redactor();
    const written = [...it.push(0, Buffer.from(`whole\nhalf ${VALUE.slice(0, 8)}`))];
    assert.equal(it.skip(), 13);
    written.push(...it.push(1, Buffer.from(`${VALUE.slice(8)} rest\nwhole again\n`)), ...it.finish(2));
    assert.equal(written.map(({ text }) => text).join(""), "whole\n\nwhole again\n");
  });
});
