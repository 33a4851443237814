import cedar from "@cedar-policy/cedar-wasm/nodejs";
import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import { connect, exec, program, RUN } from "../../test/requests.ts";
import type { Decision, DecisionRequest } from "../types.ts";
import { openDecider, type CompiledCache } from "./decider.ts";

const EXEC = `(principal, action == Action::"exec", resource)`;
const ALL = `@id("all") permit${EXEC};`;

async function decide(text: string, ...requests: readonly DecisionRequest[]): Promise<readonly Decision[]> {
  const decider = await openDecider({ sources: [{ name: "test.cedar", text }], cache: undefined });
  try {
    const decisions: Decision[] = [];
    for (const request of requests) decisions.push(await decider.decide(request));
    return decisions;
  } finally {
    await decider.close();
  }
}

async function outcome(text: string, request: DecisionRequest): Promise<string> {
  return (await decide(text, request))[0]?.outcome ?? "";
}

test("the empty set forbids", async () => {
  const decider = await openDecider({ sources: [], cache: undefined });
  const decision = await decider.decide(exec(["ls"]));
  assert.deepEqual(
    [decision.outcome, decision.policies, decision.reason],
    ["deny", [], "no policy permits /usr/bin/ls"],
  );
  assert.equal((await decider.decide(connect("example.com", 443))).reason, "no policy permits example.com");
  await decider.close();
});

test("a refusal is as severe as the most severe policy that refuses says, and says nothing where none does", async () => {
  const forbid = (id: string, severity: string) =>
    `@id("${id}")${severity} forbid${EXEC} when { context.args.contains("${id}") };`;
  const set = [ALL, forbid("low", ' @severity("low")'), forbid("high", ' @severity("high")'), forbid("none", "")].join(
    " ",
  );
  const [one, both, none, allowed] = await decide(
    set,
    ...[["low"], ["low", "high", "none"], ["none"], ["other"]].map((words) => exec(["ls", ...words])),
  );
  assert.deepEqual([one?.severity, both?.severity, none?.outcome, none?.severity], ["low", "high", "deny", undefined]);
  assert.ok(allowed?.outcome === "allow" && !("severity" in allowed));
});

describe("an evaluation that fails denies", () => {
  const overflow = `@id("risky") forbid${EXEC} when { context.time * 9223372036854775807 > 3 };`;

  test("a failing forbid", async () => {
    const [decision] = await decide(`${ALL} ${overflow}`, exec(["ls"]));
    assert.equal(decision?.outcome, "deny");
    assert.match(decision.failure ?? "", /`risky`: integer overflow/);
    assert.match(decision.reason, /could not be decided/);
    assert.equal(decision.scope, "once");
  });

  test("negative control: Cedar by itself skips the forbid and allows", () => {
    const uid = (type: string) => ({ type, id: type === "Action" ? "exec" : "x" });
    const answer = cedar.isAuthorized({
      principal: uid("Run"),
      action: uid("Action"),
      resource: uid("Program"),
      context: { time: 1_800_000_000_000 },
      entities: [],
      policies: { staticPolicies: { all: ALL, risky: overflow } },
    });
    assert.equal(answer.type === "success" && answer.response.decision, "allow");
  });

  test("a failing permit, even when another one permits", async () => {
    assert.equal(await outcome(`${ALL} ${overflow.replace("forbid", "permit")}`, exec(["ls"])), "deny");
  });

  test("a failure behind what is plainly false does not happen", async () => {
    const guarded = `@id("g") forbid${EXEC} when { context.verb == "x" && context.time * 9223372036854775807 > 3 };`;
    assert.equal(await outcome(`${ALL} ${guarded}`, exec(["ls"])), "allow");
    // The other way round Cedar comes to the multiplication first.
    const unguarded = `@id("g") forbid${EXEC} when { context.time * 9223372036854775807 > 3 && context.verb == "x" };`;
    assert.equal(await outcome(`${ALL} ${unguarded}`, exec(["ls"])), "deny");
  });

  test("a worker that is gone", async () => {
    const decider = await openDecider({
      sources: [{ name: "a", text: `${ALL} @id("g") forbid${EXEC} when { context.verb == "x" };` }],
      cache: undefined,
    });
    await decider.close();
    assert.equal((await decider.decide(exec(["ls", "y"]))).outcome, "allow");
    const decision = await decider.decide(exec(["ls", "x"]));
    assert.deepEqual([decision.outcome, decision.failure], ["deny", "the decider was closed"]);
  });
});

