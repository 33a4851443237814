import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, before, beforeEach, test } from "node:test";
import { makePlace, ofType } from "../support/governed.ts";
import type { Place } from "../support/governed.ts";
import { assertRefusedAndFinished, refusingPolicy, refusingScript, runScriptedAgent } from "../support/scripted-run.ts";
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
      refusingPolicy,
    );
    assertRefusedAndFinished(run);
    assert.equal(readFileSync(join(place.workspace, "out.txt"), "utf8"), "four");
    assert.equal(ofType(run.events, "run.started")[0]?.agent, agent.agent);
  });
}
