import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeSources } from "../profile/merge.ts";
import { buildEnvironment, type EnvironmentQuestion } from "./environment.ts";

function build(
  question: Partial<EnvironmentQuestion>,
  environment: { pass?: string[]; set?: Map<string, string> } = {},
) {
  const lines = buildEnvironment({
    profile: mergeSources("p", [{ environment }]),
    person: {},
    agent: {},
    extra: {},
    path: "/usr/bin",
    cwd: "/w",
    roots: { workspace: "/w", home: "/h" },
    ...question,
  });
  assert.deepEqual(lines, [...lines].sort());
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

test("nothing of the person's is passed on but what the profile names", () => {
  const person = {
    AWS_SECRET_ACCESS_KEY: "x",
    TERM: "xterm",
    LC_ALL: "C",
    LC: "no",
    HOME: "/other",
    LD_PRELOAD: "/x.so",
  };
  const environment = build({ person }, { pass: ["TERM", "LC_*"] });
  const { USER, LOGNAME, ...rest } = environment;
  assert.equal(USER, LOGNAME);
  assert.deepEqual(rest, {
    HOME: "/h",
    LC_ALL: "C",
    PATH: "/usr/bin",
    PWD: "/w",
    SHELL: "/bin/sh",
    TERM: "xterm",
    TMPDIR: "/tmp",
  });
});

test("each is over the one before: the person's, the agent's, the profile's, the command line's", () => {
  const levels = { person: { A: "1", B: "1", C: "1", D: "1" }, agent: { B: "2", C: "2", D: "2" }, extra: { D: "4" } };
  const environment = build(levels, {
    pass: ["A", "B", "C", "D"],
    set: new Map([
      ["C", "3"],
      ["D", "3"],
    ]),
  });
  assert.deepEqual([environment["A"], environment["B"], environment["C"], environment["D"]], ["1", "2", "3", "4"]);
});

test("values of the profile may name workspace and home; those of others are left as they are", () => {
  const set = new Map([["CACHE", "{home}/c:{workspace}/c"]]);
  const environment = build({ extra: { RAW: "{home}" } }, { set });
  assert.equal(environment["CACHE"], "/h/c:/w/c");
  assert.equal(environment["RAW"], "{home}");
});

test("a shell that is not visible inside is not named", () => {
  assert.equal(build({ person: { SHELL: "/home/me/bin/fish" } })["SHELL"], "/bin/sh");
  assert.equal(build({ person: { SHELL: "/usr/bin/fish" } })["SHELL"], "/usr/bin/fish");
});
