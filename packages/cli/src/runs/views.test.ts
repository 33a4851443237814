import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Event } from "@bailiwick/audit";
import { isRunId, makeRunId } from "@bailiwick/base";
import { plain } from "../format.ts";
import { LiveView } from "./live-view.ts";
import { selectRun, type SelectedRun } from "./select.ts";
import { RunTree } from "./tree.ts";

const run = makeRunId(1_700_000_000_000, Buffer.alloc(10, 1));
const digest = `sha256:${"0".repeat(64)}`;
const base = { v: 1, run, at: 1_700_000_000_000 } as const;

function exec(id: number, parent: number, argv: string[], refused?: string): Event {
  const outcome = refused === undefined ? "allow" : "deny";
  const policies = refused === undefined ? [] : ["standard.push"];
  return {
    ...base,
    type: refused === undefined ? "exec.allowed" : "exec.refused",
    exec: id,
    parent,
    pid: 100,
    asked: argv[0] ?? "",
    program: { path: `/usr/bin/${argv[0] ?? ""}`, digest },
    argv: { values: argv },
    cwd: "/w",
    decision: { outcome, policies, reason: refused ?? "", policyDigest: digest },
  };
}

function ended(
  id: number,
  wallMs: number,
  more: Partial<Extract<Event, { type: "exec.ended" }>> = { status: 0 },
): Event {
  return { ...base, type: "exec.ended", exec: id, wallMs, ...more };
}

const decision = { outcome: "deny" as const, policies: [], reason: "not in the profile", policyDigest: digest };
const STORY: readonly Event[] = [
  exec(1, 0, ["agent"]),
  exec(2, 1, ["bash", "-c", "npm test"]),
  exec(3, 2, ["npm", "test"]),
  ended(2, 20, { replacedBy: 3 }),
  exec(4, 1, ["git", "push", "--force"], "pushing by force loses work"),
  { ...base, type: "host.refused", host: "evil.test", port: 443, exec: 3, decision },
  { ...base, type: "host.refused", host: "evil.test", port: 0, decision },
  ended(3, 1234, { status: 1 }),
  ended(1, 3000),
  {
    ...base,
    type: "run.ended",
    status: 0,
    reason: "exited",
    counts: { execs: 3, refused: 1, asked: 0, connections: 0, hostsRefused: 2 },
    wallMs: 3000,
  },
];

describe("the tree of a run", () => {
  test("shows who started what, how it was decided and how it ended", () => {
    const tree = new RunTree(plain);
    for (const event of STORY) tree.add(event);
    assert.deepEqual(
      [...tree.lines()],
      [
        "✗ evil.test  refused: not in the profile",
        "└─ ✓ agent  3.0 s",
        "   ├─ ✓ bash -c 'npm test'  20 ms, then replaced itself",
        "   │  └─ ✓ npm test  1.2 s, exit 1",
        "   │        ✗ evil.test:443  refused: not in the profile",
        "   └─ ✗ git push --force  refused: pushing by force loses work [standard.push]",
        "ended: exited, status 0, after 3.0 s",
      ],
    );
  });

  test("a chain of a hundred thousand execs is no deeper than the stack", () => {
    const tree = new RunTree(plain);
    for (let id = 1; id <= 100_000; id++) tree.add(exec(id, 0, ["x"]));
    let lines = 0;
    for (const line of tree.lines()) lines += line === "" ? 0 : 1;
    assert.equal(lines, 100_000);
    const chain = new RunTree(plain);
    for (let id = 1; id <= 3_000; id++) chain.add(exec(id, id - 1, ["x"]));
    assert.equal([...chain.lines()].length, 3_000);
  });

  test("what an agent wrote can't move the cursor", () => {
    const tree = new RunTree(plain);
    tree.add(exec(1, 0, ["x", "\u001b[2J\u202e\n"]));
    tree.add(exec(2, 0, ["y"], "\u001b[31m"));
    for (const line of tree.lines()) assert.doesNotMatch(line, /[\u0000-\u001f\u202e]/);
  });
});

