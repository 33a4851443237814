import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { VERSION } from "../version.ts";
import { parseRunArguments } from "./options.ts";

const parse = (...words: string[]) => {
  const { options, command, help } = parseRunArguments(words);
  return { options: Object.fromEntries(options), command, help };
};

describe("run's arguments", () => {
  test("options end at `--`, or at the first word that is none", () => {
    assert.deepEqual(parse("--name", "x", "--", "ls", "--json", "--", "-h"), {
      options: { name: ["x"] },
      command: ["ls", "--json", "--", "-h"],
      help: false,
    });
    assert.deepEqual(parse("--json", "ls", "--name", "x"), {
      options: { json: [""] },
      command: ["ls", "--name", "x"],
      help: false,
    });
    assert.deepEqual(parse("-", "x").command, ["-", "x"]);
    assert.deepEqual(parse("--").command, []);
  });

  test("a value is the next word, whatever it looks like, or stands behind `=`", () => {
    assert.deepEqual(parse("--name", "--json", "ls").options, { name: ["--json"] });
    assert.deepEqual(parse("--env=A=b=c", "--env", "D", "ls").options, { env: ["A=b=c", "D"] });
    assert.deepEqual(parse("--name=", "ls").options, { name: [""] });
  });

  test("help", () => {
    assert.equal(parse("--name", "x", "--help").help, true);
    assert.equal(parse("ls", "--help").help, false);
  });

  for (const [what, words, message] of [
    ["an unknown option", ["--nmae", "x"], /no option `--nmae`/],
    ["a short option", ["-p", "x"], /no option `-p`/],
    ["a prototype's name", ["--constructor", "x"], /no option `--constructor`/],
    ["a missing value", ["--name"], /`--name` needs a value/],
    ["a value too many", ["--json=1"], /`--json` takes no value/],
    ["an option twice", ["--name", "a", "--name", "b"], /`--name` was given twice/],
  ] as const) {
    test(`${what} is an error`, () => {
      assert.throws(() => parseRunArguments(words), { code: "CLI_USAGE", message });
    });
  }
});

test("the version is the package's", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  assert.equal(VERSION, version);
});
