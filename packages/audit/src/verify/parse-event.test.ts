import assert from "node:assert/strict";
import { test } from "node:test";
import { EVERY_EVENT } from "../../test/every-event.ts";
import { DIGEST } from "../../test/fixtures.ts";
import type { Event } from "../events.ts";
import { splitEvent } from "../personal.ts";
import { SALT_BYTES } from "../private-records.ts";
import { completeEvent, eventFromTexts, openEntry } from "./parse-event.ts";

const RUN = "01".repeat(13);

function partsOf(type: Event["type"]): readonly [entry: string, personal: string | undefined] {
  const { open, personal } = splitEvent(type, { v: 1, run: RUN, type, at: 1, ...EVERY_EVENT[type] });
  const digest = personal === undefined ? {} : { private: DIGEST };
  return [JSON.stringify({ ...open, ...digest }), personal && JSON.stringify(personal)];
}

test("every event comes back from its parts, and without the personal one it is an event too", () => {
  for (const type of Object.keys(EVERY_EVENT) as Event["type"][]) {
    const [entry, personal] = partsOf(type);
    assert.deepEqual(eventFromTexts(entry, personal), { v: 1, run: RUN, type, at: 1, ...EVERY_EVENT[type] });
    assert.equal(eventFromTexts(entry, undefined)?.type, type);
  }
});

test("what is committed to and is no JSON object makes no event, also where nothing of it is required", () => {
  const [entry] = partsOf("connection.closed");
  const open = openEntry(Buffer.from(entry));
  assert.ok(open !== undefined);
  const committed = (members: string): Buffer => Buffer.concat([Buffer.alloc(SALT_BYTES), Buffer.from(members)]);
  assert.ok(completeEvent(open, committed("{}")) !== undefined);
  for (const members of ["", "no JSON", "null", "[]", '"text"', "\u00ff"])
    assert.equal(completeEvent(open, committed(members)), undefined, members);
});

test("an entry of a run whose id could lead elsewhere is none", () => {
  const [entry] = partsOf("exec.ended");
  assert.ok(openEntry(Buffer.from(entry)) !== undefined);
  for (const run of ["../".repeat(8) + "ab", `${"0".repeat(25)}/`, "l".repeat(26), ""])
    assert.equal(openEntry(Buffer.from(entry.replace(RUN, run))), undefined, run);
});
