/** What is heard of models: the project's own agent over TLS, with a key that it never holds. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { bailiwick, makePlace, ofType, type Place } from "../support/governed.ts";
import { MODEL_KEY, runScriptedAgent, type ScriptedRun } from "../support/scripted-run.ts";
import { smallAgent } from "../support/scripted-small-agent.ts";
import type { Script } from "../support/scripted-model/script.ts";

const script: Script = {
  turns: [{ say: "I copy the file.", sh: "cp in.txt out.txt && sh -c 'wc -c out.txt'" }, { sh: "ls" }],
  final: "The work is done.",
};
const PRICES = `
[models]
currency = "EUR"
[models.prices]
"*" = { in = 1, out = 1 }
"small" = { in = 3.0, out = 15.0 }
`;

let place: Place;
beforeEach(() => {
  place = makePlace();
  place.write("home/project/in.txt", "four");
});
afterEach(() => {
  place.remove();
});

const sha256 = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const execOf = (run: ScriptedRun, ...argv: string[]) =>
  ofType(run.events, "exec.allowed").find(({ argv: { values } }) => values.join(" ") === argv.join(" "));

describe("what a model was asked and what it said", () => {
  for (const compressed of [false, true]) {
    test(`is in the record by digest, with tokens, cost and calls${compressed ? ", also where answers come compressed" : ""}`, async () => {
      const run = await runScriptedAgent(place, smallAgent, script, {
        brokered: true,
        compressed,
        more: PRICES,
        options: ["--json"],
      });
      assert.equal(run.status, 0, run.stderr);
      assert.deepEqual(
        run.requests.map(({ headers }) => headers["x-api-key"]),
        [MODEL_KEY, MODEL_KEY, MODEL_KEY],
      );
      const answers = ofType(run.events, "model.called");
      assert.equal(answers.length, 3);
      const [first] = answers;
      assert.equal(first?.api, "anthropic-messages");
      assert.equal(first.model, "small");
      assert.deepEqual(first.tokens, { in: 100, cached: 0, written: 0, out: 20 });
      assert.deepEqual(first.cost, { micros: 600, currency: "EUR" });
      assert.deepEqual(first.prompt, { digest: sha256("Please do the work."), bytes: 19 });
      assert.deepEqual(first.output, { digest: sha256("I copy the file."), bytes: 16 });
      assert.equal(first.sent.digest, sha256(JSON.stringify(run.requests[0]?.body)));
      assert.ok(answers.every(({ complete, unread }) => complete && unread === undefined));
      const calls = ofType(run.events, "tool.called");
      assert.deepEqual(
        calls.map(({ call, request, tool, input }) => [call, request, tool, input]),
        [
          [1, 1, "Bash", `{"command":"cp in.txt out.txt && sh -c 'wc -c out.txt'","description":"scripted step"}`],
          [2, 2, "Bash", '{"command":"ls","description":"scripted step"}'],
        ],
      );
      assert.deepEqual(
        calls.map(({ id }) => id),
        run.requests.slice(0, 2).map(({ reply }) => reply?.calls[0]?.id),
      );
      const totals = ofType(run.events, "run.ended")[0]?.models;
      assert.deepEqual(totals, {
        answers: 3,
        calls: 2,
        tokens: { in: 300, cached: 0, written: 0, out: 60 },
        cost: { micros: 1_800, currency: "EUR" },
      });
      const summary = JSON.parse(run.stderr.trimEnd().split("\n").at(-1) ?? "") as { models: unknown };
      assert.deepEqual(summary.models, totals);
      const text = JSON.stringify(run.events);
      assert.ok(!text.includes("I copy the file."), "no content without the profile's word");
      assert.ok(!text.includes(MODEL_KEY));
      assert.equal((await bailiwick(place, ["audit", "verify"])).status, 0);
    });
  }

  test("is there as text where the profile says so, and is erased with what is personal", async () => {
    const run = await runScriptedAgent(place, smallAgent, script, {
      brokered: true,
      more: "[models]\ncontent = true\n",
    });
    const [first] = ofType(run.events, "model.called");
    assert.equal(first?.prompt?.text, "Please do the work.");
    assert.equal(first.output.text, "I copy the file.");
    assert.equal(first.cost, undefined, "no price, no cost");
    const id = first.run;
    const erased = await bailiwick(place, ["audit", "erase", "--reason", "asked to", id]);
    assert.equal(erased.status, 0, erased.stderr);
    const shown = await bailiwick(place, ["runs", "show", id, "--json"]);
    for (const text of ["I copy the file.", "Please do the work.", "cp in.txt", sha256("Please do the work.")])
      assert.ok(!shown.stdout.includes(text), text);
    assert.ok(shown.stdout.includes('"model":"small"'));
    assert.equal((await bailiwick(place, ["audit", "verify"])).status, 0);
  });
});

describe("where processes come from", () => {
  test("each names the call that explains it, with what it started; the agent's own are before or unexplained", async () => {
    const own = { turns: [...script.turns, { sh: "true" }], final: "Done." };
    const run = await runScriptedAgent(place, smallAgent, own, { brokered: true });
    const root = ofType(run.events, "exec.allowed").find(({ parent }) => parent === 0);
    assert.deepEqual(root?.origin, { kind: "before" });
    for (const argv of [
      ["bash", "-c", "cp in.txt out.txt && sh -c 'wc -c out.txt'"],
      ["cp", "in.txt", "out.txt"],
      ["wc", "-c", "out.txt"],
    ])
      assert.deepEqual(execOf(run, ...argv)?.origin, { kind: "call", call: 1 }, argv.join(" "));
    assert.deepEqual(execOf(run, "bash", "-c", "ls")?.origin, { kind: "call", call: 2 });
    const wc = execOf(run, "wc", "-c", "out.txt");
    const why = await bailiwick(place, ["runs", "show", "--why", `exec:${String(wc?.exec)}`]);
    assert.equal(why.status, 0, why.stderr);
    const labels = why.stdout.split("\n").map((line) => line.split(" ")[0]);
    assert.deepEqual(
      labels.filter((label, index) => label !== labels[index - 1] && label !== ""),
      ["prompt", "model", "output", "call", "started", "process", "file"],
    );
    assert.match(why.stdout, /call 1: Bash \{"command":"cp in\.txt/);
    assert.ok(why.stdout.includes(sha256("Please do the work.")));
    const byPid = await bailiwick(place, ["runs", "show", "last", "--why", String(wc?.pid), "--json"]);
    const found = JSON.parse(byPid.stdout.split("\n")[0] ?? "") as { exec: { exec: number }; call: { call: number } };
    assert.deepEqual([found.exec.exec, found.call.call], [wc?.exec, 1]);
    const none = await bailiwick(place, ["runs", "show", "--why", "exec:9999"]);
    assert.equal(none.status, 125);
    assert.match(none.stderr, /no process `exec:9999`/);
  });

  test("a command that no model asked for is unexplained, however like one it looks; a call explains one process", async () => {
    // What is asked for once is run a second time by a program of the model's own making.
    const twice: Script = {
      turns: [
        { sh: "setsid sh -c 'sleep 0.2; touch late' >/dev/null 2>&1 & exit 0" },
        { sh: "while [ ! -e late ]; do sleep 0.05; done" },
      ],
      final: "Done.",
    };
    const run = await runScriptedAgent(place, smallAgent, twice, { brokered: true });
    assert.deepEqual(
      execOf(run, "touch", "late")?.origin,
      { kind: "call", call: 1 },
      "what goes on in the background is its call's",
    );
    const copier = place.write("agent/own.mjs", OWN_PROCESSES);
    const own = await runScriptedAgent(
      place,
      { ...smallAgent, argv: ["node", copier], read: [join(place.root, "agent")] },
      { turns: [{ sh: "ls" }], final: "x" },
      { brokered: true },
    );
    assert.equal(own.status, 0, own.stderr);
    const kinds = ofType(own.events, "exec.allowed")
      .filter(({ argv }) => argv.values[0] === "bash")
      .map(({ argv, origin }) => [argv.values[2], origin?.kind]);
    assert.deepEqual(kinds, [
      ["ls", "before"],
      ["ls ", "unexplained"],
      ["ls", "call"],
      ["ls", "unexplained"],
      ["ls -l", "unexplained"],
    ]);
  });

  test("without a look into connections nothing is said of it", async () => {
    const run = await runScriptedAgent(place, smallAgent, script);
    assert.equal(run.status, 0, run.stderr);
    assert.ok(ofType(run.events, "exec.allowed").every(({ origin }) => origin === undefined));
    assert.equal(ofType(run.events, "model.called").length, 0);
  });
});

/** Asks the model once, and starts what it was and was not told to. */
const OWN_PROCESSES = `
import { spawnSync } from "node:child_process";
const start = (text) => spawnSync("bash", ["-c", text]);
start("ls");
const answer = await fetch(process.env.ANTHROPIC_BASE_URL + "/v1/messages", {
  method: "POST",
  headers: { "content-type": "application/json", "x-api-key": process.env.ANTHROPIC_API_KEY },
  body: JSON.stringify({ model: "m", tools: [{ name: "Bash" }], messages: [{ role: "user", content: "go" }] }),
});
await answer.json();
for (const text of ["ls ", "ls", "ls", "ls -l"]) start(text);
`;
