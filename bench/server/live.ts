/** What people at the server wait for, with real runs by the shipped command on enrolled hosts. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "../../packages/control-plane/contract/index.ts";
import { startGoing } from "../../tests/support/going.ts";
import type { Place } from "../../tests/support/governed.ts";
import { startScript } from "../../tests/support/ongoing.ts";
import { median, quantile } from "../measure.ts";

const QUESTIONS = 15;
/** What has just begun is still loading what connects it to the server. */
const CONNECTED_MS = 2_000;

/** From when the process asks to when the approver's list has it, and from the answer to the process having gone on. */
export async function measureQuestions(place: Place, approver: Client): Promise<Record<string, number>> {
  const policy = place.write(
    "ask.cedar",
    `@id("bench.ask") @reason("measured") @ask("operator")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"printf") unless { context.approved };`,
  );
  const script = `i=0; while [ $i -lt ${String(QUESTIONS)} ]; do i=$((i+1)); date +%s%N > asks.$i; /usr/bin/printf "$i"; date +%s%N > went.$i; done`;
  const run = startScript(place, script, ["--policy", policy]);
  const [asked, went]: [number[], number[]] = [[], []];
  let tag: string | undefined;
  while (asked.length < QUESTIONS) {
    const query = { waitMs: 20_000, ...(tag !== undefined && { known: tag }) };
    const page = await approver.call("listQuestions", { query });
    const seenAt = Date.now();
    tag = page.tag;
    const [question] = page.items;
    if (question === undefined) continue;
    const number = String(asked.length + 1);
    asked.push(seenAt - timeIn(join(place.workspace, `asks.${number}`)));
    const answeredAt = Date.now();
    const body = { answer: "once", bound: question.bound } as const;
    await approver.call("answerQuestion", { params: { question: question.id }, body });
    const path = join(place.workspace, `went.${number}`);
    while (!existsSync(path) || readFileSync(path, "utf8") === "")
      await new Promise((resolve) => setTimeout(resolve, 5));
    went.push(timeIn(path) - answeredAt);
  }
  await run.ended();
  for (const list of [asked, went]) list.sort((a, b) => a - b);
  return {
    "question-to-approver-ms-p50": median(asked),
    "answer-to-process-ms-p50": median(went),
    "answer-to-process-ms-p95": quantile(went, 0.95),
  };
}

/** From the order to when the last of the runs, all of them connected, has ended, with its record. */
export async function measureKillSwitch(places: readonly Place[], owner: Client): Promise<Record<string, number>> {
  const runs = await Promise.all(places.map(async (place) => await startGoing(place)));
  await pause(CONNECTED_MS);
  const from = performance.now();
  const scope = { type: "Company", id: "company" } as const;
  await owner.call("killRuns", { body: { scope, reason: "measured" } });
  await Promise.all(runs.map(async (run) => await run.ended()));
  const took = performance.now() - from;
  await owner.call("liftKill", { body: { scope, reason: "measured" } });
  return { "kill-switch-ms": took };
}

/** Nanoseconds since 1970 in a file, in milliseconds. */
function timeIn(path: string): number {
  return Number(readFileSync(path, "utf8").trim()) / 1e6;
}
