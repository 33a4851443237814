import cedar, { type CedarValueJson as CedarValue } from "@cedar-policy/cedar-wasm/nodejs";
import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { RUN } from "../../test/requests.ts";
import { Cedar } from "../cedar/cedar.privileged.ts";
import { compilePolicySet } from "../cedar/compile.ts";
import { ATTRIBUTES, Facts, isSet } from "../request/facts.ts";
import { entitiesOf, subjectsOf, type Subject } from "../request/subject.ts";
import { digestPolicySet } from "../source.ts";
import type { DecisionRequest, ExecRequest, ConnectRequest, HttpRequest, RunFacts } from "../types.ts";
import { SlicingDecider } from "./decider.ts";
import { authorizationCall } from "./judge.ts";

/*
 * Random policy sets, random requests. The product decides; Cedar decides over the whole set, with every attribute, and
 * with the rules of a failing evaluation and of questions applied to its answer as the specification has them. Both must
 * come to the same outcome. Conditions are generated from a grammar that holds what condition.ts knows and what it does not.
 */

const NAMES = ["git", "rm", "sudo", "node", "memfd", "workspace"];
const WORDS = ["push", "pull", "-f", "--force", "-rf", "/", "origin", "main", "core.sshCommand=x", "a*b", "ü😀", ""];
const STRINGS = ["argv0", "line", "verb", "cwd", "path", "profile"];
const SETS = ["args", "flags", "operands", "words", "settings", "paths", "pathParts", "places", "labels"];

const q = (text: string): string => JSON.stringify(text);
const word = fc.constantFrom(...WORDS, ...NAMES);
const strings = fc.array(word, { maxLength: 3 }).map((items) => items);
const pattern = fc
  .array(
    fc.oneof(
      word.map((text) => q(text).slice(1, -1).replaceAll("*", "\\*")),
      fc.constant("*"),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => `"${parts.join("")}"`);
const group = fc.constantFrom(...NAMES).map((name) => `ProgramGroup::${q(name)}`);
const programUid = fc.constantFrom("git", "rm", "x").map((name) => `Program::"/usr/bin/${name}"`);
const user = fc.constantFrom(`User::"ada"`, `User::"eve"`, `Agent::"codex"`, `Project::"/home/ada/work"`);

const execAtom = fc.oneof(
  fc
    .tuple(fc.constantFrom(...STRINGS), fc.constantFrom("==", "!="), word)
    .map(([a, op, w]) => `context.${a} ${op} ${q(w)}`),
  fc.tuple(fc.constantFrom(...STRINGS), pattern).map(([a, p]) => `context.${a} like ${p}`),
  fc.tuple(fc.constantFrom(...SETS), word).map(([a, w]) => `context.${a}.contains(${q(w)})`),
  fc
    .tuple(
      fc.constantFrom(...SETS),
      fc.constantFrom("containsAny", "containsAll"),
      fc.array(word, { minLength: 1, maxLength: 3 }),
    )
    .map(([a, op, ws]) => `context.${a}.${op}([${ws.map(q).join(", ")}])`),
  fc.array(word, { minLength: 1, maxLength: 3 }).map((ws) => `[${ws.map(q).join(", ")}].contains(context.verb)`),
  fc.constantFrom(...SETS).map((a) => `context.${a}.isEmpty()`),
  fc.constantFrom(
    "context.inWorkspace",
    "true",
    "false",
    "context has verb",
    "context has port",
    "context.flags == context.args",
  ),
  fc
    .tuple(fc.constantFrom("==", "<", "<=", ">", ">=", "!="), fc.integer({ min: 0, max: 4 }))
    .map(([op, n]) => `context.operandCount ${op} ${String(n)}`),
  // These may fail: overflow. What fails must deny, also when sliced.
  fc.constantFrom(
    "context.operandCount * 9223372036854775807 > 2",
    "context.time * 9223372036854775807 > 2",
    "context.operandCount + 1 == 2",
  ),
  group.map((g) => `resource in ${g}`),
  fc.array(group, { minLength: 1, maxLength: 3 }).map((gs) => `resource in [${gs.join(", ")}]`),
  programUid.map((p) => `resource == ${p}`),
  group.map((g) => `resource is Program in ${g}`),
  user.map((u) => `principal in ${u}`),
  fc.constantFrom(`action == Action::"exec"`, `action in [Action::"exec"]`, `principal is Run`),
);
const connectAtom = fc.oneof(
  fc.constantFrom(
    "context.port == 443",
    "context.port > 1024",
    `context.host like "*.example.com"`,
    `resource in HostGroup::"*.example.com"`,
  ),
  fc.constantFrom(
    `resource == Host::"api.example.com"`,
    `context.labels.contains("push")`,
    "context.port * 9223372036854775807 > 2",
  ),
);

const httpAtom = fc.oneof(
  fc.constantFrom(
    `context.method == "GET"`,
    `["GET", "HEAD"].contains(context.method)`,
    `context.first == "repos"`,
    `context.second == ""`,
    `context.last like "*.git"`,
    `context.urlPath like "/repos/acme/*"`,
    "context.depth == 3",
    "context.sizeBytes > 100",
    'context.leak.kinds.contains("secret")',
    'context.leak.kinds.containsAny(["code", "masked"]) && !context.leak.toModel',
    "context.leak.toModel == true",
    `context.segments.contains("acme")`,
    `context.query.contains("service")`,
    `context.headers.contains("upgrade: websocket")`,
    `context.contentType == "application/json"`,
    "context.secure",
  ),
  fc.constantFrom(
    `resource in HostGroup::"*.example.com"`,
    `context.credential != "" && context.program like "*/git"`,
    "context.sizeBytes * 9223372036854775807 > 2",
  ),
);

function condition(atom: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.letrec<{ expr: string }>((tie) => ({
    expr: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      atom,
      fc.tuple(tie("expr"), tie("expr")).map(([a, b]) => `(${a} && ${b})`),
      fc.tuple(tie("expr"), tie("expr")).map(([a, b]) => `(${a} || ${b})`),
      tie("expr").map((a) => `!(${a})`),
      fc.tuple(tie("expr"), tie("expr"), tie("expr")).map(([a, b, c]) => `(if ${a} then ${b} else ${c})`),
    ),
  })).expr;
}

