import assert from "node:assert/strict";
import { test } from "node:test";
import { Never } from "./never.ts";

const at = (text: string) => [{ text, family: text.includes(":") ? (6 as const) : (4 as const) }];
const lookup = (name: string): Promise<string[]> => {
  if (name === "server.test") return Promise.resolve(["203.0.113.7"]);
  if (name === "here.test") return Promise.resolve(["192.0.2.1"]);
  return Promise.reject(new Error("ENOTFOUND"));
};
const own = () => ["127.0.0.1", "::1", "192.0.2.1", "2001:db8::1"];

test("by its name, and by its address under any other, at its port alone", async () => {
  const never = new Never([{ name: "server.test", port: 443 }], lookup, own);
  assert.equal(await never.includes("server.test", 443, at("198.51.100.1")), true);
  assert.equal(await never.includes("other.test", 443, at("203.0.113.7")), true);
  assert.equal(await never.includes("other.test", 443, at("203.0.113.8")), false);
  assert.equal(await never.includes("server.test", 8443, at("203.0.113.7")), false);
  assert.equal(await new Never([], lookup, own).includes("server.test", 443, at("203.0.113.7")), false);
});

test("one of this machine by every address of the machine", async () => {
  for (const name of ["127.0.0.1", "here.test", "::1"]) {
    const never = new Never([{ name, port: 7788 }], lookup, own);
    for (const address of ["127.0.0.1", "127.1.2.3", "::1", "192.0.2.1", "2001:db8::1"]) {
      assert.equal(await never.includes("db.test", 7788, at(address)), true, `${name} ${address}`);
    }
    assert.equal(await never.includes("db.test", 7788, at("203.0.113.7")), false);
    assert.equal(await never.includes("db.test", 5432, at("127.0.0.1")), false);
  }
});

test("a name that leads nowhere is refused by itself, and stands in nobody's way", async () => {
  const never = new Never([{ name: "gone.test", port: 443 }], lookup, own);
  assert.equal(await never.includes("gone.test", 443, at("203.0.113.7")), true);
  assert.equal(await never.includes("other.test", 443, at("203.0.113.7")), false);
});
