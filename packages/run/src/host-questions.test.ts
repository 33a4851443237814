/** What of a connection or request is asked, what an answer covers, and when there is none. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { NewEvent } from "@bailiwick/audit";
import type { ConnectRequest, Decision, HttpRequest } from "@bailiwick/policy";
import { Approvals, hostBindingOf, hostReachOf, type Answered, type HostQuestion, type Question } from "./approvals.ts";
import type { Askable } from "./ask-outcomes.ts";
import { HostQuestions } from "./host-questions.ts";

const digest = `sha256:${"0".repeat(64)}`;
const never = new AbortController().signal;
const ASK: Decision = {
  ...({ outcome: "ask", policies: ["p"], reason: "r", instead: undefined, approver: "operator" } as const),
  ...({ policyDigest: digest, scope: "once", failure: undefined } as const),
};
const run = { runId: "r", user: "u", agent: "a", project: "/p", profile: "standard", labels: [] };
const moment = { timeMs: 0, approved: false };
const NO_LEAK = { kinds: [], toModel: false };
const connect: ConnectRequest = { action: "connect", run, host: "h.test", port: 443, leak: NO_LEAK, ...moment };
const post = (path = "x", more: Partial<HttpRequest> = {}): HttpRequest => ({
  ...{ action: "httpRequest", run, host: "h.test", port: 443, secure: true, method: "POST", paths: [[path]] },
  ...{ query: [], headers: [], sizeBytes: 3, credential: "", program: "", leak: NO_LEAK, ...moment, ...more },
});

/** Approved requests are allowed, all others asked about; answers are the test's. */
function open(more: { readonly longestMs?: number; readonly lift?: boolean; readonly approvals?: Askable } = {}) {
  const asked: { question: Question; answer: (given: Answered | undefined) => void; over: AbortSignal }[] = [];
  const notes: NewEvent[] = [];
  const desk = {
    put: async (question: Question, _bound: string, over: AbortSignal): Promise<Answered | undefined> =>
      await new Promise((answer) => {
        asked.push({ question, answer, over });
        over.addEventListener("abort", () => answer(undefined));
      }),
  };
  const questions = new HostQuestions({
    decider: {
      policyDigest: digest,
      decide: ({ approved }) => (approved && more.lift !== false ? { ...ASK, outcome: "allow", reason: "" } : ASK),
    },
    approvals: more.approvals ?? new Approvals(undefined, desk),
    recorder: { note: (event) => notes.push(event) },
    programs: { of: (exec) => (exec === 7 ? { path: "/c", pid: 70, argv: ["c", "-d"], cwd: "/w" } : undefined) },
    now: () => 5,
    ...(more.longestMs !== undefined && { longestMs: more.longestMs }),
  });
  const send = async (request = post(), gone = never, exec = 7): Promise<Decision> => {
    const path = `/${request.paths[0]?.join("/") ?? ""}`;
    return await questions.request(request, { exec, connection: 1, path, leaks: [], gone });
  };
  const asks = async (count: number): Promise<void> => {
    while (asked.length < count) await new Promise((resolve) => setImmediate(resolve));
  };
  return { questions, asked, asks, notes, send };
}

