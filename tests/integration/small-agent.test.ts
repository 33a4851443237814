import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { makePlace, ofType } from "../support/governed.ts";
import type { Place } from "../support/governed.ts";
import { assertRefusedAndFinished, refusingPolicy, refusingScript, runScriptedAgent } from "../support/scripted-run.ts";
import { smallAgent } from "../support/scripted-small-agent.ts";

let place: Place;
beforeEach(() => {
  place = makePlace();
  place.write("home/project/in.txt", "four");
});
afterEach(() => {
  place.remove();
});

test("an agent works, is refused one command with its reason, and finishes", async () => {
  const run = await runScriptedAgent(place, smallAgent, refusingScript, { policy: refusingPolicy });
  assertRefusedAndFinished(run);
  assert.equal(readFileSync(join(place.workspace, "out.txt"), "utf8"), "four");
  assert.match(run.stdout, /● The work is done\.\n$/);
});

test("without the policy the same command runs: it was the policy that refused", async () => {
  const run = await runScriptedAgent(place, smallAgent, refusingScript);
  assert.equal(run.status, 0);
  assert.equal(ofType(run.events, "exec.refused").length, 0);
  assert.match(run.requests[2]?.results.at(-1) ?? "", /^[0-9a-f]{128} {2}in\.txt/);
});
