import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AlarmBoard } from "./alarms.ts";

/** A database that counts how often it is asked, and is away when it should be. */
function countingDatabase() {
  const seen = { asked: 0, away: false };
  const query = {
    selectAll: () => query,
    where: () => query,
    orderBy: () => query,
    execute: async () => {
      seen.asked += 1;
      return await (seen.away ? Promise.reject(new Error("away")) : Promise.resolve([]));
    },
  };
  return { seen, db: { selectFrom: () => query } as never };
}

const CALLER = { type: "Person", id: "olivia", person: "olivia", by: "t-1", limitedTo: undefined } as const;

describe("alarms of who watches", () => {
  test("a thousand who watch are one question a second", async () => {
    const { seen, db } = countingDatabase();
    let time = 0;
    // The clock that people set stands still.
    const board = new AlarmBoard({ db, authority: undefined as never, now: () => 0 }, () => time);
    const all = async (): Promise<unknown> =>
      await Promise.all(Array.from({ length: 1_000 }, () => board.breakGlassesFor(CALLER)));
    await all();
    time += 999;
    await all();
    assert.equal(seen.asked, 1);
    time += 1;
    await all();
    assert.equal(seen.asked, 2);
  });

  test("a question that failed is asked anew", async () => {
    const { seen, db } = countingDatabase();
    const board = new AlarmBoard({ db, authority: undefined as never, now: () => 0 });
    seen.away = true;
    await assert.rejects(board.breakGlassesFor(CALLER));
    seen.away = false;
    assert.deepEqual(await board.breakGlassesFor(CALLER), []);
    assert.equal(seen.asked, 2);
  });
});
