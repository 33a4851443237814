import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { NewEvent } from "@bailiwick/audit";
import type { Decision, DecisionRequest, ExecRequest } from "@bailiwick/policy";
import type { ExecNotice, Verdict } from "@bailiwick/sandbox";
import { Approvals, type Answer, type Question } from "./approvals.ts";
import { Digests } from "./digests.ts";
import { ExecGate, type ExecGateOptions } from "./exec-gate.ts";
import { ExecInspector } from "./exec-inspector.ts";
import { ProgramNames } from "./program-names.ts";
import { Recorder } from "./recorder.ts";

const folder = mkdtempSync(join(tmpdir(), "bailiwick-gate-"));
const program = join(folder, "tool");
before(async () => {
  writeFileSync(program, "tool");
  while (Date.now() - statSync(program).ctimeMs < 150) await new Promise((resolve) => setTimeout(resolve, 10));
});
after(() => {
  rmSync(folder, { recursive: true });
});

const POLICY_DIGEST = `sha256:${"a".repeat(64)}`;

function decision(outcome: Decision["outcome"], scope: Decision["scope"] = "program"): Decision {
  const reason = outcome === "allow" ? "" : "pushing by force loses work";
  const policies = [`standard.${outcome}`];
  return {
    outcome,
    policies,
    reason,
    instead: undefined,
    approver: undefined,
    policyDigest: POLICY_DIGEST,
    scope,
    failure: undefined,
  };
}

function notice(id: number, more: Partial<ExecNotice> & { argv?: string[]; openAt?: string } = {}): ExecNotice {
  const { dev, ino, size, mtimeNs, ctimeNs, mode } = statSync(program, { bigint: true });
  const identity = { device: dev, inode: ino, size, mtimeNs, ctimeNs, mode: Number(mode) };
  const { argv = ["tool", "now"], openAt = program, ...rest } = more;
  const file = { kind: "program", path: "/usr/bin/tool", identity, vouched: true, openAt, argv } as const;
  return {
    id,
    parent: 0,
    replaces: false,
    pid: 100 + id,
    asked: "tool",
    files: [file],
    cwd: "/w",
    at: 1000,
    decided: false,
    ...rest,
  };
}

function setUp(decide: (request: ExecRequest) => Decision | Promise<Decision>, answers?: readonly Answer[]) {
  const events: NewEvent[] = [];
  const asked: Question[] = [];
  const broken: string[] = [];
  let durable = Promise.resolve();
  const log = {
    pending: { events: 0, bytes: 0 },
    append: async (event: NewEvent) => {
      await durable;
      return events.push(event);
    },
    flush: () => Promise.resolve(),
    retry: () => Promise.resolve(),
  };
  const nothing = () => undefined;
  const hooks = { freeze: nothing, thaw: nothing, giveUp: nothing, say: nothing };
  const recorder = new Recorder({ log, hooks, onEvent: nothing, now: Date.now, retryMs: 1, patienceMs: 1 });
  const rest = [...(answers ?? [])];
  const approver = {
    by: "sam",
    roles: ["operator"],
    ask: async (question: Question, signal: AbortSignal): Promise<Answer> => {
      asked.push(question);
      const answer = rest.shift();
      if (answer !== undefined) return answer;
      return await new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          resolve("unanswered");
        });
      });
    },
  };
  const digests = new Digests();
  const renewed: [path: string, made: boolean][] = [];
  const options: ExecGateOptions = {
    inspector: new ExecInspector({
      run: { runId: "r", user: "sam", agent: "tool", project: "/w", profile: "standard", labels: [] },
      digests,
      names: new ProgramNames([], { searchPath: undefined, digests, cache: undefined }),
      writable: ["/w"],
    }),
    decider: {
      policyDigest: POLICY_DIGEST,
      decide: (request: DecisionRequest) => {
        assert.equal(request.action, "exec");
        return decide(request as ExecRequest);
      },
      close: () => Promise.resolve(),
    },
    recorder,
    approvals: answers === undefined ? { nobody: "there is no terminal" } : new Approvals(approver, undefined),
    origins: undefined,
    now: () => 2000,
    onRenewed: (path, made) => void renewed.push([path, made]),
    onBroken: (reason, detail) => void broken.push(`${reason}: ${detail}`),
  };
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    durable = promise.then(nothing);
    return () => {
      resolve(undefined);
    };
  };
  return { gate: new ExecGate(options), events, asked, broken, renewed, recorder, hold };
}

const types = (events: readonly NewEvent[]) => events.map(({ type }) => type);
const message = (verdict: Verdict) => (verdict.allow ? "" : verdict.message);

