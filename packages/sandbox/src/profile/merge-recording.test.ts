import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeRecording } from "./merge-recording.ts";

test("a recording is on unless somebody says otherwise, and on for good where a layer says so", () => {
  const terminal = (...layers: (boolean | undefined)[]): boolean =>
    mergeRecording(layers.map((each) => (each === undefined ? {} : { terminal: each }))).terminal;
  assert.deepEqual(
    [terminal(), terminal(undefined), terminal(false), terminal(true), terminal(false, true), terminal(true, false)],
    [true, true, false, true, true, true],
  );
});

test("whether recordings leave the host is for the outermost that says it; they stay where nobody does", () => {
  const send = (...layers: (boolean | undefined)[]): boolean =>
    mergeRecording(layers.map((each) => (each === undefined ? {} : { send: each }))).send;
  assert.deepEqual(
    [send(), send(undefined), send(true), send(undefined, true), send(false, true), send(true, false)],
    [false, false, true, true, false, true],
  );
});

test("of lengths the largest counts", () => {
  assert.equal(mergeRecording([]).maxBytes, 256e6);
  assert.equal(mergeRecording([{ "max-size": 5 }]).maxBytes, 5);
  assert.equal(mergeRecording([{ "max-size": 9 }, { "max-size": 5 }, {}]).maxBytes, 9);
});
