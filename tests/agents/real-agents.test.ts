import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, before, beforeEach, test } from "node:test";
import { makePlace, ofType } from "../support/governed.ts";
import type { Place } from "../support/governed.ts";
import {
  assertRefusedAndFinished,
  MODEL_KEY,
  refusingPolicy,
  refusingScript,
  runScriptedAgent,
} from "../support/scripted-run.ts";
import { cases } from "./cases.ts";
import { installAgents } from "./install.ts";

let folder: string;
let place: Place;
before(async () => {
  folder = await installAgents();
});
beforeEach(() => {
  place = makePlace();
});
afterEach(() => {
  place.remove();
});

for (const [title, agent] of Object.entries(cases)) {
  test(`${title}: what its model asks for is what runs, a refusal's reason reaches the model, it finishes`, async () => {
    place.write("home/project/in.txt", "four");
    const run = await runScriptedAgent(
      place,
      {
        argv: [agent.binary, ...agent.arguments],
        folders: [folder],
        home: agent.home,
        environment: agent.environment,
      },
      refusingScript,
      { policy: refusingPolicy },
    );
    assertRefusedAndFinished(run);
    assert.equal(readFileSync(join(place.workspace, "out.txt"), "utf8"), "four");
    assert.equal(ofType(run.events, "run.started")[0]?.agent, agent.agent);
  });
}

for (const [title, agent] of Object.entries(cases)) {
  test(`${title}: over TLS, with a key it never holds, the record says which call each process comes from`, async () => {
    place.write("home/project/in.txt", "four");
    const commands = [`cp in.txt 'o u t.txt' && echo "it's" $HOME`, "env > environment.txt\nwc -c in.txt"];
    const run = await runScriptedAgent(
      place,
      { ...agent, argv: [agent.binary, ...agent.arguments], folders: [folder] },
      { turns: commands.map((sh) => ({ say: "I work.", sh })), final: "The work is done." },
      { brokered: true, compressed: true, more: `[network.rules.${agent.rules}]\nhosts = ["model.test"]\n` },
    );
    assert.deepEqual(
      ofType(run.events, "request.refused").map(({ method, path }) => `${method} ${path}`),
      [],
      "the interface's rule set has all that it needs",
    );
    assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
    for (const { headers } of run.requests) {
      const sent = [headers["x-api-key"], headers["x-goog-api-key"], headers.authorization?.replace("Bearer ", "")];
      assert.ok(sent.includes(MODEL_KEY), "the model gets the key");
    }
    const environment = readFileSync(join(place.workspace, "environment.txt"), "utf8");
    assert.ok(!environment.includes(MODEL_KEY), "nobody inside has it");
    assert.ok(!JSON.stringify(run.events).includes(MODEL_KEY));
    const answers = ofType(run.events, "model.called").filter(({ calls }) => calls > 0);
    assert.deepEqual(
      answers.map(({ tokens, complete, unread }) => [tokens?.in, tokens?.out, complete, unread]),
      commands.map(() => [100, 20, true, undefined]),
    );
    const calls = ofType(run.events, "tool.called");
    assert.equal(calls.length, commands.length);
    const execs = ofType(run.events, "exec.allowed");
    for (const [index, argv] of [
      ["cp", "in.txt", "o u t.txt"],
      ["wc", "-c", "in.txt"],
    ].entries()) {
      const found = execs.find(({ argv: { values } }) => values.join("\0") === argv.join("\0"));
      assert.deepEqual(found?.origin, { kind: "call", call: calls[index]?.call }, argv.join(" "));
    }
    assert.deepEqual(execs.find(({ parent }) => parent === 0)?.origin, { kind: "before" });
    // What the agent starts for itself, of which some start plenty, is put down to no call.
    const ofCalls = execs
      .filter(({ origin }) => origin?.kind === "call")
      .map(({ argv: { values } }) => values.at(-1) ?? "");
    assert.ok(
      ofCalls.every((word) => !word.includes("ls-remote")),
      ofCalls.join("\n"),
    );
  });
}
