/** Who answers when the terminal and others elsewhere are asked the same. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Approvals, type Answer, type Answered, type Approver, type Question, type QuestionDesk } from "./approvals.ts";

const digest = `sha256:${"0".repeat(64)}`;
const never = new AbortController().signal;

function question(exec: number, approver?: string): Question {
  const decision = {
    ...({ outcome: "ask", policies: ["p"], reason: "r", instead: undefined, approver, policyDigest: digest } as const),
    ...({ scope: "once", failure: undefined } as const),
  };
  return { kind: "exec", exec, pid: 100 + exec, argv: ["x"], cwd: "/", files: [], decision };
}

/** Answered by the test; `over` says that the question was taken back. */
function askable() {
  const asked: { answer(given: Answered | undefined): void; over: boolean }[] = [];
  const put = async (signal: AbortSignal): Promise<Answered | undefined> => {
    const { promise, resolve } = Promise.withResolvers<Answered | undefined>();
    const one = { answer: resolve, over: false };
    asked.push(one);
    signal.addEventListener("abort", () => {
      one.over = true;
      resolve(undefined);
    });
    return await promise;
  };
  const desk: QuestionDesk = { put: (_question, _bound, signal) => put(signal) };
  const terminal: Omit<Approver, "askToGoOn"> = {
    by: "person",
    roles: ["operator"],
    ask: async (_question, signal): Promise<Answer> => (await put(signal))?.answer ?? "unanswered",
  };
  return { asked, desk, terminal };
}

const turn = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

describe("a question that is asked at the terminal and elsewhere", () => {
  for (const first of ["terminal", "desk"] as const) {
    test(`is answered by whoever is first: the ${first}; the other is not asked any more`, async () => {
      const [here, there] = [askable(), askable()];
      const approvals = new Approvals(here.terminal, there.desk);
      const answering = approvals.ask(question(1), "b", never);
      await turn();
      const [winner, loser] = first === "terminal" ? [here, there] : [there, here];
      winner.asked[0]?.answer({ answer: "once", by: "norbert" });
      assert.deepEqual(await answering, {
        answer: "once",
        by: first === "terminal" ? "person" : "norbert",
        bound: "b",
      });
      assert.equal(loser.asked[0]?.over, true);
      assert.equal(approvals.asked, 1);
    });
  }

  test("is unanswered only when neither answered", async () => {
    const [here, there] = [askable(), askable()];
    const answering = new Approvals(here.terminal, there.desk).ask(question(1), "b", never);
    await turn();
    here.asked[0]?.answer(undefined);
    await turn();
    there.asked[0]?.answer({ answer: "no", by: "norbert" });
    assert.deepEqual(await answering, { answer: "no", by: "norbert", bound: "b" });
    const nobody = new Approvals(here.terminal, there.desk).ask(question(2), "b", never);
    await turn();
    here.asked[1]?.answer(undefined);
    there.asked[1]?.answer(undefined);
    assert.equal((await nobody).answer, "unanswered");
  });

  test("for a role that the terminal does not have is for the others alone", async () => {
    const [here, there] = [askable(), askable()];
    const approvals = new Approvals(here.terminal, there.desk);
    assert.equal(approvals.answersFor("security"), true);
    assert.equal(new Approvals(here.terminal, undefined).answersFor("security"), false);
    const answering = approvals.ask(question(1, "security"), "b", never);
    await turn();
    assert.equal(here.asked.length, 0);
    there.asked[0]?.answer({ answer: "once", by: "sam" });
    assert.deepEqual(await answering, { answer: "once", by: "sam", bound: "b" });
  });

  test("yes for the run answers those that wait for the same, and nothing else", async () => {
    const there = askable();
    const approvals = new Approvals(undefined, there.desk);
    const same = [approvals.ask(question(1), "b", never), approvals.ask(question(2), "b", never)];
    const other = approvals.ask(question(3), "c", never);
    await turn();
    there.asked[0]?.answer({ answer: "run", by: "norbert" });
    for (const one of same) assert.deepEqual(await one, { answer: "run", by: "norbert", bound: "b" });
    there.asked[2]?.answer({ answer: "no", by: "norbert" });
    assert.deepEqual(await other, { answer: "no", by: "norbert", bound: "c" });
    assert.equal(approvals.whoSaidNo("c", 103), "norbert");
    assert.deepEqual(await approvals.ask(question(4), "b", never), { answer: "run", by: "norbert", bound: "b" });
  });

  test("is taken back from both when its process is gone", async () => {
    const [here, there] = [askable(), askable()];
    const gone = new AbortController();
    const answering = new Approvals(here.terminal, there.desk).ask(question(1), "b", gone.signal);
    await turn();
    gone.abort();
    assert.equal((await answering).answer, "unanswered");
    assert.deepEqual([here.asked[0]?.over, there.asked[0]?.over], [true, true]);
  });
});
