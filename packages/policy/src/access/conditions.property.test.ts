/** Conditions of roles against what they say, worked out here without Cedar. */
import cedar from "@cedar-policy/cedar-wasm/nodejs";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { openAccessDecider, policiesFor, type AccessRequest, type Grant } from "./access.ts";
import { ACCESS_SCHEMA } from "./actions.ts";
import type { GrantConditions, WorkingHours } from "./conditions.ts";
import { RISKS, type Risk } from "./risk.ts";
import { BUILT_IN_ROLES } from "./roles.ts";

const decider = openAccessDecider();
after(() => decider.close());

const ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe"];
const CLASSES = ["push", "delete", "publish"] as const;
const clock = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  .map(([hour, minute]) => `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`);
const hours: fc.Arbitrary<WorkingHours> = fc.record({
  days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
  from: clock,
  to: clock,
  zone: fc.constantFrom(...ZONES),
});
const risk: fc.Arbitrary<Risk> = fc.constantFrom("low", "medium", "high");
const classes = fc.subarray([...CLASSES]);
/** 2000 to 2040: every change of summer time among them. */
const nowMs = fc.integer({ min: 946_684_800_000, max: 2_208_988_800_000 });

function request(when: GrantConditions, context: Partial<AccessRequest["context"]>): AccessRequest {
  const scope = { type: "Company", id: "company" } as const;
  const grant: Grant = { id: "g", roleName: "run-approver", role: BUILT_IN_ROLES["run-approver"], scope, when: [when] };
  return {
    principal: { type: "Person", id: "norbert" },
    grants: [grant],
    limitedTo: undefined,
    forbids: {},
    action: "answerQuestion",
    resource: {
      type: "Run",
      id: "r",
      within: [{ type: "Person", id: "robin" }, { type: "Team", id: "payments" }, scope],
    },
    context: { own: false, nowMs: 0, classes: [], risk: "high", labels: [], confirmed: false, ...context },
  };
}

const allows = async (...asked: Parameters<typeof request>): Promise<boolean> => {
  const { allowed, failure } = await decider.decide(request(...asked));
  assert.equal(failure, undefined);
  return allowed;
};

/** By the wall clock of the zone, written down as people would. */
function isOpen({ days, from, to, zone }: WorkingHours, at: number): boolean {
  const text = (ms: number): string =>
    new Intl.DateTimeFormat("en-GB", { timeZone: zone, weekday: "short", hour: "2-digit", minute: "2-digit" }).format(
      ms,
    );
  const [, day = "", time = ""] = /^(\w+),? (\d\d:\d\d)$/.exec(text(at)) ?? [];
  const today = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(day) + 1;
  const yesterday = today === 1 ? 7 : today - 1;
  if (from < to) return days.includes(today) && time >= from && time < to;
  return (days.includes(today) && time >= from) || (days.includes(yesterday) && time < to);
}

describe("a role is had", () => {
  test("within its hours, in their zone, whatever the season, and outside of them not", async () => {
    await fc.assert(
      fc.asyncProperty(hours, nowMs, async (given, at) => {
        assert.equal(await allows({ hours: given }, { nowMs: at }), isOpen(given, at));
      }),
      { numRuns: 400 },
    );
  });

  test("for questions about its classes and nothing beside them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.subarray([...CLASSES], { minLength: 1 }), classes, async (given, about) => {
        const expected = about.length > 0 && about.every((each) => given.includes(each));
        assert.equal(await allows({ classes: given }, { classes: about }), expected);
      }),
      { numRuns: 100 },
    );
  });

  test("for what risks no more than it says", async () => {
    await fc.assert(
      fc.asyncProperty(risk, risk, async (given, asked) => {
        assert.equal(await allows({ risk: given }, { risk: asked }), RISKS[asked] <= RISKS[given]);
      }),
      { numRuns: 30 },
    );
  });

  test("for runs that have all of its labels, however they are written", async () => {
    const value = fc.oneof(
      fc.constantFrom("a", 'q"\\', "é😀", "*", "\\u{61}"),
      fc.string({ minLength: 1, maxLength: 4 }),
    );
    const labels = fc.array(fc.tuple(fc.constantFrom("k", "l"), value), { minLength: 1, maxLength: 3 });
    const texts = labels.map((pairs) => pairs.map(([key, of]) => `${key}=${of}`));
    await fc.assert(
      fc.asyncProperty(texts, texts, fc.boolean(), async (given, other, all) => {
        const has = all ? [...other, ...given] : other;
        assert.equal(
          await allows({ labels: given }, { labels: has }),
          given.every((each) => has.includes(each)),
        );
        assert.equal(await allows({ labels: given }, { labels: [] }), false);
      }),
      { numRuns: 100 },
    );
    assert.equal(await allows({ labels: [] }, { labels: ["k=a"] }), false);
  });

  test("when all that is said holds", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ hours, classes, risk, at: nowMs, about: classes, asked: risk }),
        async ({ hours: open, classes: given, risk: most, at, about, asked }) => {
          const expected =
            isOpen(open, at) &&
            about.length > 0 &&
            about.every((each) => given.includes(each)) &&
            RISKS[asked] <= RISKS[most];
          const context = { nowMs: at, classes: about, risk: asked };
          assert.equal(await allows({ hours: open, classes: given, risk: most }, context), expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("within what it was handed on for, and not for what is its giver's own", async () => {
    for (const [when, expected] of [
      [{ within: { type: "Team", id: "payments" } }, true],
      [{ within: { type: "Team", id: "others" } }, false],
      [{ notOf: "sam" }, true],
      [{ notOf: "robin" }, false],
    ] as const) {
      assert.equal(await allows(when, {}), expected, JSON.stringify(when));
    }
  });

  test("not at all where a condition can't be put into Cedar", async () => {
    const open = { days: [1, 2, 3, 4, 5, 6, 7], from: "00:00", to: "00:00", zone: "UTC" };
    assert.equal(await allows({ hours: open }, {}), true);
    for (const wrong of [
      { ...open, zone: "Middle/Earth" },
      { ...open, from: "24:00" },
      { ...open, days: [8] },
      { ...open, days: [0.5] },
    ]) {
      const decision = await decider.decide(request({ hours: wrong }, {}));
      assert.equal(decision.allowed, false);
      assert.match(decision.reason, /could not be decided/);
    }
    assert.equal(await allows({ hours: { ...open, days: [] } }, {}), false);
    assert.equal(await allows({ classes: [] }, { classes: ["push"] }), false);
  });

  test("under clauses that are valid under the schema", () => {
    fc.assert(
      fc.property(hours, classes, risk, nowMs, (open, given, most, at) => {
        const within = { type: "Team", id: 'a"\u0000\u2028😀' } as const;
        const { principal, grants, limitedTo, context } = request(
          { hours: open, classes: given, risk: most, labels: ['k=a"\\\u00e9😀'], within, notOf: "x" },
          { nowMs: at },
        );
        const staticPolicies = policiesFor({ principal, grants, limitedTo, forbids: {}, context });
        const answer = cedar.validate({ schema: ACCESS_SCHEMA, policies: { staticPolicies } });
        assert.deepEqual(answer.type === "success" && answer.validationErrors, [], JSON.stringify(answer));
      }),
      { numRuns: 40 },
    );
  });
});
