import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { readLog } from "@bailiwick/audit";
import { ended, exec, record, sourcesOf, started, STORY, temporaryFolder } from "../test/story.ts";
import { MOST_REFUSALS, RunContexts } from "./run-contexts.ts";

test("an exporter that begins anywhere tells the same as one that was there from the start", async (context) => {
  const directory = join(temporaryFolder(context), "log");
  await record(directory);
  await record(directory);
  const whole = await sourcesOf(directory);
  assert.equal(whole.length, 2 * STORY.length);
  for (let from = 0; from < whole.length; from++) {
    const contexts = new RunContexts(directory, whole[0]?.log ?? "");
    for await (const logged of readLog(directory, from)) {
      await contexts.with(logged, (source) => {
        assert.deepEqual(source, whole[logged.index]);
      });
      if (logged.index > from + 2) break;
    }
  }
});

test("runs that take turns are not mixed up, and one that was forgotten is read again", async (context) => {
  const directory = join(temporaryFolder(context), "log");
  const runs = 70;
  for (let run = 0; run < runs; run++)
    await record(directory, [{ ...started(), agent: `agent${String(run)}` }, exec("exec.allowed", 1, 0)]);
  const events = [];
  for await (const logged of readLog(directory, 0)) events.push(logged);
  const contexts = new RunContexts(directory, "log");
  for (const each of events) await contexts.with(each, () => undefined);
  for (let run = 0; run < runs; run++) {
    const { event } = events[2 * run] ?? assert.fail();
    const end = { index: 2 * runs, event: { v: 1, run: event.run, ...ended(1) } as const, erased: false };
    await contexts.with(end, ({ context: { started: known, execs } }) => {
      assert.equal(known?.agent, `agent${String(run)}`);
      assert.equal(execs.size, 1);
    });
  }
});

test("what one process was refused a thousand times takes no more memory than some", async (context) => {
  const directory = join(temporaryFolder(context), "log");
  const refusals = Array.from({ length: 1000 }, (_, index) => exec("exec.refused", index + 2, 1));
  await record(directory, [started(), exec("exec.allowed", 1, 0), ...refusals, ended(1)]);
  const last = (await sourcesOf(directory)).at(-1);
  const open = last?.context.execs.get(1);
  assert.deepEqual([open?.refusals.length, open?.refusalsLeftOut], [MOST_REFUSALS, 1000 - MOST_REFUSALS]);
});
