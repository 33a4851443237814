import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { NewEvent } from "@bailiwick/audit";
import { Budgets, type BudgetsOptions } from "./budgets.ts";
import { CallOutcomes } from "./call-outcomes.ts";
import { Freezes } from "./freezes.ts";
import { costOf, priceOf } from "./model-events.ts";
import { RepeatedFailures } from "./repeated-failures.ts";

const NONE = {
  tokens: undefined,
  moneyMicros: undefined,
  requests: undefined,
  bytes: undefined,
  wallMs: undefined,
  repeats: 3,
  whenSpent: "end",
  whenRepeating: "tell",
} as const;

type Answer = "yes" | "no" | "unanswered";

function make(budgets: Partial<BudgetsOptions["budgets"]>, answers?: Promise<Answer>[]) {
  const happened: string[] = [];
  const events: NewEvent[] = [];
  const made = new Budgets({
    budgets: { ...NONE, ...budgets },
    currency: "USD",
    approver:
      answers === undefined
        ? { nobody: "no terminal" }
        : {
            by: "robin",
            roles: ["operator"],
            ask: () => Promise.resolve("no"),
            askToGoOn: async () => await (answers.shift() ?? Promise.resolve("unanswered" as const)),
          },
    freeze: () => {
      happened.push("freeze");
      return () => void happened.push("thaw");
    },
    record: (event) => events.push(event),
    say: (text) => happened.push(`say ${text}`),
    end: (text) => happened.push(`end ${text}`),
    now: () => 5,
  });
  const came = () =>
    events.map((event) => (event.type === "budget.spent" ? [event.budget, event.used, event.came] : []));
  return { made, happened, came };
}

const settled = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

describe("budgets", () => {
  test("up to the limit nothing happens; beyond it the run ends, once", () => {
    const { made, happened, came } = make({ tokens: 10 });
    made.use("tokens", 10);
    assert.deepEqual(happened, []);
    made.use("tokens", 1);
    made.use("tokens", 100);
    assert.deepEqual(came(), [["tokens", 11, "ended"]]);
    assert.deepEqual(happened, ["end the budget is spent: 11 tokens of 10 tokens"]);
  });

  test("what has no limit is not limited; an amount that nobody knows is over any", () => {
    const { made, came } = make({ moneyMicros: 1_000_000 });
    made.use("tokens", 1e12);
    made.use("bytes", 1e12);
    assert.deepEqual(came(), []);
    made.use("money", undefined);
    assert.deepEqual(came(), [["money", 1_000_001, "ended"]]);
  });

  test("a question freezes; a yes is for as much again, a no ends", async () => {
    const answers = [Promise.resolve<Answer>("yes"), Promise.resolve<Answer>("no")];
    const { made, happened, came } = make({ requests: 1, whenSpent: "pause" }, answers);
    made.use("requests", 2);
    assert.deepEqual(happened, ["freeze"]);
    await settled();
    assert.deepEqual(happened, ["freeze", "thaw"]);
    made.use("requests", 1);
    await settled();
    assert.deepEqual(came(), [["requests", 2, "extended"]], "three is the new limit");
    made.use("requests", 1);
    await settled();
    assert.deepEqual(came(), [
      ["requests", 2, "extended"],
      ["requests", 4, "ended"],
    ]);
    assert.equal(happened.at(-1), "end the budget is spent: 4 requests of 3 requests (asked, and robin said no)");
  });

  test("while one question is open no other is asked; it is the next", async () => {
    const first = Promise.withResolvers<Answer>();
    const { made, happened, came } = make({ requests: 1, tokens: 1, whenSpent: "pause" }, [first.promise]);
    made.use("requests", 2);
    made.use("tokens", 2);
    assert.deepEqual(happened, ["freeze"]);
    first.resolve("yes");
    await settled();
    assert.deepEqual(came(), [
      ["requests", 2, "extended"],
      ["tokens", 2, "ended"],
    ]);
  });

  test("an answer that comes when the run is over changes nothing", async () => {
    const answer = Promise.withResolvers<Answer>();
    const { made, came } = make({ requests: 1, whenSpent: "pause" }, [answer.promise]);
    made.use("requests", 2);
    made.close();
    answer.resolve("yes");
    await settled();
    assert.deepEqual(came(), []);
  });
});

describe("calls that fail", () => {
  test("are counted in a row of the same, and begin anew after another or a success", () => {
    const failures = new RepeatedFailures();
    const fail = (call: number, key: string): number | undefined => {
      failures.called(call, key);
      return failures.failed(call);
    };
    assert.deepEqual([fail(1, "a"), fail(2, "a"), fail(3, "b"), fail(4, "a"), fail(5, "a")], [1, 2, 1, 1, 2]);
    assert.equal(failures.failed(5), undefined, "each once");
    failures.called(6, "a");
    failures.succeeded(6);
    assert.equal(fail(7, "a"), 1);
  });

  test("by the process that ran for them, through what it goes on as", () => {
    const outcomes: [number, boolean][] = [];
    const watch = new CallOutcomes((call, failed) => outcomes.push([call, failed]));
    const exec = (id: number, call: number, type = "exec.allowed"): NewEvent =>
      ({ type, exec: id, origin: { kind: "call", call } }) as unknown as NewEvent;
    const end = (id: number, how: object): NewEvent =>
      ({ type: "exec.ended", exec: id, ...how }) as unknown as NewEvent;
    for (const event of [
      ...[exec(1, 1), exec(2, 1), end(2, { status: 1 }), end(1, { status: 0 })],
      ...[exec(3, 2), exec(4, 2), end(3, { replacedBy: 4 }), end(4, { status: 7 })],
      ...[exec(5, 3), end(5, { signal: "SIGKILL" })],
      ...[exec(6, 4, "exec.refused")],
    ])
      watch.note(event);
    assert.deepEqual(outcomes, [
      [1, false],
      [2, true],
      [3, true],
      [4, true],
    ]);
  });
});

test("a run is frozen as long as anybody wants it", () => {
  const happened: string[] = [];
  const freezes = new Freezes([{ freeze: () => happened.push("freeze"), thaw: () => happened.push("thaw") }]);
  const [first, second] = [freezes.hold(), freezes.hold()];
  first();
  first();
  assert.deepEqual(happened, ["freeze"]);
  second();
  assert.deepEqual(happened, ["freeze", "thaw"]);
});

test("the longest name that fits has the price, and each kind of token its own", () => {
  const price = (model: string, sent: number) => ({ model, in: sent, out: 10, cached: 0.5, written: 2 });
  const prices = [price("*", 1), price("big-*", 2), price("big-1", 3)];
  assert.deepEqual(
    ["big-1", "big-2", "other"].map((model) => priceOf(model, prices)?.in),
    [3, 2, 1],
  );
  assert.equal(priceOf("x", prices.slice(1)), undefined);
  assert.equal(priceOf(undefined, prices), undefined);
  assert.equal(costOf({ in: 4, cached: 10, written: 3, out: 2 }, price("x", 1)), 4 + 5 + 6 + 20);
});
