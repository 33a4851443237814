import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { commandsOf, unwrapPlain } from "../test/plain-shell.ts";
import { Provenance } from "./provenance.ts";

const shell = { commandsOf, unwrap: unwrapPlain };
const bash = (text: string): string[] => ["bash", "-c", text];
const started = (exec: number, parent: number, argv: readonly string[], refused = false) => ({
  exec,
  parent,
  argv,
  refused,
});

describe("where an exec comes from", () => {
  test("before any call, from one, from what a call started, from none", () => {
    const provenance = new Provenance(shell);
    assert.deepEqual(provenance.originOf(started(1, 0, ["agent"])), { kind: "before" });
    provenance.called(1, "Bash", '{"command":"ls | wc"}');
    assert.deepEqual(provenance.originOf(started(2, 1, ["git", "status"])), { kind: "unexplained" });
    assert.deepEqual(provenance.originOf(started(3, 1, bash("ls | wc"))), { kind: "call", call: 1 });
    assert.deepEqual(provenance.originOf(started(4, 3, ["ls"])), { kind: "call", call: 1 });
    assert.deepEqual(provenance.originOf(started(5, 4, bash("ls | wc"))), { kind: "call", call: 1 });
    assert.deepEqual(provenance.originOf(started(6, 1, bash("ls | wc"))), { kind: "unexplained" });
  });

  test("the same text called twice explains two processes, the older call first", () => {
    const provenance = new Provenance(shell);
    for (const call of [1, 2]) provenance.called(call, "Bash", '{"command":"make"}');
    const calls = [1, 2, 3].map((exec) => provenance.originOf(started(exec, 0, bash("make"))));
    assert.deepEqual(calls, [{ kind: "call", call: 1 }, { kind: "call", call: 2 }, { kind: "unexplained" }]);
  });

  test("what was refused may be tried again, and is the same call's", () => {
    const provenance = new Provenance(shell);
    provenance.called(1, "Bash", '{"command":"make"}');
    assert.deepEqual(provenance.originOf(started(1, 0, bash("make"), true)), { kind: "call", call: 1 });
    assert.deepEqual(provenance.originOf(started(2, 0, bash("make"))), { kind: "call", call: 1 });
    assert.deepEqual(provenance.originOf(started(3, 0, bash("make"))), { kind: "unexplained" });
  });

  test("whatever comes in whatever order, a call explains a process of its very text, later than itself, and one", () => {
    const text = fc.constantFrom("a", "b", "c");
    const step = fc.oneof(
      text.map((command) => ({ command })),
      fc.record({ text, parent: fc.nat({ max: 30 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const provenance = new Provenance(shell);
        const commands: string[] = [];
        const origins = new Map<number, number>();
        const roots = new Map<number, string>();
        for (const [exec, each] of steps.entries()) {
          if ("command" in each) {
            commands.push(each.command);
            provenance.called(commands.length, "Bash", JSON.stringify(each));
            continue;
          }
          const origin = provenance.originOf(started(exec + 1, each.parent, bash(each.text)));
          if (origin.kind !== "call") {
            assert.equal(origin.kind, commands.length === 0 ? "before" : "unexplained");
            continue;
          }
          assert.ok(origin.call <= commands.length, "a call that was told");
          origins.set(exec + 1, origin.call);
          if (origins.get(each.parent) === origin.call) continue;
          assert.ok(!roots.has(origin.call), "one process a call");
          roots.set(origin.call, each.text);
          assert.equal(commands[origin.call - 1], each.text);
        }
      }),
      { numRuns: 500 },
    );
  });
});
