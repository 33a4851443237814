import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { DisplayFilter } from "./display.ts";

function shown(...chunks: readonly string[]): string {
  const filter = new DisplayFilter();
  return chunks.map((chunk) => filter.push(chunk)).join("") + filter.finish();
}

describe("what a replay passes on", () => {
  test("is text, colours, moves, erasing, screens and character sets", () => {
    for (const text of [
      "text é 漢字 😀\r\n\t",
      "\u001b[1;38;5;208;48:2::1:2:3mbold\u001b[m",
      "\u001b[H\u001b[2J\u001b[10;20H\u001b[3A\u001b[K\u001b[1;5r\u001b[2S\u001b[4P\u001b[5X\u001b[2b",
      "\u001b[?1049h\u001b[?25l\u001b[?7h\u001b[?2026h\u001b[4h",
      "\u001b7\u001b8\u001bM\u001bD\u001bE\u001bH\u001b(0qqq\u001b(B\u000e\u000f\b",
      "\u001b[s\u001b[u",
      "\u001b]8;id=1;https://example.com/a\u001b\\link\u001b]8;;\u001b\\",
    ]) {
      assert.equal(shown(text), text);
    }
  });

  test("is nothing that does more to a terminal, or makes it answer", () => {
    for (const [what, text] of [
      ["clipboard", "\u001b]52;c;aGFjaw==\u0007"],
      ["clipboard in C1", "\u009d52;c;aGFjaw==\u009c"],
      ["titles", "\u001b]0;title\u0007\u001b]2;title\u001b\\\u001b]1;icon\u0007"],
      ["title stack", "\u001b[22;0t\u001b[23;0t"],
      ["window reports and moves", "\u001b[21t\u001b[14t\u001b[3;0;0t\u001b[8;100;100t"],
      ["device controls", "\u001bP+q544e\u001b\\\u001bP$qm\u001b\\\u001bPq#0;2;0;0;0~-\u001b\\\u0090q~\u009c"],
      ["strings of other kinds", "\u001b_Gf=24;AAAA\u001b\\\u001b^private\u001b\\\u001bXstart\u001b\\"],
      ["questions", "\u001b[6n\u001b[5n\u001b[?6n\u001b[c\u001b[>c\u001b[=c\u001b[>0q\u001b[?25$p\u001b[x\u0005"],
      ["bracketed paste", "\u001b[?2004h\u001b[?2004l"],
      ["mouse and focus", "\u001b[?1000h\u001b[?1002h\u001b[?1003h\u001b[?1006h\u001b[?1004h\u001b[?9h"],
      ["keyboard modes", "\u001b[?1h\u001b=\u001b>\u001b[>4;2m\u001b[>1u\u001b[<u\u001b[=5;1u\u001b[2h"],
      ["bells, and what has no use", "\u0007\u0000\u001b[!p\u001b#8\u001b%G\u001bn\u001b[i\u001b[5i\u001b[4i\u001b[q"],
      [
        "links but to pages",
        "\u001b]8;;file:///etc/passwd\u0007\u001b]8;;javascript:alert(1)\u0007\u001b]8;;ssh://host\u0007",
      ],
      [
        "colours of the terminal, files, notes",
        "\u001b]4;1;red\u0007\u001b]10;?\u0007\u001b]1337;File=:AA==\u0007\u001b]9;note\u0007\u001b]777;notify;a;b\u0007\u001b]133;A\u0007",
      ],
    ] as const) {
      assert.equal(shown(`a${text}b`), "ab", what);
    }
  });

  test("keeps private modes that are harmless of those that are set together, and no number is large", () => {
    assert.equal(shown("\u001b[?25;2004;1049h"), "\u001b[?25;1049h");
    assert.equal(shown("\u001b[99999999999b"), "\u001b[9999b");
    assert.equal(shown("\u001bc"), "\u001b[m\u001b[r\u001b[2J\u001b[H");
  });

  test("is the same whatever the chunks", () => {
    const part = fc.constantFrom(
      "a",
      "\u001b",
      "[",
      "]",
      "52;c;",
      "8;;https://a",
      "\\",
      "\u0007",
      "m",
      "?",
      "25",
      "h",
      "P",
      "\u009d",
      "\u009b",
      "1;2",
      "x".repeat(5_000),
      "\u0018",
      " ",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        assert.equal(shown(...parts), shown(parts.join("")));
      }),
      { numRuns: 2_000 },
    );
  });

  test("whatever is written, has no string but links and no question", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constantFrom(
              "\u001b",
              "[",
              "]",
              "P",
              "\u009d",
              "\u0090",
              "\u009b",
              "?",
              "n",
              "c",
              ";",
              "\\",
              "8",
              "http://",
              "6",
            ),
            fc.string({ maxLength: 3 }),
          ),
          { maxLength: 50 },
        ),
        (parts) => {
          const text = shown(parts.join(""));
          const known =
            /\u001b\[\??[0-9;:]*[@A-HIJKLMPSTXZ`abdefhlmrsu]|\u001b[78DEHM]|\u001b[()][0AB]|\u001b\]8;[^\u0007\u001b]*\u001b\\|[\b\t\n\r\u000e\u000f]/g;
          assert.doesNotMatch(text.replaceAll(known, ""), /[\u0000-\u001f\u007f-\u009f]/);
          assert.doesNotMatch(text, /\u001b\[\??[0-9;]*[nct]/);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
