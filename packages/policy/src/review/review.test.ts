import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import { exec } from "../../test/requests.ts";
import { checkPolicySet, formatPolicy } from "./check.ts";
import { explain } from "./explain.ts";
import { runPolicyTests } from "./policy-tests.ts";

const TEXT = `@id("all") permit(principal, action, resource);
@id("push") @reason("no pushing") @ask("operator")
forbid(principal, action == Action::"exec", resource in ProgramGroup::"git") when { context.verb == "push" } unless { context.approved };
@id("risky") forbid(principal, action == Action::"exec", resource in ProgramGroup::"late") when { context.time * 9223372036854775807 > 1 };
`;
const options = { sources: [{ name: "a.cedar", text: TEXT }], cache: undefined };

test("check lists problems, and a text that traps Cedar is one", async () => {
  assert.deepEqual(await checkPolicySet(options.sources), []);
  const chained = `@id("x") permit(principal, action, resource) when { context${".a".repeat(5_000)} };`;
  const [problem] = await checkPolicySet([{ name: "b.cedar", text: chained }]);
  assert.deepEqual([problem?.severity, problem?.source], ["error", "b.cedar"]);
});

test("a policy names hosts as policies are asked about them, or it would never apply", async () => {
  const check = async (resource: string, condition = ""): Promise<readonly string[]> => {
    const text = `@id("x") forbid(principal, action == Action::"connect", resource ${resource}) ${condition};`;
    return (await checkPolicySet([{ name: "a.cedar", text }])).map(
      ({ message, remedy }) => `${message}: ${remedy ?? ""}`,
    );
  };
  for (const good of [
    '== Host::"api.example.com"',
    'in HostGroup::"*.example.com"',
    'in HostGroup::"profile"',
    "is Host",
  ]) {
    assert.deepEqual(await check(good), [], good);
  }
  for (const [bad, plain] of [
    ['== Host::"API.example.com"', 'Host::"api.example.com"'],
    ['== Host::"api.example.com."', 'Host::"api.example.com"'],
    ['in HostGroup::"*.Example.com"', 'HostGroup::"*.example.com"'],
    ['== Host::"b\u00fccher.example"', "xn--"],
    ['== Host::"10.0.0.5"', "[network.hosts]"],
    ['== Host::"*.example.com"', "as in DNS"],
    ['in HostGroup::"example.com"', "`*.` and a domain"],
  ] as const) {
    const [problem = "", ...more] = await check(bad);
    assert.match(problem, /is no host that policies are asked about/, bad);
    assert.ok(problem.includes(plain), problem);
    assert.deepEqual(more, []);
  }
  const hidden = await check("", 'when { [Host::"api.test", Host::"API.test"].contains(resource) }');
  assert.match(hidden.join(), /`Host::"API.test"` is no host.*write `Host::"api.test"`/);
});

test("format keeps meaning and comments, and formatting twice changes nothing", async () => {
  const formatted = await formatPolicy(`// why\n@id("x")permit(principal,action,resource)when{context.approved};`);
  assert.match(formatted, /^\/\/ why\n@id\("x"\)\npermit \(principal, action, resource\)\nwhen/);
  assert.equal(await formatPolicy(formatted), formatted);
  await assert.rejects(formatPolicy("permit("), { code: "POLICY_INVALID", message: /^line 1: / });
  await assert.rejects(formatPolicy("(".repeat(500)), { code: "POLICY_INVALID", message: /nested more than 64/ });
});

test("explain shows which policies say so, and on what facts", async () => {
  const { decision, subjects, policyCount } = await explain(options, exec(["git", "push", "origin"]));
  assert.deepEqual([decision.outcome, policyCount], ["ask", 3]);
  assert.deepEqual(
    subjects.map(({ what, policies }) => [what, policies.map(({ id, result, line }) => [id, result, line])]),
    [
      [
        "/usr/bin/git",
        [
          ["all", "satisfied", 1],
          ["push", "satisfied", 2],
        ],
      ],
    ],
  );
  assert.deepEqual(subjects[0]?.policies[1]?.facts, { approved: false, verb: "push" });
  const late = await explain(options, exec(["late"]));
  assert.deepEqual(
    late.subjects[0]?.policies.map(({ id, result }) => `${id} ${result}`),
    ["all satisfied", "risky failed"],
  );
});

describe("policy tests", () => {
  test("say what passed, and what came instead", async () => {
    const report = await runPolicyTests(
      options,
      `[[test]]
       name = "asked"
       argv = ["git", "push"]
       expect = "ask"
       policy = "push"
       [[test]]
       name = "connect"
       host = "example.com"
       expect = "allow"
       [[test]]
       name = "wrong outcome"
       argv = ["git", "status"]
       expect = "deny"
       [[test]]
       name = "wrong policy"
       argv = ["git", "status"]
       expect = "allow"
       policy = "push"
       [[test]]
       name = "a failure is not the denial that was meant"
       argv = ["late"]
       time = 5
       expect = "deny"`,
    );
    assert.deepEqual([report.passed, report.failed], [2, 3]);
    assert.deepEqual(
      report.results.slice(2, 4).map(({ message }) => message),
      ["expected deny, got allow by `all`", "expected allow by `push`, got allow by `all`"],
    );
    assert.match(report.results[4]?.message ?? "", /overflow/);
  });

  for (const [name, text, expected] of [
    [
      "unknown key",
      `[[test]]\nname = "a"\nargs = []\nexpect = "allow"`,
      /^test 1 \(a\): unknown key `args`; use name, argv/,
    ],
    ["unknown table", `[[tests]]\nname = "a"`, /unknown key `tests`/],
    ["no tests", ``, /no tests/],
    ["no expectation", `[[test]]\nname = "a"\nargv = ["x"]`, /no usable `expect`/],
    ["no name", `[[test]]\nargv = ["x"]\nexpect = "deny"`, /test 1: no `name`/],
    ["a host in capitals", `[[test]]\nname = "a"\nhost = "API.test"\nexpect = "deny"`, /write `Host::"api.test"`/],
    ["both", `[[test]]\nname = "a"\nargv = ["x"]\nhost = "y"\nexpect = "deny"`, /either `argv` or `host`/],
    ["wrong type", `[[test]]\nname = "a"\nargv = "x"\nexpect = "deny"`, /`argv` is not a list of strings/],
    ["no TOML", `[[test]`, /^line 1: /],
  ] as const) {
    test(name, async () => {
      await assert.rejects(runPolicyTests(options, text), { code: "POLICY_TEST_INVALID", message: expected });
    });
  }
});