const principalScope = fc.oneof(
  { weight: 4, arbitrary: fc.constant("principal") },
  { weight: 2, arbitrary: user.map((u) => `principal in ${u}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      `principal == Run::${q(RUN.runId)}`,
      `principal == Run::"other"`,
      "principal is Run",
      `principal is Run in User::"ada"`,
    ),
  },
);
const execScope = fc.oneof(
  fc.constant("resource"),
  group.map((g) => `resource in ${g}`),
  programUid.map((p) => `resource == ${p}`),
  fc.constant("resource is Program"),
  group.map((g) => `resource is Program in ${g}`),
);
const connectScope = fc.constantFrom(
  "resource",
  `resource in HostGroup::"*.com"`,
  `resource == Host::"api.example.com"`,
  "resource is Host",
);

interface Draft {
  readonly effect: string;
  readonly scope: string;
  readonly clauses: string;
  readonly ask: boolean;
}

function draft(action: string, resource: fc.Arbitrary<string>, atom: fc.Arbitrary<string>): fc.Arbitrary<Draft> {
  const clause = fc
    .tuple(fc.constantFrom("when", "unless"), condition(atom))
    .map(([kind, body]) => `${kind} { ${body} }`);
  return fc.record({
    effect: fc.constantFrom("permit", "permit", "permit", "forbid", "forbid"),
    scope: fc.tuple(principalScope, resource).map(([p, r]) => `${p}, action == Action::"${action}", ${r}`),
    clauses: fc.array(clause, { maxLength: 2 }).map((clauses) => clauses.join(" ")),
    ask: fc.boolean(),
  });
}

const policySet = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: draft("exec", execScope, execAtom) },
      { weight: 1, arbitrary: draft("connect", connectScope, connectAtom) },
      { weight: 1, arbitrary: draft("httpRequest", connectScope, httpAtom) },
    ),
    {
      minLength: 0,
      maxLength: 12,
    },
  )
  .map((drafts) =>
    drafts.map(({ effect, scope, clauses, ask }, index) => {
      const asks = ask && effect === "forbid";
      return {
        id: `p${String(index)}`,
        ask: asks,
        text: `@id("p${String(index)}")${asks ? ' @ask("operator")' : ""} ${effect}(${scope}) ${clauses}${asks ? " unless { context.approved }" : ""};`,
      };
    }),
  );

const programFacts = fc.record({
  path: fc.constantFrom("/usr/bin/git", "/usr/bin/rm", "/x"),
  names: fc.uniqueArray(fc.constantFrom("git", "rm", "sudo", "node", "busybox"), { minLength: 1, maxLength: 2 }),
  digest: fc.constant("sha256:0"),
  memfd: fc.boolean(),
  inWorkspace: fc.boolean(),
});
const argv = fc.array(fc.oneof(word, fc.string({ maxLength: 6 }), fc.constantFrom("\ud800", "-C", "--", "\udc80x")), {
  maxLength: 6,
});
const run: fc.Arbitrary<RunFacts> = strings.map((labels) => ({ ...RUN, labels }));
const execRequest: fc.Arbitrary<ExecRequest> = fc.record({
  action: fc.constant("exec" as const),
  run,
  links: fc.array(fc.record({ program: programFacts, argv }), { minLength: 1, maxLength: 2 }),
  cwd: fc.constantFrom("/home/ada/work", "/"),
  timeMs: fc.constantFrom(0, 1_800_000_000_000),
  approved: fc.boolean(),
});
const connectRequest: fc.Arbitrary<ConnectRequest> = fc.record({
  action: fc.constant("connect" as const),
  run,
  host: fc.constantFrom("api.example.com", "example.com", "1.2.3.4"),
  port: fc.constantFrom(0, 443, 8080),
  leak: fc.record({ kinds: fc.subarray(["secret", "github"]), toModel: fc.boolean() }),
  timeMs: fc.constant(1_800_000_000_000),
  approved: fc.boolean(),
});

const segment = fc.constantFrom("repos", "acme", "x.git", "Acme", "a/b", "");
const httpRequest: fc.Arbitrary<HttpRequest> = fc.record({
  action: fc.constant("httpRequest" as const),
  run,
  host: fc.constantFrom("api.example.com", "example.com"),
  port: fc.constantFrom(443, 8443),
  secure: fc.boolean(),
  method: fc.constantFrom("GET", "HEAD", "POST"),
  paths: fc.array(fc.array(segment, { maxLength: 4 }), { minLength: 1, maxLength: 2 }),
  query: fc.array(fc.constantFrom("service", "\ud800"), { maxLength: 2 }),
  headers: fc.array(
    fc.constantFrom(["upgrade", "websocket"] as const, ["content-type", "Application/JSON; x=y"] as const),
    { maxLength: 2 },
  ),
  sizeBytes: fc.constantFrom(-1, 0, 2 ** 40),
  credential: fc.constantFrom("", "github"),
  program: fc.constantFrom("", "/usr/bin/git"),
  leak: fc.record({ kinds: fc.subarray(["secret", "github", "code"]), toModel: fc.boolean() }),
  timeMs: fc.constant(1_800_000_000_000),
  approved: fc.boolean(),
});

type Policies = readonly { readonly id: string; readonly ask: boolean; readonly text: string }[];

/** Cedar over everything: no slicing, no caching, every attribute. */
function whole(
  policies: Policies,
  subject: Subject,
  approved: boolean,
): { outcome: "allow" | "deny"; reasons: readonly string[] } {
  const facts = new Facts(subject, entitiesOf(subject), approved);
  const attributes = Object.keys(ATTRIBUTES).filter((name) => facts.has(name));
  const context = Object.fromEntries(
    attributes.map((name) => {
      const value = facts.get(name);
      const plain: CedarValue = isSet(value) ? [...value] : ((value ?? "") as CedarValue);
      return [name, plain];
    }),
  );
  const call = authorizationCall(facts, {});
  const answer = cedar.isAuthorized({
    principal: call.principal,
    action: call.action,
    resource: call.resource,
    context,
    policies: { staticPolicies: Object.fromEntries(policies.map(({ id, text }) => [id, text])) },
    entities: call.entities.map(({ uid, parents }) => ({ uid, attrs: {}, parents: [...parents] })),
  });
  assert.equal(answer.type, "success");
  if (answer.type !== "success") throw new Error("unreachable");
  const { decision, diagnostics } = answer.response;
  return diagnostics.errors.length > 0
    ? { outcome: "deny", reasons: ["failed"] }
    : { outcome: decision, reasons: diagnostics.reason };
}

function expected(policies: Policies, request: DecisionRequest): "allow" | "ask" | "deny" {
  const outcomes = subjectsOf(request).map((subject) => {
    const first = whole(policies, subject, request.approved);
    if (first.outcome === "allow") return "allow";
    const asks =
      first.reasons.length > 0 &&
      first.reasons.every((id) => policies.some((policy) => policy.id === id && policy.ask));
    if (!asks || request.approved) return "deny";
    return whole(policies, subject, true).outcome === "allow" ? "ask" : "deny";
  });
  return outcomes.includes("deny") ? "deny" : outcomes.includes("ask") ? "ask" : "allow";
}

test("the slice decides as the whole set does", async () => {
  const seen = { allow: 0, ask: 0, deny: 0, failed: 0, program: 0, exact: 0, once: 0 };
  const shared = new Cedar();
  const request = fc.oneof(
    { weight: 4, arbitrary: execRequest },
    { weight: 1, arbitrary: connectRequest },
    { weight: 1, arbitrary: httpRequest },
  );
  try {
    await fc.assert(
      fc.asyncProperty(policySet, fc.array(request, { minLength: 1, maxLength: 5 }), async (policies, requests) => {
        const sources = [{ name: "random.cedar", text: policies.map(({ text }) => text).join("\n") }];
        const compiled = compilePolicySet(cedar, sources);
        // Strict validation refuses some combinations (comparing what can never be equal, for instance).
        fc.pre(compiled.problems.every(({ severity }) => severity === "warning"));
        const decider = new SlicingDecider(shared, compiled.policies, digestPolicySet(sources));
        for (const each of [...requests, ...requests]) {
          const decision = await decider.decide(each);
          assert.equal(decision.outcome, expected(policies, each), JSON.stringify({ decision, each }));
          seen[decision.outcome] += 1;
          seen[decision.scope] += 1;
          if (decision.failure !== undefined) seen.failed += 1;
          if (decision.outcome !== "allow") assert.notEqual(decision.reason, "");
        }
      }),
      { numRuns: Number(process.env["BAILIWICK_PROPERTY_RUNS"] ?? 400) },
    );
  } finally {
    await shared.close();
  }
  // A generator that never allows, asks or fails would prove nothing.
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `no decision was: ${what}`);
});
