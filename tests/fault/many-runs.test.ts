/** Ten runs at once on one record, some of whose supervisors are killed: every run's part is whole, and so is the record. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import {
  bailiwick,
  commandPath,
  makePlace,
  ofType,
  personEnvironment,
  readEvents,
  type Place,
} from "../support/governed.ts";
import { until } from "../support/exporting.ts";

const RUNS = 10;
const KILLED = 3;
const COMMANDS = 40;

interface Listed {
  readonly run: string;
  readonly started?: { readonly name?: string };
  readonly counts: { readonly execs: number };
}

const KILLED_NAMES: ReadonlySet<string> = new Set(Array.from({ length: KILLED }, (_, run) => `run-${String(run)}`));

async function listRuns(place: Place): Promise<Listed[]> {
  const { stdout } = await bailiwick(place, ["runs", "--json", "--limit", "20"]);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Listed);
}

test("ten runs at once, three of them killed while they record", async (context) => {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  // Those that are to be killed go on until they are.
  const script = (run: number): string => {
    const loop = `n=0; while [ $n -lt ${String(COMMANDS)} ]; do /bin/true $n; n=$((n+1)); done`;
    return run < KILLED ? `while :; do ${loop}; done` : loop;
  };
  const children = Array.from({ length: RUNS }, (_, run) => {
    const words = ["run", "--quiet", "--name", `run-${String(run)}`, "--", "sh", "-c", script(run)];
    const child = spawn(process.execPath, [commandPath, ...words], {
      cwd: place.workspace,
      env: personEnvironment(place),
      stdio: "ignore",
    });
    return { child, ended: once(child, "exit") };
  });
  await until(async () => {
    const counts = (await listRuns(place)).filter(({ started }) => KILLED_NAMES.has(started?.name ?? ""));
    return counts.length === KILLED && counts.every(({ counts: { execs } }) => execs > COMMANDS);
  });
  for (const { child } of children.slice(0, KILLED)) child.kill("SIGKILL");
  const statuses = await Promise.all(children.map(async ({ ended }) => (await ended)[0] as number | null));
  assert.deepEqual(
    statuses,
    Array.from({ length: RUNS }, (_, run) => (run < KILLED ? null : 0)),
  );

  const verified = await bailiwick(place, ["audit", "verify", "--json"]);
  const { ok, runs, unended } = JSON.parse(verified.stdout) as { ok: boolean; runs: number; unended: string[] };
  assert.deepEqual([ok, runs, unended.length], [true, RUNS, KILLED], verified.stdout);
  const listed = await listRuns(place);
  assert.equal(listed.length, RUNS);
  for (const { run, started } of listed) {
    const name = started?.name;
    const events = await readEvents(place, run);
    assert.ok(events.every((event) => event.run === run));
    const execs = ofType(events, "exec.allowed").filter(({ program }) => program.path.endsWith("/true"));
    if (unended.includes(run)) assert.ok(execs.length >= COMMANDS, name);
    else assert.equal(execs.length, COMMANDS, name);
  }
  const checked = await bailiwick(place, ["audit", "fsck"]);
  assert.equal(checked.status, 0, checked.stdout);
  // The next run goes on where they stopped.
  assert.equal((await bailiwick(place, ["run", "--quiet", "--", "true"])).status, 0);
  assert.equal((await bailiwick(place, ["audit", "verify"])).status, 0);
});