describe("exec gate", () => {
  test("an exec that is allowed is answered at once and recorded, and its end after it", async () => {
    const { gate, events, recorder } = setUp(() => decision("allow"));
    assert.deepEqual(gate.onExec(notice(1)), { allow: true, reuse: "program" });
    gate.onEnd({ id: 1, status: 0, signal: undefined, replacedBy: undefined, failed: undefined, cpuMs: 3, at: 1500 });
    await recorder.settled();
    assert.deepEqual(types(events), ["exec.allowed", "exec.ended"]);
    assert.deepEqual(events[1], { type: "exec.ended", at: 1500, exec: 1, status: 0, cpuMs: 3, wallMs: 500 });
  });

  test("reuse follows the decision's scope", () => {
    for (const [scope, reuse] of [
      ["program", "program"],
      ["exact", "exact"],
      ["once", "never"],
    ] as const) {
      assert.deepEqual(setUp(() => decision("allow", scope)).gate.onExec(notice(1)), { allow: true, reuse });
    }
  });

  test("an identity that does not vouch for the bytes is never reused", async () => {
    const { gate } = setUp(() => decision("allow"));
    const fresh = notice(1);
    writeFileSync(join(folder, "fresh"), "fresh");
    const { dev, ino, size, mtimeNs, ctimeNs, mode } = statSync(join(folder, "fresh"), { bigint: true });
    const identity = { device: dev, inode: ino, size, mtimeNs, ctimeNs, mode: Number(mode) };
    const files: ExecNotice["files"] = [{ ...fresh.files[0], identity, openAt: join(folder, "fresh") }];
    assert.deepEqual(await gate.onExec({ ...fresh, files }), { allow: true, reuse: "never" });
  });

  test("a refusal is durable before the caller hears of it, and says why", async () => {
    const { gate, events, hold } = setUp(() => decision("deny"));
    const letGo = hold();
    let answered = false;
    const verdict = Promise.resolve(gate.onExec(notice(1))).finally(() => {
      answered = true;
    });
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    assert.equal(answered, false);
    letGo();
    assert.equal(message(await verdict), "bailiwick: refused: pushing by force loses work [policy standard.deny]");
    assert.deepEqual(types(events), ["exec.refused"]);
  });

  test("a decision that fails refuses", async () => {
    for (const decide of [
      () => {
        throw new Error("broken");
      },
      () => Promise.reject(new Error("broken")),
    ]) {
      const { gate, events } = setUp(decide);
      assert.match(message(await gate.onExec(notice(1))), /could not decide/);
      assert.equal(events[0]?.type === "exec.refused" && events[0].decision.failure, "broken");
    }
  });

  test("a file that can't be read refuses", async () => {
    const { gate, events } = setUp(() => decision("allow"));
    assert.match(message(await gate.onExec(notice(1, { openAt: join(folder, "nowhere") }))), /cannot read .*ENOENT/);
    assert.deepEqual(types(events), ["exec.refused"]);
  });

  test("policies see path, names, digest, directory, and whether the run may have written the file", async () => {
    const seen: ExecRequest[] = [];
    const { gate } = setUp((request) => {
      seen.push(request);
      return decision("allow");
    });
    const inside = notice(1, { asked: "./alias" });
    await gate.onExec({ ...inside, files: [{ ...inside.files[0], path: "/w/real" }] });
    const [facts] = seen[0]?.links ?? [];
    assert.deepEqual(facts?.program.names, ["alias", "real"]);
    assert.equal(facts?.program.inWorkspace, true);
    assert.match(facts?.program.digest ?? "", /^sha256:[0-9a-f]{64}$/);
    assert.equal(seen[0]?.cwd, "/w");
  });

  describe("questions", () => {
    const asks = (request: ExecRequest) => decision(request.approved ? "allow" : "ask");

    test("with nobody to ask, the refusal says so", async () => {
      const { gate, events } = setUp(asks);
      assert.match(message(await gate.onExec(notice(1))), /nobody to ask: there is no terminal/);
      assert.deepEqual(types(events), ["exec.refused"]);
    });

    test("a yes for once is a yes for once, recorded with what it is bound to, and never reused by the launcher", async () => {
      const { gate, events, asked, recorder } = setUp(asks, ["once", "no"]);
      assert.deepEqual(await gate.onExec(notice(1)), { allow: true, reuse: "never" });
      assert.match(message(await gate.onExec(notice(2))), /asked, and sam said no/);
      await recorder.settled();
      assert.equal(asked.length, 2);
      assert.deepEqual(types(events), ["approval", "exec.allowed", "approval", "exec.refused"]);
      assert.deepEqual(gate.counts, { execs: 1, refused: 1, asked: 2 });
    });

    test("a yes for this run holds for an equal exec, and for none with other arguments or another directory", async () => {
      const { gate, asked } = setUp(asks, ["run", "no", "no"]);
      assert.equal((await gate.onExec(notice(1))).allow, true);
      assert.equal((await gate.onExec(notice(2))).allow, true);
      assert.equal(asked.length, 1);
      assert.equal((await gate.onExec(notice(3, { argv: ["tool", "later"] }))).allow, false);
      assert.equal((await gate.onExec(notice(4, { cwd: "/w/other" }))).allow, false);
      assert.equal(asked.length, 3);
    });

    test("the next directory of a PATH search is the same attempt, another process's is not", async () => {
      const { gate, asked } = setUp(asks, ["no", "no"]);
      const pid = 77;
      assert.equal((await gate.onExec(notice(1, { pid, asked: "/usr/bin/tool" }))).allow, false);
      assert.equal((await gate.onExec(notice(2, { pid, asked: "/bin/tool" }))).allow, false);
      assert.equal(asked.length, 1);
      assert.equal((await gate.onExec(notice(3))).allow, false);
      assert.equal(asked.length, 2);
      assert.deepEqual(gate.counts, { execs: 0, refused: 3, asked: 2 });
    });

    test("a yes can't lift what the policies forbid in any case", async () => {
      const { gate, events } = setUp((request) => decision(request.approved ? "deny" : "ask"), ["once"]);
      assert.equal((await gate.onExec(notice(1))).allow, false);
      assert.deepEqual(types(events), ["approval", "exec.refused"]);
    });

    test("a question for a role that the person does not have is a refusal that says so", async () => {
      const { gate, asked } = setUp((request) => ({ ...asks(request), approver: "security" }), ["once"]);
      assert.match(message(await gate.onExec(notice(1))), /nobody to ask: sam is not security/);
      assert.equal(asked.length, 0);
    });

    test("a process that dies while a person thinks takes its question along", async () => {
      const { gate, asked } = setUp(asks, []);
      const verdict = gate.onExec(notice(1));
      while (asked.length === 0) await new Promise(setImmediate);
      gate.onEnd({
        id: 1,
        status: undefined,
        signal: "SIGKILL",
        replacedBy: undefined,
        failed: undefined,
        cpuMs: undefined,
        at: 1500,
      });
      assert.match(message(await verdict), /nobody answered/);
    });

    test("other execs are answered while a question waits", async () => {
      const { gate, asked } = setUp(
        (request) => (request.links[0]?.argv[1] === "now" ? decision("allow") : decision("ask")),
        [],
      );
      void gate.onExec(notice(1, { argv: ["tool", "later"] }));
      while (asked.length === 0) await new Promise(setImmediate);
      assert.equal((await gate.onExec(notice(2))).allow, true);
      gate.close();
    });
  });

  describe("a verdict that the launcher repeated", () => {
    test("is recorded like any other, though the file can't be opened any more", async () => {
      const { gate, events, broken, recorder } = setUp(() => decision("allow"));
      void gate.onExec(notice(1));
      await gate.onExec(notice(2, { decided: true, openAt: "/nowhere" }));
      gate.onEnd({ id: 2, status: 0, signal: undefined, replacedBy: undefined, failed: undefined, cpuMs: 1, at: 1001 });
      await recorder.settled();
      assert.deepEqual(types(events), ["exec.allowed", "exec.allowed", "exec.ended"]);
      assert.deepEqual(broken, []);
    });

    test("that does not hold ends the run", async () => {
      let outcome: Decision["outcome"] = "allow";
      const { gate, broken } = setUp(() => decision(outcome));
      void gate.onExec(notice(1));
      outcome = "deny";
      await gate.onExec(notice(2, { decided: true }));
      assert.match(broken[0] ?? "", /supervisor: the launcher repeated a verdict/);
    });

    test("is recorded before its end, also when deciding takes time", async () => {
      const waiting = Promise.withResolvers<Decision>();
      const { gate, events, recorder } = setUp(() => waiting.promise);
      await gate.onExec(notice(2, { decided: true }));
      gate.onEnd({ id: 2, status: 0, signal: undefined, replacedBy: undefined, failed: undefined, cpuMs: 1, at: 1001 });
      waiting.resolve(decision("allow"));
      while (events.length < 2) await new Promise(setImmediate);
      await recorder.settled();
      assert.deepEqual(types(events), ["exec.allowed", "exec.ended"]);
    });

    test("whose bytes are not known ends the run", async () => {
      const { gate, broken } = setUp(() => decision("allow"));
      await gate.onExec(notice(2, { decided: true, openAt: "/nowhere" }));
      while (broken.length === 0) await new Promise(setImmediate);
      assert.match(broken[0] ?? "", /supervisor: cannot record an exec/);
    });
  });

  test("a protection that was laid anew is recorded and passed on", async () => {
    const { gate, events, renewed, recorder } = setUp(() => decision("allow"));
    gate.onRenewed("/w/.git/config", false);
    await recorder.settled();
    assert.deepEqual(events, [{ type: "protection.renewed", at: 2000, path: "/w/.git/config", made: false }]);
    assert.deepEqual(renewed, [["/w/.git/config", false]]);
  });

  test("tampering is recorded and ends the run", () => {
    const { gate, broken } = setUp(() => decision("allow"));
    gate.onTampered(7, 70, "other argv");
    assert.deepEqual(broken, ["tampering: other argv"]);
  });

  test("keeps nothing of execs that ended", async () => {
    const { gate, recorder } = setUp(() => decision("allow"));
    for (let id = 1; id <= 2000; id++) {
      void gate.onExec(notice(id));
      gate.onEnd({ id, status: 0, signal: undefined, replacedBy: undefined, failed: undefined, cpuMs: 1, at: 1001 });
    }
    await recorder.settled();
    assert.equal(gate.live, 0);
  });
});
