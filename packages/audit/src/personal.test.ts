import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { allowed, started } from "../test/fixtures.ts";
import { eventSchema } from "./events.ts";
import { fillErased, joinEvent, PERSONAL, splitEvent } from "./personal.ts";
import { decodeRecords, encodeRecord, placeRecord, RECORDS_WIDTH } from "./private-records.ts";

test("every type of event has a row, and no row names a member that its events do not have", () => {
  const types = eventSchema.options.map((option) => option.shape.type.value);
  assert.deepEqual(Object.keys(PERSONAL).sort(), [...types].sort());
  for (const option of eventSchema.options) {
    for (const name of Object.keys(PERSONAL[option.shape.type.value])) assert.ok(name in option.shape, name);
  }
});

test("an event with everything: what is personal is not in the entry, and together they are the event again", () => {
  const exec = {
    v: 1,
    run: "0".repeat(26),
    ...allowed(1, ["secret", "words"]),
    asked: "secret",
    cwd: "/secret",
    also: [
      { path: "/secret/one", digest: `sha256:${"1".repeat(64)}` },
      { path: "/secret/two", digest: `sha256:${"2".repeat(64)}` },
    ],
    program: { path: "/secret", digest: `sha256:${"3".repeat(64)}` },
    decision: {
      outcome: "deny",
      policies: ["p"],
      reason: "secret",
      instead: "secret",
      failure: "secret",
      severity: "high",
      policyDigest: `sha256:${"4".repeat(64)}`,
    },
    whole: `sha256:${"5".repeat(64)}`,
  };
  const { open, personal } = splitEvent("exec.allowed", exec);
  assert.ok(!JSON.stringify(open).includes("secret") && !JSON.stringify(open).includes("5".repeat(64)));
  assert.deepEqual(joinEvent(open, personal), exec);
  const erased = eventSchema.parse(fillErased(open, "exec.allowed"));
  assert.ok(erased.type === "exec.allowed");
  assert.deepEqual(
    erased.also?.map(({ path }) => path),
    ["", ""],
  );
  assert.deepEqual([erased.asked, erased.cwd, erased.argv, erased.decision.policies], ["", "", { values: [] }, ["p"]]);
});

test("an event without anything personal has no second part", () => {
  assert.equal(splitEvent("exec.ended", { v: 1, type: "exec.ended", exec: 1, wallMs: 2 }).personal, undefined);
  assert.notEqual(splitEvent("run.started", { ...started({ size: 0, root: "" }) }).personal, undefined);
});

test("records come back whatever they hold, and a cut file gives those before the cut", () => {
  const salt = (into: Uint8Array, at: number): void => void into.fill(7, at, at + 32);
  const input = fc.uniqueArray(fc.tuple(fc.nat(RECORDS_WIDTH - 1), fc.uint8Array({ maxLength: 300 })), {
    selector: ([place]) => place,
    maxLength: 8,
  });
  fc.assert(
    fc.property(input, fc.nat(), (members, cut) => {
      const parts = members.map(([place, bytes]) => {
        const record = encodeRecord(bytes, salt);
        placeRecord(record, RECORDS_WIDTH * 3 + place);
        return record;
      });
      const file = Buffer.concat(parts);
      const end = file.length === 0 ? 0 : cut % (file.length + 1);
      const found = decodeRecords(file.subarray(0, end));
      let at = 0;
      for (const [index, [place, bytes]] of members.entries()) {
        at += parts[index]?.length ?? 0;
        const record = found.get(place);
        if (at > end) assert.equal(record, undefined);
        else assert.deepEqual(record && Buffer.from(record.subarray(32)), Buffer.from(bytes));
      }
    }),
  );
});
