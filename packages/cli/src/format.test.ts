import assert from "node:assert/strict";
import { test } from "node:test";
import { paintFor } from "./format.ts";

test("colours only where a terminal can show them and nobody minds", () => {
  const stream = (isTTY: boolean) => ({ isTTY }) as NodeJS.WriteStream;
  const painted = (isTTY: boolean, environment: NodeJS.ProcessEnv) =>
    paintFor(stream(isTTY), environment)("red", "x") !== "x";
  assert.equal(painted(true, { TERM: "xterm" }), true);
  assert.equal(painted(false, { TERM: "xterm" }), false);
  assert.equal(painted(true, { TERM: "dumb" }), false);
  assert.equal(painted(true, { NO_COLOR: "1" }), false);
  assert.equal(painted(true, { NO_COLOR: "" }), true);
  assert.equal(painted(false, { FORCE_COLOR: "1" }), true);
  assert.equal(painted(true, { FORCE_COLOR: "1", NO_COLOR: "1" }), false);
});
