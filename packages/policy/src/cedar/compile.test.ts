import cedar from "@cedar-policy/cedar-wasm/nodejs";
import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import { formatProblem } from "../source.ts";
import { compilePolicySet } from "./compile.ts";

function problemsOf(...texts: readonly string[]): readonly string[] {
  const sources = texts.map((text, index) => ({ name: `${String(index)}.cedar`, text }));
  return compilePolicySet(cedar, sources).problems.map((problem) => `${problem.severity} ${formatProblem(problem)}`);
}

const scope = `(principal, action == Action::"exec", resource)`;

describe("problems say where and what to do", () => {
  for (const [name, texts, expected] of [
    ["no id", [`permit${scope};`], /^error 0\.cedar:1:1: the policy has no `@id`; write/],
    ["unusable id", [`@id("a b") permit${scope};`], /not a usable id/],
    ["empty id", [`@id("") permit${scope};`], /not a usable id/],
    [
      "duplicate id",
      [`@id("a") permit${scope};`, `// é\n@id("a") forbid${scope};`],
      /^error 1\.cedar:2:1: .*already used in 0\.cedar, line 1/,
    ],
    ["unknown annotation", [`@id("a") @resaon("x") permit${scope};`], /unknown annotation `@resaon`/],
    ["template", [`@id("a") permit(principal == ?principal, action, resource);`], /is a template/],
    ["syntax", [`// ééé\n@id("a") permit(principal, actio, resource);`], /^error 0\.cedar:2:28: .*actio/],
    ["syntax inside", [`@id("a") permit${scope} when { context.line = "x" };`], /^error 0\.cedar:1:\d+: /],
    [
      "unknown attribute",
      [`@id("a") permit${scope}\nwhen { context.lin == "x" };`],
      /^error 0\.cedar:2:8: .*`lin`.*did you mean `line`/,
    ],
    ["unknown action", [`@id("a") permit(principal, action == Action::"exce", resource);`], /did you mean/],
    ["unknown type", [`@id("a") permit(principal in Team::"x", action, resource);`], /Team/],
    ["wrong type", [`@id("a") permit${scope} when { context.line == 3 };`], /error/],
    [
      "second policy of a text",
      [`@id("a") permit${scope};\n  @id("b") permit${scope} when { context.foo };`],
      /^error 0\.cedar:2:/,
    ],
    [
      "ask on a permit",
      [`@id("a") @ask("operator") permit${scope} unless { context.approved };`],
      /no approval can lift/,
    ],
    ["ask that cannot be lifted", [`@id("a") @ask("operator") forbid${scope};`], /no approval can lift/],
    ["ask without a role", [`@id("a") @ask("") forbid${scope} unless { context.approved };`], /names no role/],
    [
      "a class that is none",
      [`@id("a") @ask("x") @class("Push!") forbid${scope} unless { context.approved };`],
      /write `@class/,
    ],
    [
      "a link that is not never",
      [`@id("a") @ask("x") @link("no") forbid${scope} unless { context.approved };`],
      /`@link/,
    ],
    [
      "one approval",
      [`@id("a") @ask("x") @approvals("1") forbid${scope} unless { context.approved };`],
      /2 to 9 people/,
    ],
    [
      "no time",
      [`@id("a") @ask("x") @stepUp("1441") forbid${scope} unless { context.approved };`],
      /1 to 1440 minutes/,
    ],
    [
      "a severity that is none",
      [`@id("a") @severity("urgent") forbid${scope};`],
      /write one of low, medium, high, critical/,
    ],
    ["a severity of what is permitted", [`@id("a") @severity("low") permit${scope};`], /how severe a refusal is/],
    ["a class of no question", [`@id("a") @class("push") forbid${scope};`], /`@class` without `@ask`/],
    ["approved without ask", [`@id("a") forbid${scope} unless { context.approved };`], /nobody would ever be asked/],
    ["the whole context", [`@id("a") permit${scope} when { [context].contains(context) };`], /`context` as a whole/],
    [
      "never applies",
      [`@id("a") forbid(principal, action == Action::"exec", resource is Host);`],
      /^warning .*(impossible|unable to find)/,
    ],
    ["lone surrogate", [`@id("a") permit${scope}; // \ud800`], /not well-formed/],
  ] as const) {
    test(name, () => {
      const found = problemsOf(...texts);
      assert.ok(
        found.some((problem) => expected.test(problem)),
        found.join("\n"),
      );
    });
  }
});

test("a set with an error has no policies; with a warning it has", () => {
  const compile = (text: string) => compilePolicySet(cedar, [{ name: "x", text }]).policies.length;
  assert.equal(compile(`@id("a") permit${scope}; @id("b") permit${scope} when { context.x };`), 0);
  assert.equal(compile(`@id("a") forbid(principal, action == Action::"exec", resource is Host);`), 1);
});

test("more than ten policies keep their own places", () => {
  const text = Array.from({ length: 25 }, (_, index) => `@id("p${String(index)}") permit${scope};`).join("\n");
  const { policies } = compilePolicySet(cedar, [{ name: "x", text }]);
  assert.deepEqual(new Set(policies.map(({ id, line }) => Number(id.slice(1)) + 1 === line)), new Set([true]));
});
