/** 50 tasks on two runners with 4 slots each, while runners and the server are killed ten times at random: none is lost, none is done twice at a time. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import { startFleet, type Fleet, type Runner, type Task } from "../support/fleet.ts";

const TASKS = Number(process.env["FLEET_TASKS"] ?? 50);
const KILLS = 10;
const SLOTS = 4;
const SEED = Number(process.env["FLEET_SEED"] ?? Date.now() % 2 ** 31);

const found = findPostgres();
const skip = "missing" in found ? found.missing : false;
let postgres: Postgres;
let fleet: Fleet;
before(async () => {
  if ("missing" in found) return;
  postgres = await startPostgres(found.programs);
  fleet = await startFleet(await postgres.makeDatabase());
});
after(async () => {
  if (skip !== false) return;
  await fleet.stop();
  await postgres.stop();
});

/** The same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const isDone = ({ state }: Task): boolean => state === "done";

test(
  "random kills of runners and server lose no task and do none twice",
  { skip, timeout: 600_000 },
  async (context) => {
    context.diagnostic(`FLEET_SEED=${String(SEED)}`);
    const random = randomFrom(SEED);
    const places = [await fleet.host(), await fleet.host()];
    await fleet.pool({ leaseS: 10 });
    const ids: string[] = [];
    for (let number = 0; number < TASKS; number++) {
      ids.push(await fleet.submitQuickly(`echo ${String(number)} > done-${String(number)}.txt; sleep 0.5`));
    }
    const runners: Runner[] = [];
    for (const place of places) runners.push(await fleet.runner(place, SLOTS));
    for (let kill = 0; kill < KILLS; kill++) {
      await pause(500 + random() * 2_500);
      const which = Math.floor(random() * 3);
      const [runner, place] = [runners[which], places[which]];
      if (runner === undefined || place === undefined) await fleet.restart();
      else {
        await runner.kill();
        runners[which] = await fleet.runner(place, SLOTS);
      }
    }
    const tasks: Task[] = [];
    for (const id of ids) tasks.push(await fleet.until(id, isDone, 240_000));
    assert.deepEqual(
      tasks.filter(({ outcome }) => outcome !== "succeeded"),
      [],
    );
    // Each its own work: what came of one was never handed in for another.
    for (const [number, { id }] of tasks.entries()) {
      assert.match(await fleet.patchOf(id), new RegExp(`\\+\\+\\+ b/done-${String(number)}\\.txt`));
    }
    const runs = tasks.map(({ run }) => run);
    assert.equal(new Set(runs).size, TASKS);
    // Every time that a task was handed in as succeeded is in the server's log: once.
    const succeeded = (await fleet.notes()).filter(({ what }) => what === "succeeded").map(({ task }) => task);
    assert.deepEqual(succeeded.toSorted(), ids.toSorted());
  },
);