test("lone surrogates are made well-formed on the way to Cedar", async () => {
  const text = `${ALL} @id("g") forbid${EXEC} when { context.line like "*evil*" };`;
  const argv = ["ls", "\udc80evil\ud800"];
  const links = [{ program: program("ls", { path: "/x/\udcff", names: ["\udcff"] }), argv }];
  const [decision, other] = await decide(
    text,
    exec(argv, { links, cwd: "/\ud800", run: { ...RUN, labels: ["\udc00"] } }),
    exec(["ls", "\udc80"]),
  );
  assert.deepEqual([decision?.outcome, decision?.policies, decision?.failure], ["deny", ["g"], undefined]);
  assert.equal(other?.outcome, "allow");
});

describe("long arguments never make a forbid miss", () => {
  const text = `${ALL} @id("g") forbid${EXEC} when { context.line like "*evil*" };`;
  const junk = "x".repeat(300_000);

  test("what is plainly false is seen on the whole line", async () => {
    assert.equal(await outcome(text, exec(["cc", junk])), "allow");
  });

  test("what would have to be asked about and is too long is denied", async () => {
    const [decision] = await decide(text, exec(["cc", junk, "evil"]));
    assert.equal(decision?.outcome, "deny");
    assert.match(decision.failure ?? "", /too long to be judged/);
  });

  test("so many long conditions that looking would take too long are denied", async () => {
    const many = Array.from(
      { length: 600 },
      (_, index) => `@id("g${String(index)}") forbid${EXEC} when { context.line like "*evil${String(index)}*" };`,
    );
    const decisions = await decide(`${ALL} ${many.join("\n")}`, exec(["cc", junk]), exec(["cc", "x"]));
    assert.deepEqual(
      decisions.map((decision) => decision.outcome),
      ["deny", "allow"],
    );
  });
});

describe("questions", () => {
  const ask = (id: string, verb: string) =>
    `@id("${id}") @reason("${id} reason") @instead("${id} instead") @ask("${id}-role") forbid${EXEC} when { context.verb == "${verb}" } unless { context.approved };`;

  test("a question says why, what instead and who", async () => {
    const [decision] = await decide(`${ALL} ${ask("push", "push")}`, exec(["git", "push"]));
    assert.deepEqual(
      [decision?.outcome, decision?.policies, decision?.reason, decision?.instead, decision?.approver, decision?.scope],
      ["ask", ["push"], "push reason", "push instead", "push-role", "once"],
    );
  });

  test("approved, it is allowed, once", async () => {
    const [decision] = await decide(`${ALL} ${ask("push", "push")}`, exec(["git", "push"], { approved: true }));
    assert.deepEqual([decision?.outcome, decision?.scope, decision?.reason], ["allow", "once", ""]);
  });

  test("nobody is asked when yes would not be enough", async () => {
    const hard = `@id("hard") @reason("never") forbid${EXEC} when { context.flags.contains("-f") };`;
    const [both] = await decide(`${ALL} ${ask("push", "push")} ${hard}`, exec(["git", "push", "-f"]));
    assert.deepEqual([both?.outcome, both?.policies], ["deny", ["push", "hard"]]);
    const [unpermitted] = await decide(ask("push", "push"), exec(["git", "push"]));
    assert.deepEqual([unpermitted?.outcome, unpermitted?.policies], ["deny", ["push"]]);
    const late = `@id("late") @reason("not even then") forbid${EXEC} when { context.time > 5 } unless { !context.approved };`;
    const withAsk = late.replace(`@id("late")`, `@id("late") @ask("x")`);
    await assert.rejects(decide(`${ALL} ${withAsk}`, exec(["git", "push"])), { code: "POLICY_INVALID" });
  });

  test("a failure only after yes denies without asking", async () => {
    const late = `@id("late") @ask("x") forbid${EXEC}
      when { if context.approved then context.time * 9223372036854775807 > 3 else false } unless { context.approved };`;
    const [decision] = await decide(`${ALL} ${ask("push", "push")} ${late}`, exec(["git", "push"]));
    assert.equal(decision?.outcome, "deny");
    assert.match(decision.failure ?? "", /overflow/);
  });

  test("several questions are joined", async () => {
    const [decision] = await decide(`${ALL} ${ask("a", "push")} ${ask("b", "push")}`, exec(["git", "push"]));
    assert.deepEqual([decision?.reason, decision?.approver], ["a reason; b reason", "a-role, b-role"]);
  });
});

