import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ProfileProblem } from "./form.ts";
import { mergeSources } from "./merge.ts";
import { profileForm, type ProfileSource } from "./source.ts";
import { tighten } from "./tighten.ts";

const read = (value: unknown): ProfileSource => profileForm.read(value, []);
const merged = (...layers: unknown[]) => mergeSources("p", layers.map(read));

describe("[models] and [budgets]", () => {
  test("without a word there are no prices, no text, no limits, and repeated failures are told", () => {
    const { models, budgets } = merged({});
    assert.deepEqual(models, { content: false, currency: "USD", prices: [] });
    assert.deepEqual(
      [budgets.tokens, budgets.moneyMicros, budgets.repeats, budgets.whenSpent, budgets.whenRepeating],
      [undefined, undefined, 5, "end", "tell"],
    );
  });

  test("prices of several profiles are joined, each complete", () => {
    const { models } = merged(
      { models: { currency: "EUR", prices: { "a-*": { in: 1, out: 2 }, b: { in: 1, out: 2 } } } },
      { models: { prices: { b: { in: 3, out: 4, cached: 0.3, written: 3.75 } } } },
    );
    assert.deepEqual(models, {
      content: false,
      currency: "EUR",
      prices: [
        { model: "a-*", in: 1, out: 2, cached: 1, written: 1 },
        { model: "b", in: 3, out: 4, cached: 0.3, written: 3.75 },
      ],
    });
  });

  test("a workspace's own profile lowers budgets, and says nothing of how a run ends or what is recorded", () => {
    const outer = merged({ budgets: { tokens: 100, money: 2, "when-spent": "pause" }, models: { content: false } });
    const own = read({
      budgets: { tokens: 200, money: 0.5, requests: 9, "when-spent": "end", "when-repeating": "tell" },
      models: { content: true },
    });
    const { profile, ignored } = tighten(outer, own);
    assert.deepEqual(
      [profile.budgets.tokens, profile.budgets.moneyMicros, profile.budgets.requests, profile.budgets.whenSpent],
      [100, 500_000, 9, "pause"],
    );
    assert.equal(profile.models.content, false);
    assert.deepEqual(ignored, ["models", "budgets.when-spent", "budgets.when-repeating"]);
    assert.notEqual(profile.digest, outer.digest);
  });

  for (const [what, value, message] of [
    ["a price that is half of one", { models: { prices: { a: { in: 1 } } } }, /must say `in` and `out`/],
    ["a price below nothing", { models: { prices: { a: { in: -1, out: 1 } } } }, /must be a number of 0/],
    ["a pattern in the middle", { models: { prices: { "a*b": { in: 1, out: 1 } } } }, /not the name of a model/],
    ["a currency that is none", { models: { currency: "dollars" } }, /not a currency/],
    ["no tokens at all", { budgets: { tokens: 0 } }, /must be a whole number of 1/],
    ["money as a word", { budgets: { money: "5" } }, /must be a number/],
    ["one repetition", { budgets: { repeats: 1 } }, /must be a whole number of 2/],
  ] as const)
    test(`${what} is an error`, () => {
      assert.throws(
        () => read(value),
        (error) => error instanceof ProfileProblem && message.test(error.message),
      );
    });
});

const KEY = `ssh-ed25519 ${"A".repeat(68)}`;
const HOST = { "host-keys": [`${KEY} a comment`], key: { env: "KEY" }, fetch: ["/acme/app.git"], push: ["acme/**"] };

describe('[ssh."HOST"]', () => {
  test("says host and port, keys without comments, names without `.git`", () => {
    const { ssh } = merged({ ssh: { "Git.Test": { ...HOST, user: "git" }, "git.test:2222": HOST } });
    assert.deepEqual(ssh, [
      {
        host: "git.test",
        port: 22,
        hostKeys: [KEY],
        source: { kind: "env", variable: "KEY" },
        user: "git",
        fetch: ["acme/app"],
        push: ["acme/**"],
      },
      { ...ssh[1] },
    ]);
    assert.deepEqual([ssh[1]?.port, ssh[1]?.user], [2222, undefined]);
  });

  for (const [what, change, message] of [
    ["no host key", { "host-keys": [] }, /has no `host-keys`/],
    ["a weak host key", { "host-keys": [`ssh-dss ${"A".repeat(68)}`] }, /is not a host key/],
    ["no key", { key: undefined }, /must say one place/],
    ["nothing that may be done", { fetch: [], push: [] }, /has neither `fetch` nor `push`/],
    ["a repository above", { fetch: ["../x"] }, /is not the name of a repository/],
    ["a pattern within a word", { fetch: ["acme/a*"] }, /is not the name of a repository/],
    ["a user that is an option", { user: "-l" }, /is not the name of a user/],
  ] as const)
    test(`${what} is an error`, () => {
      const host = Object.fromEntries(
        Object.entries({ ...HOST, ...change }).filter(([, value]) => value !== undefined),
      );
      assert.throws(
        () => read({ ssh: { "git.test": host } }),
        (error) => error instanceof ProfileProblem && message.test(error.message),
      );
    });

  test("a pattern of hosts is an error", () => {
    assert.throws(() => read({ ssh: { "*.test": HOST } }), /has a pattern/);
  });
});
