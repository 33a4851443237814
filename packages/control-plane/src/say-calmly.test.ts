import assert from "node:assert/strict";
import { test } from "node:test";
import { sayCalmly } from "./say-calmly.ts";

test("what repeats is said once a minute, and how often it was not", () => {
  let now = 0;
  const said: string[] = [];
  const say = sayCalmly((text) => said.push(text), () => now); // prettier-ignore
  for (let times = 0; times < 1_000; times++) say("the database is away");
  say("the disk is full");
  now = 59_999;
  say("the database is away");
  assert.deepEqual(said.splice(0), ["the database is away", "the disk is full"]);
  now = 60_000;
  say("the database is away");
  say("the database is away");
  assert.deepEqual(said.splice(0), ["the database is away (and 1000 times since this was last said)"]);
});

test("more different texts than are remembered are all said", () => {
  const said: string[] = [];
  const say = sayCalmly((text) => said.push(text), () => 0); // prettier-ignore
  for (let number = 0; number < 500; number++) say(String(number));
  assert.equal(said.length, 500);
});