describe("a request that a policy asks about", () => {
  test("waits for the answer, which is recorded with what was shown", async () => {
    const { asked, asks, notes, send } = open();
    const sending = send(post("x", { credential: "github", query: ["q"] }));
    await asks(1);
    const [{ question, answer } = assert.fail()] = asked;
    answer({ answer: "once", by: "norbert" });
    const decision = await sending;
    assert.deepEqual([decision.outcome, decision.approver], ["allow", "operator"]);
    const request = { connection: 1, method: "POST", path: "/x", query: ["q"], sizeBytes: 3, contentType: "" };
    const about = { host: "h.test", port: 443, request: { ...request, credential: "github" } };
    assert.ok(question.kind === "host");
    assert.deepEqual([question.about, question.pid, question.argv], [about, 70, ["c", "-d"]]);
    const bound = hostBindingOf(question);
    assert.deepEqual(notes, [{ type: "approval", at: 5, exec: 7, answer: "once", by: "norbert", bound, about }]);
  });

  test("that yes would not lift is refused all the same", async () => {
    const { asked, asks, send } = open({ lift: false });
    const sending = send();
    await asks(1);
    asked[0]?.answer({ answer: "run", by: "norbert" });
    assert.equal((await sending).outcome, "deny");
  });

  test("is refused when nobody answers in time", async () => {
    const { asked, send } = open({ longestMs: 1 });
    const decision = await send();
    assert.match(decision.reason, /^r \(asked, and nobody answered\)$/);
    assert.equal(asked[0]?.over.aborted, true);
  });

  test("is taken back when its connection, its process or the run is gone, or the run stands still; others wait on", async () => {
    const { questions, asked, asks, send } = open();
    const gone = new AbortController();
    const first = send(post("a"), gone.signal);
    const [second, third] = [send(post("b")), send(post("c"), never, 8)];
    await asks(3);
    gone.abort();
    assert.match((await first).reason, /whoever wanted it has gone/);
    questions.execEnded(7);
    assert.match((await second).reason, /whoever wanted it has gone/);
    assert.equal(asked[2]?.over.aborted, false);
    questions.freeze();
    assert.match((await third).reason, /the run was stopped/);
    assert.match((await send(post("d"))).reason, /the run stands still/);
    questions.thaw();
    const again = send(post("e"));
    await asks(4);
    asked[3]?.answer({ answer: "once", by: "norbert" });
    assert.equal((await again).outcome, "allow");
  });

  test("is refused where 64 wait already, and one more may wait when one is answered", async () => {
    const { asked, asks, send } = open();
    const waiting = Array.from({ length: 64 }, (_, at) => send(post(`n${String(at)}`)));
    await asks(64);
    assert.match((await send(post("more"))).reason, /64 others wait for one already/);
    asked[0]?.answer({ answer: "no", by: "norbert" });
    await waiting[0];
    const next = send(post("more"));
    await asks(65);
    for (const { answer } of asked) answer({ answer: "once", by: "norbert" });
    assert.equal((await next).outcome, "allow");
  });

  test("with nobody to ask is refused, and says so", async () => {
    const { send, notes } = open({ approvals: { nobody: "it is night" } });
    assert.match((await send()).reason, /there was nobody to ask: it is night/);
    assert.deepEqual(notes, []);
  });

  test("shows no secret that stands in its path or in the command", async () => {
    const token = `ghp_${"aB3dE6gH9jKlMnOpQrStUvWxYz0123456789"}`;
    const { asked, asks, notes, send } = open();
    const sending = send(post(token));
    await asks(1);
    asked[0]?.answer({ answer: "no", by: "norbert" });
    await sending;
    assert.ok(!JSON.stringify([asked, notes]).includes(token.slice(4)));
    assert.match(JSON.stringify(notes), /"path":"\/\[redacted: github\]"/);
  });
});

describe("a host that a policy asks about", () => {
  test("has an address where somebody can be asked; the question comes with the connection", async () => {
    const { questions, asked, asks } = open();
    assert.equal((await questions.connect({ ...connect, port: 0 }, undefined)).outcome, "allow");
    assert.equal(asked.length, 0);
    const connecting = questions.connect(connect, { owner: Promise.resolve(undefined), gone: never });
    await asks(1);
    const [{ question, answer } = assert.fail()] = asked;
    assert.deepEqual([question.kind === "host" && question.about, question.argv], [{ host: "h.test", port: 443 }, []]);
    answer({ answer: "once", by: "norbert" });
    assert.equal((await connecting).outcome, "allow");
  });

  test("has none where nobody can be asked", async () => {
    const { questions } = open({ approvals: { nobody: "it is night" } });
    assert.equal((await questions.connect({ ...connect, port: 0 }, undefined)).outcome, "deny");
  });
});

describe("an answer", () => {
  const request = { connection: 1, method: "POST", path: "/x", query: ["q"], sizeBytes: 1, contentType: "t" };
  const plain: HostQuestion = {
    ...({ kind: "host", exec: 1, pid: 2, argv: ["a"], cwd: "/", decision: ASK } as const),
    about: { host: "h", port: 1, request, leaks: [{ kind: "secret", what: "github", sample: "s" }] },
  };
  const other = (about: Partial<HostQuestion["about"]>): HostQuestion => ({
    ...plain,
    about: { ...plain.about, ...about },
  });
  const changed: readonly [what: string, question: HostQuestion, reaches: boolean][] = [
    ["host", other({ host: "i" }), false],
    ["port", other({ port: 2 }), false],
    ["method", other({ request: { ...request, method: "PUT" } }), false],
    ["path", other({ request: { ...request, path: "/y" } }), false],
    ["credential", other({ request: { ...request, credential: "c" } }), false],
    ["kind of leak", other({ leaks: [{ kind: "secret", what: "npm", sample: "s" }] }), false],
    ["no request", other({ request: undefined }), false],
    ["policies", { ...plain, decision: { ...ASK, policies: ["q"] } }, false],
    ["policy set", { ...plain, decision: { ...ASK, policyDigest: `sha256:${"1".repeat(64)}` } }, false],
    ["query", other({ request: { ...request, query: [] } }), true],
    ["size", other({ request: { ...request, sizeBytes: 2 } }), true],
    ["content type", other({ request: { ...request, contentType: "u" } }), true],
    ["sample", other({ leaks: [{ kind: "secret", what: "github", sample: "t" }] }), true],
    ["command", { ...plain, argv: ["b"] }, true],
    ["directory", { ...plain, cwd: "/b" }, true],
  ];
  for (const [what, question, reaches] of changed) {
    test(`is bound to the ${what}${reaches ? "; for the run it holds for another as well" : ", also for the run"}`, () => {
      if (what !== "policies") assert.notEqual(hostBindingOf(question), hostBindingOf(plain));
      assert.equal(hostReachOf(question) === hostReachOf(plain), reaches);
    });
  }
});
