import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { AuthorizationCall } from "./messages.ts";
import { Cedar } from "./cedar.privileged.ts";

const CALL: AuthorizationCall = {
  principal: { type: "Run", id: "r" },
  action: { type: "Action", id: "exec" },
  resource: { type: "Program", id: "p" },
  entities: [],
  context: { line: "a" },
};
const fine = `@id("x") permit(principal, action, resource);`;
const nested = (depth: number) =>
  `@id("x") permit(principal, action, resource) when { ${"(".repeat(depth)}true${")".repeat(depth)} };`;
const chain = (length: number) =>
  `@id("x") permit(principal, action == Action::"exec", resource) when { ${Array(length).fill(`context.line like "b*"`).join(" || ")} };`;

async function withCedar(use: (cedar: Cedar) => Promise<void>): Promise<void> {
  const cedar = new Cedar();
  try {
    await use(cedar);
  } finally {
    await cedar.close();
  }
}

test("150 nested parentheses are a clean error, and the worker goes on", async () => {
  await withCedar(async (cedar) => {
    const { problems } = await cedar.compile([{ name: "deep.cedar", text: `\n${nested(150)}` }]);
    assert.deepEqual(
      problems.map(({ line, message }) => [line, message]),
      [[2, "nested more than 64 levels deep"]],
    );
    assert.deepEqual((await cedar.compile([{ name: "a.cedar", text: fine }])).problems, []);
    assert.equal((await cedar.evaluate("fine", () => ({ x: fine }), CALL)).decision, "allow");
  });
});

test("a policy that traps Cedar costs its own answer, not the next", async () => {
  // The negative control of the depth check: the same text, without it, does trap.
  await withCedar(async (cedar) => {
    for (const [key, text] of [
      ["deep", nested(2_000)],
      ["long", chain(1_500)],
    ] as const) {
      await assert.rejects(
        cedar.evaluate(key, () => ({ x: text }), CALL),
        { code: "POLICY_CEDAR_FAILED" },
      );
      await assert.rejects(
        cedar.evaluate(key, () => ({ x: text }), CALL),
        /trapped/,
        "remembered without another worker",
      );
      assert.equal((await cedar.evaluate("fine", () => ({ x: fine }), CALL)).decision, "allow");
    }
  });
});

test("a chain that would overflow Cedar's stack while evaluating is refused when compiled", async () => {
  await withCedar(async (cedar) => {
    const { problems } = await cedar.compile([{ name: "long.cedar", text: chain(300) }]);
    assert.deepEqual(
      problems.map(({ message }) => message),
      ["the condition is too long a chain"],
    );
    assert.deepEqual((await cedar.compile([{ name: "ok.cedar", text: chain(100) }])).problems, []);
  });
});

test("a set that Cedar cannot parse fails alone and leaves its slot free", async () => {
  await withCedar(async (cedar) => {
    for (let turn = 0; turn < 100; turn++) {
      await assert.rejects(cedar.evaluate(`bad ${String(turn)}`, () => ({ x: "permit(" }), CALL));
    }
    assert.equal((await cedar.evaluate("fine", () => ({ x: fine }), CALL)).decision, "allow");
  });
});

test("more prepared sets than slots: each still gives its own answer", async () => {
  await withCedar(async (cedar) => {
    for (let turn = 0; turn < 3; turn++) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          const effect = index % 3 === 0 ? "forbid" : "permit";
          const text = `@id("x") ${effect}(principal, action, resource);`;
          return (await cedar.evaluate(`set ${String(index)}`, () => ({ x: text }), CALL)).decision;
        }),
      );
      assert.deepEqual(
        answers,
        Array.from({ length: 100 }, (_, index) => (index % 3 === 0 ? "deny" : "allow")),
      );
    }
  });
});

test("prepared sets can't be freed, so memory stays flat only because slots are used again", async () => {
  await withCedar(async (cedar) => {
    const prepare = async (from: number, to: number): Promise<number> => {
      for (let index = from; index < to; index++) {
        const policies = () =>
          Object.fromEntries(
            Array.from({ length: 100 }, (_, n) => [
              `p${String(n)}`,
              `permit(principal, action, resource) when { context.line like "${String(index)}-${String(n)}*" };`,
            ]),
          );
        await cedar.evaluate(`set ${String(index)}`, policies, CALL);
      }
      return process.memoryUsage().rss / 1e6;
    };
    const before = await prepare(0, 100);
    const after = await prepare(100, 320);
    // Under new names these 220 sets would take about 60 MB (2.8 MB for 1,000 policies).
    assert.ok(after - before < 25, `grew by ${String(after - before)} MB`);
  });
});

test("after close every question is refused", async () => {
  const cedar = new Cedar();
  await cedar.close();
  await assert.rejects(cedar.warm(), { code: "POLICY_CEDAR_FAILED" });
});
