import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { makeRunId } from "@bailiwick/base";
import type { Question, RunOutcome } from "@bailiwick/run";
import { plain } from "../format.ts";
import { questionText } from "./question-text.ts";
import { summaryText } from "./summary.ts";

const digest = `sha256:${"ab".repeat(32)}`;
const question: Question = {
  kind: "exec",
  exec: 3,
  pid: 100,
  argv: ["git", "push", "--force", "\u001b[2J"],
  cwd: "/w",
  files: [{ path: "/usr/bin/git", digest }],
  decision: {
    outcome: "ask",
    policies: ["standard.push"],
    reason: "pushing by force loses work",
    instead: undefined,
    approver: "owner",
    policyDigest: digest,
    scope: "exact",
    failure: undefined,
  },
};

describe("a question", () => {
  test("shows command, directory, file, reason, policy and the keys, and no control of the agent's", () => {
    assert.equal(
      questionText(question, { color: false, columns: 60 }),
      [
        "",
        "bailiwick: may this run?",
        "  command    git push --force '\\x1b[2J'",
        "  in         /w",
        "  would run  /usr/bin/git (sha256:abababababab…)",
        "  because    pushing by force loses work",
        "  policy     standard.push",
        "  o once   r for this run   n no  ",
      ].join("\n"),
    );
  });

  test("breaks long reasons between words, and never the command", () => {
    const decision = { ...question.decision, reason: "this takes more room than there is on one line of it" };
    const shown = questionText({ ...question, argv: ["x".repeat(100)], decision }, { color: false, columns: 40 });
    assert.match(shown ?? "", /^ {2}because {4}this takes more room than\n {13}there is on one line of it$/m);
    assert.ok(shown?.includes("x".repeat(100)));
  });

  test("that could not be read whole is none", () => {
    assert.equal(questionText({ ...question, argv: ["x".repeat(20_000)] }, { color: false, columns: 80 }), undefined);
    assert.match(
      questionText({ ...question, argv: ["x".repeat(16_000), "END"] }, { color: false, columns: 80 }) ?? "",
      /END/,
    );
  });
});

describe("the summary", () => {
  const outcome: RunOutcome = {
    run: makeRunId(1, Buffer.alloc(10)),
    status: 1,
    reason: "exited",
    detail: undefined,
    wallMs: 1234,
    counts: {
      execs: 12,
      refused: 2,
      asked: 1,
      connections: 1,
      hostsRefused: 1,
      requests: 3,
      requestsRefused: 1,
      alarms: 1,
    },
    models: undefined,
    budgets: [],
    refusedRequests: [{ what: "PUT registry.test/x", reason: "no publishing" }],
    refusals: [{ argv: ["git", "push"], reason: "no", policies: ["p"] }],
    hostsReached: ["a.test:443"],
    hostsRefused: ["b.test"],
    changed: { paths: ["1", "2", "3", "4", "5", "6"], count: 6, complete: false },
    enforcement: [
      { layer: "namespaces", state: "enforced", detail: "" },
      { layer: "limit:memory", state: "unavailable", detail: "no cgroup" },
    ],
    record: { directory: "/s/log", head: { size: 5, root: "" }, range: { first: 0, last: 1 }, witnessed: undefined },
  };

  test("says what ran, what was refused, whom it talked to, what changed, what held and where the record is", () => {
    assert.equal(
      summaryText(outcome, { ok: true }, plain),
      [
        "bailiwick: ended, status 1 after 1.2 s",
        "  commands  12 run, 2 refused, 1 asked",
        "  hosts     a.test:443 reached, b.test refused",
        "  requests  3 sent, 1 refused: PUT registry.test/x, 1 alarm",
        "  files     at least 6 files changed: 1, 2, 3, 4, 5 and 1 more",
        "  enforced  namespaces; not here: limit:memory",
        "  record    /s/log, verified",
        `  look      bailiwick runs show ${outcome.run}`,
        "  ✗ git push",
        "    no [p]",
        "  and 1 more",
        "",
      ].join("\n"),
    );
  });

  test("a record that does not verify, or has no end, is said so", () => {
    assert.match(summaryText(outcome, { ok: false }, plain), /NOT VERIFIED/);
    const lost = { ...outcome, reason: "record", detail: "the record could not be written" } as const;
    assert.match(summaryText(lost, { unknown: "its end could not be written" }, plain), /its end could not be written/);
  });
});
