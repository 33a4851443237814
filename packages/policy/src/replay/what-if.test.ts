import { strict as assert } from "node:assert";
import { after, describe, test } from "node:test";
import { openDecider, type CedarDecider } from "../decide/decider.ts";
import { STANDARD_POLICIES } from "../standard/standard.ts";
import type { RecordedEvent } from "./recorded.ts";
import { WhatIfReplay, type WhatIf } from "./what-if.ts";

const RULES = `
@id("t.no-make")
@reason("builds are for the pipeline")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"make");
@id("t.ask-node")
@reason("node runs anything")
@ask("operator")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"node") unless { context.approved };
@id("t.no-evil")
forbid (principal, action == Action::"connect", resource == Host::"evil.test");
`;
const plain = await openDecider({ sources: STANDARD_POLICIES, cache: undefined });
const strict = await openDecider({ sources: [...STANDARD_POLICIES, { name: "t", text: RULES }], cache: undefined });
after(async () => {
  await plain.close();
  await strict.close();
});

const DAY = 86_400_000;
/** Of a program's bytes: another for each first letter. */
const digestOf = (name = "x"): string => digest((name.charCodeAt(0) % 16).toString(16));
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const began = (run: string, policyDigest: string): RecordedEvent => ({
  type: "run.started",
  run,
  at: DAY,
  user: "ann",
  agent: "claude-code",
  workspace: "/work",
  profile: { name: "standard" },
  policyDigest,
});

function exec(
  run: string,
  argv: string[],
  more: {
    at?: number;
    digest?: string;
    outcome?: "allow" | "deny";
    approver?: string;
    whole?: string;
    policyDigest?: string;
  } = {},
): RecordedEvent {
  const outcome = more.outcome ?? "allow";
  return {
    type: outcome === "allow" ? "exec.allowed" : "exec.refused",
    run,
    at: more.at ?? DAY,
    asked: argv[0] ?? "",
    program: { path: `/usr/bin/${argv[0] ?? ""}`, digest: more.digest ?? digestOf(argv[0]) },
    argv: { values: argv, whole: more.whole },
    cwd: "/work",
    decision: { outcome, approver: more.approver, policies: [], policyDigest: more.policyDigest ?? plain.policyDigest },
  };
}

async function replay(
  events: readonly RecordedEvent[],
  decider: CedarDecider = strict,
  baseline?: CedarDecider,
): Promise<WhatIf> {
  const found = new WhatIfReplay({ decider, baseline });
  for (const event of events) await found.take(event);
  return found.finish();
}

const one = began("r1", plain.policyDigest);

describe("what another policy set would have decided", () => {
  test("changes are grouped by what decides now, with runs and examples, the most frequent first", async () => {
    const makes = ["all", "test", "all", "clean", "docs"].map((target) => exec("r1", ["make", target]));
    const found = await replay([one, ...makes, exec("r1", ["ls"]), exec("r1", ["node", "x.js"])]);
    assert.equal(found.decisions, 7);
    assert.equal(found.unchanged, 1);
    const [make, node] = found.changes;
    assert.deepEqual(
      [make?.from, make?.to, make?.count, make?.runs, make?.policies],
      ["allow", "deny", 5, 1, ["t.no-make"]],
    );
    assert.equal(make?.reason, "builds are for the pipeline");
    assert.deepEqual(
      make?.examples.map(({ what }) => what),
      ["make all", "make test", "make clean"],
    );
    assert.deepEqual([node?.from, node?.to, node?.policies], ["allow", "ask", ["t.ask-node"]]);
  });

  test("questions: equal ones of a run once, and what that is on a day with runs", async () => {
    const node = (run: string, at: number, ...words: string[]): RecordedEvent => exec(run, ["node", ...words], { at });
    const events = [
      one,
      node("r1", DAY, "a"),
      node("r1", DAY + 1, "a"),
      node("r1", DAY + 2, "b"),
      node("r1", 3 * DAY, "c"),
    ];
    const found = await replay([...events, began("r2", plain.policyDigest), node("r2", 3 * DAY, "a")]);
    assert.deepEqual(found.questions, { before: 0, after: 4, perDay: 2, days: 2 });
  });

  test("what was asked or refused and no longer would be", async () => {
    const own = { policyDigest: strict.policyDigest };
    const events = [
      began("r1", strict.policyDigest),
      exec("r1", ["node"], { ...own, outcome: "deny", approver: "operator" }),
      exec("r1", ["make"], { ...own, outcome: "deny" }),
    ];
    const found = await replay(events, plain);
    assert.deepEqual(found.changes.map(({ from, to }) => `${from}>${to}`).sort(), ["ask>allow", "deny>allow"]);
    assert.deepEqual(found.questions, { before: 1, after: 0, perDay: 0, days: 1 });
  });

  test("a copy under another name goes by the name that its bytes had before", async () => {
    const renamed = exec("r1", ["harmless"], { digest: digest("9") });
    assert.equal((await replay([one, exec("r1", ["make"], { digest: digest("9") }), renamed])).changes[0]?.count, 2);
    assert.equal((await replay([one, renamed])).changes.length, 0);
  });

  test("scripts: the interpreter is a link of its own", async () => {
    const script = {
      ...exec("r1", ["build.sh"]),
      also: [{ path: "/usr/bin/make", digest: digest("2") }],
    } as RecordedEvent;
    assert.equal((await replay([one, script])).changes[0]?.to, "deny");
  });

  test("hosts and requests are asked for again", async () => {
    const decision = { outcome: "allow" as const, policies: [], policyDigest: plain.policyDigest };
    const host = { run: "r1", at: DAY, host: "evil.test", port: 443, decision };
    const found = await replay([
      one,
      { ...host, type: "connection.opened" },
      { ...host, type: "request.sent", method: "GET", path: "/a", query: ["q"] },
    ]);
    assert.equal(found.decisions, 2);
    assert.deepEqual(
      found.changes.map(({ examples }) => examples[0]?.what),
      ["evil.test:443"],
    );
  });

  test("compared with a second set instead of the record", async () => {
    const lied = [one, exec("r1", ["make"], { outcome: "deny" })];
    assert.equal((await replay(lied, strict, plain)).changes[0]?.from, "allow");
    assert.equal((await replay(lied, strict)).changes.length, 0);
  });

  test("what can't be asked for again is counted, not guessed", async () => {
    const found = await replay([
      one,
      exec("unknown", ["make"]),
      exec("r1", ["make"], { whole: digest("3") }),
      exec("r1", []),
      exec("r1", ["make"], { policyDigest: digest("4"), outcome: "deny" }),
      exec("r1", ["ls"]),
    ]);
    assert.deepEqual([found.decisions, found.incomplete, found.byProfile], [1, 3, 1]);
  });

  test("a difference under the very same set is said", async () => {
    const events = [began("r1", strict.policyDigest), exec("r1", ["make"], { policyDigest: strict.policyDigest })];
    assert.equal((await replay(events)).notReproduced, 1);
  });
});
