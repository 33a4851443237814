import assert from "node:assert/strict";
import { test } from "node:test";
import { addressBytes } from "./addresses.ts";

test("addresses as sockets print them", () => {
  const hex = (text: string): string | undefined => {
    const address = addressBytes(text);
    return address === undefined
      ? undefined
      : `${String(address.family)} ${Buffer.from(address.bytes).toString("hex")}`;
  };
  assert.equal(hex("198.18.0.1"), "4 c6120001");
  assert.equal(hex("::ffff:198.18.0.1"), "4 c6120001");
  assert.equal(hex("::1"), `6 ${"0".repeat(31)}1`);
  assert.equal(hex("::"), `6 ${"0".repeat(32)}`);
  assert.equal(hex("fe80::1:2"), "6 fe800000000000000000000000010002");
  assert.equal(hex("1:2:3:4:5:6:7:8"), "6 00010002000300040005000600070008");
  for (const wrong of [
    "",
    "256.1.1.1",
    "1.2.3",
    "1:2:3",
    "1::2::3",
    "g::1",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "1:2:3:4:5:6:7::8",
  ]) {
    assert.equal(hex(wrong), undefined, wrong);
  }
});