describe("the live view", () => {
  const texts = (lines: readonly string[]) => lines.map((line) => line.slice(10));

  test("an exec whose end came together with it takes one line", () => {
    assert.deepEqual(texts(new LiveView(plain).lines([exec(1, 0, ["true"]), ended(1, 3)])), ["✓ true  3 ms"]);
  });

  test("what an exec started stands below it, also when its end came together with both", () => {
    const events = [
      exec(1, 0, ["bash"]),
      exec(2, 1, ["true"]),
      ended(2, 1),
      exec(3, 1, ["git"]),
      ended(3, 2),
      ended(1, 5),
    ];
    assert.deepEqual(texts(new LiveView(plain).lines(events)), ["✓ bash  5 ms", "  ✓ true  1 ms", "  ✓ git  2 ms"]);
  });

  test("a later end is told when it took long or went wrong", () => {
    const view = new LiveView(plain);
    assert.deepEqual(texts(view.lines([exec(1, 0, ["a"]), exec(2, 1, ["b"]), exec(3, 1, ["c"])])), [
      "✓ a",
      "  ✓ b",
      "  ✓ c",
    ]);
    assert.deepEqual(texts(view.lines([ended(3, 5)])), []);
    assert.deepEqual(texts(view.lines([ended(2, 5, { status: 2 })])), ["  · b: 5 ms, exit 2"]);
    assert.deepEqual(texts(view.lines([ended(1, 5000)])), ["· a: 5.0 s"]);
  });

  test("the whole story, event by event", () => {
    const view = new LiveView(plain);
    assert.deepEqual(texts(STORY.flatMap((event) => view.lines([event]))), [
      "✓ agent",
      "  ✓ bash -c 'npm test'",
      "    ✓ npm test",
      "  ✗ git push --force  refused: pushing by force loses work [standard.push]",
      "      ✗ evil.test:443  refused: not in the profile",
      "✗ evil.test  refused: not in the profile",
      "    · npm: 1.2 s, exit 1",
      "· agent: 3.0 s",
      "ended: exited, status 0, after 3.0 s",
    ]);
  });
});

describe("naming a run", () => {
  const made = (time: number, name?: string): SelectedRun => {
    const id = makeRunId(time, Buffer.alloc(10, time % 251));
    const counts = { execs: 0, refused: 0, asked: 0, connections: 0, hostsRefused: 0 };
    const started = {
      at: time,
      ...(name !== undefined && { name }),
      user: "u",
      agent: "a",
      command: ["x"],
      workspace: "/w",
      profile: "p",
    };
    return { run: id, live: undefined, summary: { run: id, first: 0, last: 1, entries: 2, started, counts } };
  };
  const runs = [made(1_700_000_000_000), made(1_700_000_000_001, "fix"), made(1_800_000_000_000, "fix")];
  const ids = runs.map((each) => each.run);

  test("last, an id, its beginning or end, a name", () => {
    assert.equal(selectRun(runs, "last").run, ids[2]);
    assert.equal(selectRun(runs, ids[0] ?? "").run, ids[0]);
    assert.equal(selectRun(runs, (ids[2] ?? "").slice(0, 5)).run, ids[2]);
    assert.equal(selectRun(runs, (ids[1] ?? "").slice(-6).toUpperCase()).run, ids[1]);
    assert.equal(selectRun(runs, "fix").run, ids[2]);
    assert.ok(ids.every(isRunId));
  });

  test("what means none or several is an error", () => {
    assert.throws(() => selectRun(runs, (ids[0] ?? "").slice(0, 6)), {
      code: "CLI_NO_SUCH_RUN",
      message: /could be 2 runs/,
    });
    for (const text of ["zzzz", ""]) assert.throws(() => selectRun(runs, text), { code: "CLI_NO_SUCH_RUN" });
    assert.throws(() => selectRun([], "last"), { code: "CLI_NO_SUCH_RUN", message: /no run yet/ });
  });
});