describe("links", () => {
  const text = `${ALL}
    @id("no") @reason("no") forbid(principal, action == Action::"exec", resource in ProgramGroup::"bad");
    @id("ask") @reason("ask") @ask("x") forbid(principal, action == Action::"exec", resource in ProgramGroup::"hm") unless { context.approved };`;
  const links = (...names: readonly string[]) => names.map((name) => ({ program: program(name), argv: [name] }));

  for (const [names, expected] of [
    [["ls", "sh"], "allow"],
    [["ls", "hm"], "ask"],
    [["hm", "bad"], "deny"],
    [["bad", "ls"], "deny"],
    [[], "deny"],
  ] as const) {
    test(`${names.join(" + ")}: ${expected}`, async () => {
      assert.equal(await outcome(text, exec([], { links: links(...names) })), expected);
    });
  }
});

const LABELLED = { run: { ...RUN, labels: ["k=y"] } };

describe("scope", () => {
  const text = `${ALL}
    @id("args") forbid(principal, action == Action::"exec", resource in ProgramGroup::"git") when { context.verb == "x" };
    @id("time") forbid(principal, action == Action::"exec", resource in ProgramGroup::"at") when { context.time < 5 };
    @id("labels") forbid(principal, action == Action::"exec", resource in ProgramGroup::"curl") when { context.verb == "x" && context.labels.contains("k=y") };
    @id("list") forbid${EXEC} when { resource in [ProgramGroup::"sudo", ProgramGroup::"su"] };
    @id("later") forbid${EXEC} when { context.verb == "x" && resource in ProgramGroup::"npm" };
    @id("net") permit(principal, action == Action::"connect", resource) when { context.port == 443 };`;

  for (const [request, expected] of [
    [exec(["ls", "x"]), "allow program"],
    [exec(["git", "y"]), "allow exact"],
    [exec(["git", "x"]), "deny exact"],
    [exec(["at"]), "allow once"],
    [exec(["curl", "x"]), "allow program"],
    [exec(["curl", "y"], LABELLED), "allow exact"],
    [exec(["curl", "x"], LABELLED), "deny exact"],
    [exec(["sudo", "x"]), "deny program"],
    [exec(["npm", "x"]), "deny exact"],
    [exec(["busybox"]), "allow exact"],
    [exec(["ld-linux-x86-64.so.2"]), "allow exact"],
    [exec(["ls"], { approved: true }), "allow once"],
    [
      exec(["ls"], {
        links: [
          { program: program("a"), argv: [] },
          { program: program("b"), argv: [] },
        ],
      }),
      "allow exact",
    ],
    [connect("example.com", 443), "allow exact"],
    [connect("example.com", 80), "deny exact"],
  ] as const) {
    const what =
      request.action === "exec"
        ? request.links.map(({ argv }) => argv.join(" ")).join(" + ")
        : `${request.host}:${String(request.port)}`;
    test(`${what}: ${expected}`, async () => {
      const [decision] = await decide(text, request);
      assert.equal(`${String(decision?.outcome)} ${String(decision?.scope)}`, expected);
    });
  }
});

