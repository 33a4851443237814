import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { EVERY_EVENT } from "../../test/every-event.ts";
import { eventSchema, type Event } from "../events.ts";
import { encodeEvent } from "../fit.ts";
import type { NewEvent } from "../log-types.ts";
import { committedBytes } from "../private-records.ts";
import { openHeldEvent } from "./holding.ts";

const RUN = "01".repeat(13);
const types = Object.keys(EVERY_EVENT) as Event["type"][];

function partsOf(type: Event["type"]) {
  // The table has an event of each type, without its own type and time.
  const event = { type, at: 1_760_000_000_000.25, ...EVERY_EVENT[type] } as NewEvent;
  const { data, record } = encodeEvent(RUN, event);
  return { event, entry: data, record: record && committedBytes(record) };
}

describe("an event that a holder opens", () => {
  test("is what was recorded, of every type, and has the form of its schema", () => {
    for (const type of types) {
      const { event, entry, record } = partsOf(type);
      const opened = openHeldEvent(entry, record);
      assert.ok(typeof opened === "object", type);
      assert.deepEqual(opened.event, eventSchema.parse({ v: 1, run: RUN, ...event }), type);
      assert.deepEqual([opened.run, opened.type, opened.erased], [RUN, type, false]);
    }
  });

  test("without its personal members is one that was erased", () => {
    const opened = openHeldEvent(partsOf("exec.allowed").entry, undefined);
    assert.ok(typeof opened === "object" && opened.erased);
  });

  test("never is one whose bytes, or whose record's, were changed into what the schema or the digest forbids", () => {
    const type = fc.constantFrom(...types);
    fc.assert(
      fc.property(type, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (name, at, flip, inRecord) => {
        const { entry, record } = partsOf(name);
        const changed = Uint8Array.from(inRecord && record !== undefined ? record : entry);
        changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ flip;
        if (inRecord && record !== undefined) {
          assert.equal(openHeldEvent(entry, changed), "record");
          return;
        }
        const opened = openHeldEvent(changed, record);
        if (typeof opened === "object") assert.ok(eventSchema.safeParse(opened.event).success);
      }),
      { numRuns: 2_000 },
    );
  });
});
