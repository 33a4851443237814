import cedar from "@cedar-policy/cedar-wasm/nodejs";
import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import { exec, program } from "../../test/requests.ts";
import { Facts, SteadyFacts } from "../request/facts.ts";
import { entitiesOf, subjectsOf } from "../request/subject.ts";
import type { Clause } from "./compiled.ts";
import { attributesOf, isLike, readConditions, requiredGroups } from "./condition.ts";

function clausesOf(conditions: string): readonly Clause[] {
  const answer = cedar.policyToJson(`permit(principal, action, resource) ${conditions};`);
  assert.equal(answer.type, "success", JSON.stringify(answer));
  return answer.type === "success" ? answer.json.conditions : [];
}

const [subject] = subjectsOf(
  exec(["git", "-C", "/x", "push", "-f"], { links: [{ program: program("git"), argv: ["git", "push", "-f"] }] }),
);
assert.ok(subject !== undefined);
const facts = new Facts(subject, entitiesOf(subject), false);
const steady = new SteadyFacts(subject, entitiesOf(subject), false);
const fails = "context.time * 9223372036854775807 > 1";

/** With all facts, and with only the steady ones. */
const TABLE: readonly (readonly [string, boolean | "opaque", boolean | "open" | "opaque"])[] = [
  [`context.verb == "push"`, true, "open"],
  [`context.verb == "pull"`, false, "open"],
  [`context.verb != "push"`, false, "open"],
  [`context.path == "/usr/bin/git"`, true, true],
  [`context.path == "/x"`, false, false],
  [`context.approved`, false, "open"],
  [`!context.approved`, true, "open"],
  [`context.line like "git*-f"`, true, "open"],
  [`context.line like "*force*"`, false, "open"],
  [`context.flags.contains("-f")`, true, "open"],
  [`context.flags.containsAny(["-x", "-f"])`, true, "open"],
  [`context.flags.containsAll(["-x", "-f"])`, false, "open"],
  [`["pull", "push"].contains(context.verb)`, true, "open"],
  [`context.labels.isEmpty()`, true, true],
  [`context.operandCount < 1`, false, "open"],
  [`context.operandCount <= 1`, true, "open"],
  [`context.operandCount > 1`, false, "open"],
  [`context.operandCount >= 1`, true, "open"],
  [`context has port`, false, false],
  [`context has verb`, true, true],
  [`resource in ProgramGroup::"git"`, true, true],
  [`resource in [ProgramGroup::"rm", ProgramGroup::"su"]`, false, false],
  [`resource in []`, false, false],
  [`resource == Program::"/usr/bin/git"`, true, true],
  [`resource is Program`, true, true],
  [`resource is Program in ProgramGroup::"rm"`, false, false],
  [`principal in User::"ada"`, true, true],
  [`action == Action::"exec"`, true, true],
  [`action in [Action::"connect"]`, false, false],
  // What comes first decides what can fail.
  [fails, "opaque", "opaque"],
  [`false && ${fails}`, false, false],
  [`${fails} && false`, "opaque", "opaque"],
  [`true || ${fails}`, true, true],
  [`${fails} || true`, "opaque", "opaque"],
  [`context.verb == "pull" && ${fails}`, false, "opaque"],
  [`context.verb == "push" && ${fails}`, "opaque", "opaque"],
  [`context.verb == "pull" && resource in ProgramGroup::"rm"`, false, false],
  [`context.verb == "pull" || resource in ProgramGroup::"git"`, true, true],
  [`if context.verb == "push" then false else ${fails}`, false, "opaque"],
  [`if context.verb == "push" then false else resource in ProgramGroup::"rm"`, false, false],
  [`if ${fails} then false else false`, "opaque", "opaque"],
  // Not known here, so Cedar's.
  [`context.operandCount + 1 == 2`, "opaque", "opaque"],
  [`context.time < 9223372036854775807`, "opaque", "opaque"],
  [`context.flags == context.args`, "opaque", "open"],
  [`ip("127.0.0.1").isLoopback()`, "opaque", "opaque"],
  [`context == context`, "opaque", "opaque"],
];

describe("conditions", () => {
  for (const [text, whole, partly] of TABLE) {
    test(text, () => {
      const condition = readConditions(clausesOf(`when { ${text} }`));
      assert.equal(condition(facts), whole);
      assert.equal(condition(steady), partly);
    });
  }

  test("every when and no unless, in order", () => {
    const truth = (conditions: string) => readConditions(clausesOf(conditions))(facts);
    assert.equal(truth(""), true);
    assert.equal(truth(`when { true } unless { context.verb == "push" }`), false);
    assert.equal(truth(`unless { context.verb == "push" } when { ${fails} }`), false);
    assert.equal(truth(`when { ${fails} } unless { context.verb == "push" }`), "opaque");
  });

  test("a form that is not Cedar's is opaque", () => {
    for (const body of [
      undefined,
      null,
      1,
      "x",
      [],
      {},
      { a: 1, b: 2 },
      { "&&": 1 },
      { "||": { left: {} } },
      { like: {} },
      { Value: 1 },
    ]) {
      assert.notEqual(readConditions([{ kind: "when", body }])(facts), false, JSON.stringify(body));
      assert.notEqual(readConditions([{ kind: "unless", body }])(facts), false, JSON.stringify(body));
    }
  });
});

test("groups count only where they are evaluated first", () => {
  const groups = (text: string) => requiredGroups(clausesOf(text));
  const git = `resource in ProgramGroup::"git"`;
  assert.deepEqual(groups(`when { ${git} && context.approved }`), ["ProgramGroup git"]);
  assert.deepEqual(groups(`when { (${git} && ${fails}) || resource in [ProgramGroup::"a", ProgramGroup::"b"] }`), [
    "ProgramGroup git",
    "ProgramGroup a",
    "ProgramGroup b",
  ]);
  assert.equal(groups(`when { ${fails} && ${git} }`), undefined);
  assert.equal(groups(`when { ${git} || context.approved }`), undefined);
  assert.equal(groups(`unless { ${git} }`), undefined);
  assert.equal(groups(`when { !(${git}) }`), undefined);
  assert.equal(groups(`when { principal in User::"x" }`), undefined);
  assert.equal(groups(""), undefined);
});

test("attributes are all that conditions mention", () => {
  const attributes = (text: string) => attributesOf(clausesOf(text));
  assert.deepEqual(
    attributes(`when { context.verb == "x" && [context.line].contains("y") } unless { context has port }`),
    new Set(["verb", "line", "port"]),
  );
  assert.equal(attributes(`when { context == {a: 1} }`), "all");
});

test("like is Cedar's", () => {
  for (const [text, pieces, expected] of [
    ["abc", ["abc"], true],
    ["abcd", ["abc"], false],
    ["abc", ["", ""], true],
    ["", ["", ""], true],
    ["ab", ["ab", "b"], false],
    ["abb", ["ab", "b"], true],
    ["xabc", ["abc", ""], false],
    ["xaybz", ["x", "y", "z"], true],
    ["xaybz", ["x", "b", "y", "z"], false],
    ["aaa", ["a", "a", "a", "a"], false],
  ] as const) {
    assert.equal(isLike(text, pieces), expected, `${text} ${pieces.join("*")}`);
  }
});
