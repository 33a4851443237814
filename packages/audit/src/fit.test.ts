import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { decodeOsString, encodeOsString } from "@bailiwick/base";
import fc from "fast-check";
import { allowed, appendNow, collect, DIGEST, newRun, started, temporaryRecord } from "../test/fixtures.ts";
import type { Event } from "./events.ts";
import { encodeEvent, MAX_EVENT_BYTES } from "./fit.ts";
import type { NewEntry, NewEvent } from "./log-types.ts";
import { committedBytes } from "./private-records.ts";
import { readRun, verifyLog } from "./queries.ts";
import { openRunLog } from "./run-log.ts";
import { completeEvent, openEntry } from "./verify/parse-event.ts";

const run = newRun();

/** The event again, as a reader has it. */
function readBack({ data, record }: NewEntry): Event {
  const open = openEntry(data);
  return (open && completeEvent(open, record && committedBytes(record))) ?? assert.fail("it is no event");
}

describe("events that are too long for an entry", () => {
  test("a short one is kept as it is", () => {
    const entry = encodeEvent(run, allowed(1, ["a", "b"]));
    assert.equal(entry.whole.length, 0);
    assert.ok(Buffer.from(entry.data).toString().startsWith(`{"v":1,"run":"${run}","type":"exec.allowed","at":2,`));
    assert.deepEqual(readBack(entry), {
      v: 1,
      run,
      ...allowed(1, ["a", "b"]),
    });
  });

  test("long arguments are cut in the entry and whole beside the log", async (context) => {
    const directory = temporaryRecord(context);
    const values = ["sh", "-c", "x".repeat(2_000_000), decodeOsString(Buffer.of(0xff, 0x41)), "last"];
    const log = await openRunLog({ directory, run });
    await appendNow(log, started(log.follows));
    await appendNow(log, allowed(1, values));
    // The same again is no second file.
    await appendNow(log, allowed(2, values));
    await log.close();
    const [, { event } = assert.fail()] = await collect(readRun(directory, run));
    assert.ok(event.type === "exec.allowed" && event.argv.whole !== undefined);
    assert.deepEqual(
      event.argv.values.map((value) => value.length),
      [2, 2, 4_096, 2, 4],
    );
    assert.ok(event.argv.values[2]?.endsWith("x…"));
    assert.equal(event.whole, undefined);
    const hex = event.argv.whole.slice("sha256:".length);
    const kept = readFileSync(join(directory, "private", run, "whole", hex));
    assert.deepEqual(
      kept,
      Buffer.concat(values.flatMap((value, index) => [Buffer.alloc(index === 0 ? 0 : 1), encodeOsString(value)])),
    );
    assert.deepEqual((await verifyLog(directory)).problems, []);
  });

  const long = "y".repeat(30_000);
  const events: [string, NewEvent][] = [
    [
      "many arguments",
      allowed(
        1,
        Array.from({ length: 50_000 }, (_, index) => String(index)),
      ),
    ],
    [
      "a long reason",
      { ...allowed(1), decision: { outcome: "allow", policies: [], reason: long, policyDigest: DIGEST } },
    ],
    [
      "many files",
      { type: "files.changed", at: 1, paths: Array.from({ length: 9_000 }, () => "/workspace/file"), count: 9_000 },
    ],
    ["a long command", { ...started({ size: 0, root: "" }), command: { values: [long, long] } }],
    [
      "controls, which take six bytes each",
      allowed(
        1,
        Array.from({ length: 300 }, () => "\u0001".repeat(5_000)),
      ),
    ],
    [
      "everything at once",
      {
        ...allowed(
          1,
          Array.from({ length: 500 }, () => "\u0001".repeat(900)),
        ),
        asked: "\u0001".repeat(9_000),
        cwd: "\u0002".repeat(9_000),
        also: Array.from({ length: 400 }, () => ({ path: "\u0003".repeat(4_000), digest: DIGEST })),
        decision: {
          outcome: "deny",
          policies: Array.from({ length: 400 }, () => long),
          reason: long,
          instead: long,
          failure: long,
          policyDigest: DIGEST,
        },
      },
    ],
  ];
  for (const [name, event] of events) {
    test(`${name}: fits, has the form of an event, and is kept whole`, () => {
      const entry = encodeEvent(run, event);
      assert.ok(entry.data.length <= MAX_EVENT_BYTES && (entry.record?.length ?? 0) <= MAX_EVENT_BYTES + 100);
      const parsed = readBack(entry);
      const named = [
        parsed.whole,
        "argv" in parsed ? parsed.argv.whole : undefined,
        "command" in parsed ? parsed.command.whole : undefined,
      ];
      assert.deepEqual(
        named.filter((digest) => digest !== undefined).sort(),
        entry.whole.map(({ digest }) => digest).sort(),
      );
      assert.ok(entry.whole.length > 0);
      const whole = entry.whole.find(({ digest }) => digest === parsed.whole);
      if (whole !== undefined)
        assert.deepEqual(JSON.parse(Buffer.from(whole.bytes).toString()), { v: 1, run, ...event });
    });
  }
});

test("what the kernel gave as bytes survives, whatever they are", () => {
  const bytes = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 });
  fc.assert(
    fc.property(bytes, (values) => {
      const strings = values.map((value) => decodeOsString(value));
      const parsed = readBack(encodeEvent(run, allowed(1, strings)));
      assert.ok(parsed.type === "exec.allowed");
      assert.deepEqual(
        parsed.argv.values.map((value) => encodeOsString(value)),
        values.map((value) => Buffer.from(value)),
      );
    }),
  );
});

test("a cut never leaves half a character", () => {
  const parsed = readBack(encodeEvent(run, allowed(1, ["🙂".repeat(20_000), `a${"🙂".repeat(20_000)}`])));
  assert.ok(parsed.type === "exec.allowed" && parsed.argv.values.every((value) => value.isWellFormed()));
});
