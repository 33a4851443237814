/** What a run may use up: each budget ends it, or stops it until somebody says; a call that fails again and again is noticed. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import {
  bailiwick,
  commandPath,
  makePlace,
  ofType,
  personEnvironment,
  readEvents,
  type Place,
} from "../support/governed.ts";
import { runScriptedAgent, type ScriptedRun } from "../support/scripted-run.ts";
import { smallAgent } from "../support/scripted-small-agent.ts";
import type { Script } from "../support/scripted-model/script.ts";
import { inTerminal, type Step } from "../support/terminal.ts";

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => {
  place.remove();
});

const work = async (script: Script, more: string): Promise<ScriptedRun> =>
  await runScriptedAgent(place, smallAgent, script, { brokered: true, more });

/** Each answer is of 120 tokens. */
const turns = (...commands: readonly string[]): Script => ({ turns: commands.map((sh) => ({ sh })), final: "Done." });
const LONG = turns("true", "true && true", "sleep 60");

describe("a budget that is spent ends the run", () => {
  const cases = [
    ["tokens", "tokens = 250", 250, 360],
    ["money", 'money = 0.001\n[models.prices]\n"sm*" = { in = 3, out = 15 }', 1_000, 1_200],
    ["requests", "requests = 2", 2, 3],
  ] as const;
  for (const [budget, text, limit, used] of cases) {
    test(`${budget}: the record, the summary and the status say so`, async () => {
      const run = await work(LONG, `[budgets]\n${text}\n`);
      assert.notEqual(run.status, 0);
      const spent = ofType(run.events, "budget.spent");
      assert.deepEqual(
        spent.map((event) => [event.budget, event.limit, event.used, event.came]),
        [[budget, limit, used, "ended"]],
      );
      assert.equal(ofType(run.events, "run.ended")[0]?.reason, "budget");
      assert.match(run.stderr, /ended: a budget is spent/);
      assert.match(run.stderr, /budget +budget spent: /);
      assert.equal((await bailiwick(place, ["audit", "verify"])).status, 0);
    });
  }

  test("bytes and time are looked at while the run goes on", async () => {
    for (const text of ['bytes = "2KB"', 'wall = "1s"']) {
      const run = await work(turns("sleep 60"), `[budgets]\n${text}\n`);
      assert.deepEqual(
        ofType(run.events, "budget.spent").map(({ budget, came }) => [budget, came]),
        [[text.split(" ")[0], "ended"]],
      );
    }
  });

  test("a model without a price spends money that nobody counts: that is over any budget", async () => {
    const run = await work(LONG, '[budgets]\nmoney = 100\n[models.prices]\n"other" = { in = 3, out = 15 }\n');
    assert.deepEqual(
      ofType(run.events, "budget.spent").map(({ budget, came }) => [budget, came]),
      [["money", "ended"]],
    );
  });

  test("with nobody to ask, a question is an end", async () => {
    const run = await work(LONG, '[budgets]\nrequests = 1\nwhen-spent = "pause"\n');
    assert.equal(ofType(run.events, "budget.spent")[0]?.came, "ended");
    assert.match(run.stderr, /nobody to ask: the run was started with `--approvals deny`/);
  });

  test("within its budgets a run ends as it would", async () => {
    const run = await work(turns("true"), '[budgets]\ntokens = 1000\nrequests = 10\nbytes = "100MB"\nwall = "1h"\n');
    assert.equal(run.status, 0, run.stderr);
    assert.equal(ofType(run.events, "budget.spent").length, 0);
  });

  test("the workspace's own profile can lower a budget and not raise it", async () => {
    place.write(
      "home/project/.bailiwick/profile.toml",
      '[budgets]\ntokens = 100\nrequests = 50\nwhen-spent = "pause"\n',
    );
    const run = await work(LONG, "[budgets]\ntokens = 100000\nrequests = 40\n");
    assert.deepEqual(
      ofType(run.events, "budget.spent").map(({ budget, limit }) => [budget, limit]),
      [["tokens", 100]],
    );
    assert.match(run.stderr, /left out: `budgets\.when-spent`/);
  });
});

describe("paused, the run stands still until somebody says", () => {
  const paused = async (steps: readonly Step[]) => {
    const profile = place.write("profile.toml", '[budgets]\nwall = "1s"\nwhen-spent = "pause"\n');
    const result = await inTerminal({
      argv: [process.execPath, commandPath, "run", "--profile", profile, "--", "sh", "-c", "sleep 2; echo fini''shed"],
      cwd: place.workspace,
      env: personEnvironment(place, { TERM: "xterm" }),
      steps,
      timeout: 60_000,
    });
    assert.equal(result.failed, null, result.output);
    return {
      ...result,
      spent: ofType(await readEvents(place), "budget.spent").map(({ came, by }) => [came, by !== undefined]),
    };
  };
  const ASKED = "no, end it";

  test("a yes is for as much again", async () => {
    const yes: Step = { expect: ASKED, send: "y", wait: 2_500 };
    // On a slow machine as much again may be spent again.
    const { status, output, spent } = await paused([yes, { ...yes, again: true }]);
    assert.equal(status, 0, output);
    assert.match(output, /finished/);
    assert.ok(spent.length >= 1 && spent.every(([came, byPerson]) => came === "extended" && byPerson), String(spent));
  });

  test("a no ends it", async () => {
    const { status, output, spent } = await paused([{ expect: ASKED, send: "n", wait: 2_500 }]);
    assert.notEqual(status, 0);
    assert.doesNotMatch(output, /finished/);
    assert.deepEqual(spent, [["ended", true]]);
  });
});

describe("the same call, failing again and again", () => {
  const failing = ["false", "false", "false", "false", "false"];

  test("is noticed, and the run goes on", async () => {
    const run = await work(turns(...failing), "");
    assert.equal(run.status, 0, run.stderr);
    const told = ofType(run.events, "budget.spent");
    assert.deepEqual(
      told.map(({ budget, used, came, call }) => [budget, used, came, call]),
      [["repeats", 5, "told", 5]],
    );
    assert.match(run.stderr, /the same call of a tool failed 5 times in a row/);
  });

  test("ends the run where the profile says so", async () => {
    const run = await work(turns(...failing), '[budgets]\nrepeats = 3\nwhen-repeating = "end"\n');
    assert.equal(ofType(run.events, "run.ended")[0]?.reason, "budget");
    assert.deepEqual(
      ofType(run.events, "budget.spent").map(({ budget, used, came, call }) => [budget, used, came, call]),
      [["repeats", 3, "ended", 3]],
    );
    // The agent may have asked once more before it was gone.
    assert.ok(ofType(run.events, "tool.called").length <= 4);
  });

  test("a refusal by policy is a failure too", async () => {
    const policy = '@id("no") forbid (principal, action == Action::"exec", resource in ProgramGroup::"sha512sum");';
    const run = await runScriptedAgent(place, smallAgent, turns(...failing.map(() => "sha512sum x")), {
      brokered: true,
      policy,
    });
    assert.deepEqual(
      ofType(run.events, "budget.spent").map(({ budget, used }) => [budget, used]),
      [["repeats", 5]],
    );
  });

  test("another call in between, or one that works, begins anew", async () => {
    for (const commands of [
      ["false", "false", "false", "ls", "false", "false"],
      ["test -e x", "test -e x", "touch x; false", "test -e x", "test -e x", "test -e x"],
    ]) {
      const run = await work(turns(...commands), "[budgets]\nrepeats = 4\n");
      assert.equal(run.status, 0, run.stderr);
      assert.equal(ofType(run.events, "budget.spent").length, 0, commands.join(", "));
    }
  });
});
