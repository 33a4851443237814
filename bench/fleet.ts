/**
 * What a task costs beyond its run: 50 of them on two runners with 4 slots each, at the shipped server on PostgreSQL. From when a slot is free until the agent begins,
 * and from its end until the result is at the server. A run has both, too: so `bailiwick run` of the same command, in clones that are there, goes on beside them on the
 * same hosts, one on each, and what a task adds is the difference. The clocks are one machine's.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findPostgres, startPostgres } from "../packages/control-plane/test/postgres.ts";
import { startFleet, type Fleet, type Runner } from "../tests/support/fleet.ts";
import { bailiwick, type Place } from "../tests/support/governed.ts";
import { median, quantile } from "./measure.ts";

const TASKS = 50;
const SLOTS = 4;
const ALONE = 8;
/** What the agent of these tasks does: its times are in the patch. Agents work, and wait for models, for much longer than this. */
const promptOf = (workS: number): string => `date +%s%N > begun.txt; sleep ${String(workS)}; date +%s%N > ended.txt`;
/** Not all alike, so that slots are not free all at once. */
const workOf = (number: number): number => 5 + ((number * 5) % 8);
/** Says when git was at work and where: that is the checkout, and the patch. */
const GIT = `#!/bin/bash
from=$EPOCHREALTIME
/usr/bin/git "$@"
status=$?
echo "$PWD $from $EPOCHREALTIME" >> "\${0%/bin/git}/git.log"
exit $status
`;

/** Milliseconds of one run before its agent begins, and after it has ended. */
interface Sides {
  readonly before: number;
  readonly after: number;
}

interface TaskSides extends Sides {
  readonly git: number;
}

export async function bench(): Promise<Record<string, number>> {
  const found = findPostgres();
  if ("missing" in found) throw new Error(found.missing);
  const postgres = await startPostgres(found.programs);
  const fleet = await startFleet(await postgres.makeDatabase());
  try {
    const places = [await fleet.host(), await fleet.host()];
    for (const place of places) place.write("bin/git", GIT, 0o755);
    const alone = await measureAlone(fleet, places);
    const many = await runTasks(fleet, places);
    return { ...figuresOf("alone", alone), ...figuresOf("50-at-8-slots", many) };
  } finally {
    await fleet.stop();
    await postgres.stop();
  }
}

interface Compared {
  readonly runs: readonly Sides[];
  readonly tasks: readonly TaskSides[];
}

function figuresOf(name: string, { runs, tasks }: Compared): Record<string, number> {
  const sorted = <T>(items: readonly T[], of: (item: T) => number): number[] => items.map(of).sort((a, b) => a - b);
  const run = median(sorted(runs, ({ before, after }) => before + after));
  const withGit = sorted(tasks, ({ before, after }) => before + after - run);
  const without = sorted(tasks, ({ before, after, git }) => before + after - git - run);
  return {
    [`overhead-ms-p50/${name}`]: median(without),
    [`overhead-ms-p95/${name}`]: quantile(without, 0.95),
    [`overhead-with-git-ms-p50/${name}`]: median(withGit),
    [`overhead-with-git-ms-p95/${name}`]: quantile(withGit, 0.95),
    [`git-ms-p50/${name}`]: median(sorted(tasks, ({ git }) => git)),
    [`task-before-ms-p50/${name}`]: median(sorted(tasks, ({ before }) => before)),
    [`task-after-ms-p50/${name}`]: median(sorted(tasks, ({ after }) => after)),
    [`run-before-ms-p50/${name}`]: median(sorted(runs, ({ before }) => before)),
    [`run-after-ms-p50/${name}`]: median(sorted(runs, ({ after }) => after)),
  };
}

/** One after the other, each by itself: what a task costs where nothing else goes on. */
async function measureAlone(fleet: Fleet, places: readonly Place[]): Promise<Compared> {
  const [place] = places;
  if (place === undefined) throw new Error("there is no host");
  const clone = cloneFor(fleet, place, "alone");
  const runner = await fleet.runner(place, 1);
  const [runs, tasks]: [Sides[], TaskSides[]] = [[], []];
  for (let round = 0; round < ALONE; round++) {
    runs.push(await timeRun(place, clone, 0.5));
    const id = await fleet.submitQuickly(promptOf(0.5));
    await runner.until("ended", round + 1);
    const { submittedAt, endedAt = 0 } = await fleet.show(id);
    const { begun, ended } = await timesOf(fleet, id);
    tasks.push({ before: begun - submittedAt, after: endedAt - ended, git: gitMs(place, id) });
  }
  runner.signal("SIGTERM");
  await runner.ended;
  return { runs, tasks };
}

