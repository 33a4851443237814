import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeOsString } from "@bailiwick/base";
import { lastArguments, rawArguments } from "./raw-arguments.ts";

test("arguments that Node read well are taken as they are", () => {
  assert.deepEqual(rawArguments(["node", "script", "run", "ä", ""]), ["run", "ä", ""]);
});

test("the last arguments of a kernel's command line, bytes and all", () => {
  const line = Buffer.concat([Buffer.from("node\0--flag\0script\0run\0"), Buffer.of(0x61, 0xff, 0), Buffer.from("\0")]);
  const found = lastArguments(line, 3);
  assert.deepEqual(found, ["run", "a\udcff", ""]);
  assert.deepEqual(encodeOsString(found[1] ?? ""), Buffer.of(0x61, 0xff));
});