describe("the cache of compiled sets", () => {
  const sources = [
    {
      name: "a.cedar",
      text: `${ALL} @id("no") forbid(principal, action == Action::"exec", resource in ProgramGroup::"bad");`,
    },
  ];

  function memory(): CompiledCache & { readonly kept: Map<string, string>; written: number } {
    const cache = {
      kept: new Map<string, string>(),
      written: 0,
      read: (key: string) => cache.kept.get(key),
      write: (key: string, text: string) => {
        cache.kept.set(key, text);
        cache.written += 1;
      },
    };
    return cache;
  }

  async function open(cache: CompiledCache): Promise<readonly (string | undefined)[]> {
    const decider = await openDecider({ sources, cache });
    const decisions = [exec(["ls"]), exec(["bad"])].map((request) => decider.decide(request));
    await decider.close();
    return decisions.map((decision) => (decision instanceof Promise ? "asked Cedar" : decision.outcome));
  }

  test("a second opening reads it, and unconditional policies decide at once", async () => {
    const cache = memory();
    assert.deepEqual(await open(cache), ["allow", "deny"]);
    assert.deepEqual(await open(cache), ["allow", "deny"]);
    assert.equal(cache.written, 1);
    assert.match([...cache.kept.keys()].join(), /^policy-[0-9a-f]{64}$/);
  });

  test("whatever is wrong with it, it is compiled again", async () => {
    for (const damage of [
      (text: string) => text.replace(`"forbid"`, `"permit"`),
      (text: string) => text.slice(0, -1),
      (text: string) => `${text} `,
      () => "",
      () => "\n[]",
      (text: string) => text.replace("sha256:", "sha256:0"),
    ]) {
      const cache = memory();
      await open(cache);
      for (const [key, text] of cache.kept) cache.kept.set(key, damage(text));
      assert.deepEqual(await open(cache), ["allow", "deny"]);
      assert.equal(cache.written, 2);
    }
  });

  test("another set's compiled form under this key is not taken", async () => {
    const cache = memory();
    const other = await openDecider({ sources: [{ name: "a.cedar", text: ALL }], cache });
    await other.close();
    const [foreign = ""] = [...cache.kept.values()];
    await open(cache);
    for (const key of cache.kept.keys()) cache.kept.set(key, foreign);
    assert.deepEqual(await open(cache), ["allow", "deny"]);
  });
});

test("equal requests are asked about once, also at the same time", async () => {
  const decider = await openDecider({
    sources: [{ name: "a", text: `${ALL} @id("g") forbid${EXEC} when { context.verb == "x" };` }],
    cache: undefined,
  });
  const first = [1, 2, 3].map(() => decider.decide(exec(["git", "x"])));
  assert.ok(first.every((decision) => decision instanceof Promise));
  for (const decision of first) assert.equal((await decision).outcome, "deny");
  // Other arguments, the same verb: nothing that the policies look at is different.
  const again = decider.decide(exec(["git", "x", "y"]));
  assert.ok(!(again instanceof Promise));
  assert.equal(again.outcome, "deny");
  await decider.close();
});

test("an answer about one program is not taken for another", async () => {
  // The arithmetic keeps condition.ts from knowing; what Cedar is asked differs by the program only.
  const text = `${ALL} @id("g") forbid${EXEC} when { context.operandCount + 1 == 2 && resource in ProgramGroup::"bad" };`;
  const decisions = await decide(text, exec(["good", "x"]), exec(["bad", "x"]), exec(["good", "y"]));
  assert.deepEqual(
    decisions.map((decision) => decision.outcome),
    ["allow", "deny", "allow"],
  );
});

test("a scope about hosts permits no program", async () => {
  const text = `@id("h") permit(principal, action, resource is Host); @id("p") permit(principal is Run, action, resource is Program in ProgramGroup::"ok");`;
  const decisions = await decide(text, exec(["ls"]), exec(["ok"]), connect("example.com", 1));
  assert.deepEqual(
    decisions.map((decision) => decision.outcome),
    ["deny", "allow", "allow"],
  );
});

test("the digest is bound to every source and its name, not to their order", async () => {
  const digest = async (...sources: readonly (readonly [string, string])[]) => {
    const decider = await openDecider({ sources: sources.map(([name, text]) => ({ name, text })), cache: undefined });
    await decider.close();
    return decider.policyDigest;
  };
  const other = `@id("b") permit${EXEC};`;
  const one = await digest(["a", ALL], ["b", other]);
  assert.match(one, /^sha256:[0-9a-f]{64}$/);
  assert.equal(await digest(["b", other], ["a", ALL]), one);
  assert.notEqual(await digest(["a", ALL], ["c", other]), one);
  assert.notEqual(await digest(["a", `${ALL} `], ["b", other]), one);
});

test("an invalid set does not open, and says why", async () => {
  await assert.rejects(openDecider({ sources: [{ name: "a.cedar", text: "permit(" }], cache: undefined }), {
    code: "POLICY_INVALID",
    message: /^a\.cedar:1:\d+: /,
  });
});
