import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { execRequestFor, openDecider } from "./index.ts";
import { termsOf, type AskAnnotations } from "./ask-terms.ts";

const PLAIN: AskAnnotations = {
  class: undefined,
  link: undefined,
  approvals: undefined,
  stepUp: undefined,
  risk: undefined,
};

describe("how a question is answered", () => {
  for (const [what, asking, expected] of [
    ["nothing said", [PLAIN], { classes: [], links: true, approvals: 1, stepUpMinutes: undefined, risk: "high" }],
    [
      "all that one policy can say",
      [{ class: "push", link: "never", approvals: "2", stepUp: "15", risk: "low" }],
      { classes: ["push"], links: false, approvals: 2, stepUpMinutes: 15, risk: "low" },
    ],
    [
      "the strictest of several",
      [
        { ...PLAIN, class: "push", approvals: "3", stepUp: "60", risk: "low" },
        { ...PLAIN, class: "delete", link: "never", stepUp: "5", risk: "medium" },
        { ...PLAIN, class: "push", risk: "low" },
      ],
      { classes: ["delete", "push"], links: false, approvals: 3, stepUpMinutes: 5, risk: "medium" },
    ],
  ] as const) {
    test(what, () => {
      assert.deepEqual(termsOf(asking), expected);
    });
  }

  test("is said with the question, by the policies that ask it and no others", async () => {
    const ask = (id: string, annotations: string, group: string): string =>
      `@id("${id}") @ask("operator") ${annotations} forbid (principal, action == Action::"exec", resource in ProgramGroup::"${group}") unless { context.approved };`;
    const text = [
      '@id("base") permit (principal, action, resource);',
      ask("a", '@class("push") @approvals("2")', "git"),
      ask("b", '@link("never") @stepUp("10")', "git"),
      ask("c", '@class("other") @approvals("9")', "ls"),
    ].join("\n");
    const decider = await openDecider({ sources: [{ name: "x", text }], cache: undefined });
    after(() => decider.close());
    const run = { runId: "r", user: "u", agent: "a", project: "/w", profile: "p", labels: [] };
    const asked = await decider.decide(execRequestFor(run, ["git", "push"], "/w"));
    assert.deepEqual(asked.terms, { classes: ["push"], links: false, approvals: 2, stepUpMinutes: 10, risk: "high" });
    assert.equal((await decider.decide(execRequestFor(run, ["true"], "/w"))).terms, undefined);
  });
});