/** One after the other on one host, until all tasks have ended. */
async function runBeside(fleet: Fleet, place: Place, over: AbortSignal): Promise<Sides[]> {
  const sides: Sides[] = [];
  const clone = cloneFor(fleet, place, "beside");
  while (!over.aborted) sides.push(await timeRun(place, clone, workOf(sides.length)));
  return sides;
}

function cloneFor(fleet: Fleet, place: Place, name: string): string {
  const clone = join(place.root, name, "shop");
  execFileSync("git", ["clone", "--quiet", fleet.repository, clone]);
  return clone;
}

/** `bailiwick run` with the words that a runner starts it with. */
async function timeRun(place: Place, clone: string, workS: number): Promise<Sides> {
  const words = ["run", "--workspace", clone, "--profile", "standard", "--quiet", "--label", "pool=none"];
  const from = Date.now();
  const { status, stderr } = await bailiwick(place, [...words, "--", "claude", "-p", promptOf(workS)], {
    cwd: clone,
    env: { PATH: `${join(place.root, "bin")}:/usr/local/bin:/usr/bin:/bin` },
  });
  const until = Date.now();
  if (status !== 0) throw new Error(stderr);
  const at = (name: string): number => Number(readFileSync(join(clone, name), "utf8")) / 1e6;
  return { before: at("begun.txt") - from, after: until - at("ended.txt") };
}

/** All of them wait before the first runner is there; from then on a slot is free when its last result is at the server. */
async function runTasks(fleet: Fleet, places: readonly Place[]): Promise<Compared> {
  const ids: string[] = [];
  for (let number = 0; number < TASKS; number++) ids.push(await fleet.submitQuickly(promptOf(workOf(number))));
  const all = Promise.withResolvers<void>();
  let left = TASKS;
  const onEnded = (): void => {
    left -= 1;
    if (left === 0) all.resolve();
  };
  const told: (Told & { readonly place: Place })[] = [];
  for (const place of places) told.push({ place, ...watchRunner(await fleet.runner(place, SLOTS), onEnded) });
  const over = new AbortController();
  const beside = Promise.all(places.map((place) => runBeside(fleet, place, over.signal)));
  // They say so: the server, which has enough to do, is not asked again and again.
  await Promise.race([all.promise, beside]);
  over.abort();
  const runs = (await beside).flat();
  const tasks: TaskSides[] = [];
  for (const { place, taken, free, handedIn } of told) {
    for (const [number, id] of taken.entries()) {
      const { begun, ended } = await timesOf(fleet, id);
      // Which slot took which task is not said: in what order they were free is what they were taken in.
      const before = begun - (free[number] ?? 0);
      tasks.push({ before, after: (handedIn.get(id) ?? 0) - ended, git: gitMs(place, id) });
    }
  }
  return { runs, tasks };
}

interface Told {
  readonly taken: readonly string[];
  /** When slots were free, one after the other. */
  readonly free: readonly number[];
  readonly handedIn: ReadonlyMap<string, number>;
}

function watchRunner({ process: { stdout }, events }: Runner, onEnded: () => void): Told {
  if (stdout === null || events.length !== 1) throw new Error("the runner was not watched from its beginning");
  const taken: string[] = [];
  const free = Array.from({ length: SLOTS }, () => Date.now());
  const handedIn = new Map<string, number>();
  createInterface({ input: stdout }).on("line", (line) => {
    const { type, task = "" } = JSON.parse(line) as { type: string; task?: string };
    const now = Date.now();
    if (type === "taken") taken.push(task);
    if (type !== "ended") return;
    handedIn.set(task, now);
    free.push(now);
    onEnded();
  });
  return { taken, free, handedIn };
}

/** When its agent began and ended, by the patch; milliseconds since 1970. */
async function timesOf(fleet: Fleet, id: string): Promise<{ readonly begun: number; readonly ended: number }> {
  const [begun, ended] = [...(await fleet.patchOf(id)).matchAll(/^\+([0-9]{19})$/gm)].map(([, ns]) => Number(ns) / 1e6);
  if (begun === undefined || ended === undefined) throw new Error(`the task ${id} has left no times`);
  return { begun, ended };
}

/** Git's own time for a task, which its directories are named after. */
function gitMs(place: Place, id: string): number {
  const lines = readFileSync(join(place.root, "git.log"), "utf8").split("\n");
  const times = lines.filter((line) => line.includes(`/${id}-`)).map((line) => line.split(" ").slice(-2).map(Number));
  return times.reduce((sum, [from = 0, until = 0]) => sum + (until - from) * 1_000, 0);
}
