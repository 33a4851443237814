import assert from "node:assert/strict";
import type { networkInterfaces } from "node:os";
import { describe, test } from "node:test";
import { checkPublicAddress, Resolver } from "./resolver.ts";

const PUBLIC = ["8.8.8.8", "8.8.4.4", "2606:4700::1111"];

describe("Resolver", () => {
  test("leaves out addresses that may not be dialled, and alternates families", async () => {
    const resolver = new Resolver(
      () => Promise.resolve(["127.0.0.1", ...PUBLIC, "8.8.8.8", "::1"]),
      checkPublicAddress,
    );
    const result = await resolver.resolve("a.test");
    assert.ok("addresses" in result);
    assert.deepEqual(
      result.addresses.map(({ text }) => text),
      ["8.8.8.8", "2606:4700::1111", "8.8.4.4"],
    );
  });

  test("is a refusal when there is no other address", async () => {
    const resolver = new Resolver(() => Promise.resolve(["10.0.0.1", "127.0.0.1"]), checkPublicAddress);
    assert.deepEqual(await resolver.resolve("a.test"), { address: "10.0.0.1", refusal: "a private address" });
  });

  test("connections at the same time share one lookup; a failed one is not kept", async () => {
    let lookups = 0;
    const resolver = new Resolver(() => {
      lookups++;
      return lookups === 1 ? Promise.reject(new Error("ENOTFOUND")) : Promise.resolve(PUBLIC);
    }, checkPublicAddress);
    await assert.rejects(resolver.resolve("a.test"));
    await Promise.all([resolver.resolve("a.test"), resolver.resolve("a.test"), resolver.resolve("a.test")]);
    assert.equal(lookups, 2);
    resolver.forget("a.test");
    await resolver.resolve("a.test");
    assert.equal(lookups, 3);
  });

  test("name servers that never answer hold at most two of the threads that the record needs", async () => {
    const running: ((addresses: string[]) => void)[] = [];
    const resolver = new Resolver(
      () =>
        new Promise((resolve) => {
          running.push(resolve);
        }),
      checkPublicAddress,
    );
    const results = Array.from({ length: 5 }, (_, index) => resolver.resolve(`n${String(index)}.test`));
    await Promise.resolve();
    assert.equal(running.length, 2);
    for (let index = 0; index < 5; index++) {
      running[index]?.(["8.8.8.8"]);
      await results[index];
    }
    assert.equal(running.length, 5);
  });

  test("addresses of this machine are refused, whatever range they are of", () => {
    const own = {
      address: "8.8.4.4",
      netmask: "255.255.255.0",
      family: "IPv4",
      mac: "",
      internal: false,
      cidr: null,
    } as const;
    const six = { ...own, address: "2606:4700:0:0::1111", family: "IPv6", scopeid: 0 } as const;
    const machine = (): ReturnType<typeof networkInterfaces> => ({ eth0: [own, six] });
    const refusal = { refusal: "an address of this machine" };
    assert.deepEqual(checkPublicAddress("8.8.4.4", machine), refusal);
    assert.deepEqual(checkPublicAddress("2606:4700::1111", machine), refusal);
    assert.ok("text" in checkPublicAddress("8.8.8.8", machine));
    assert.ok("text" in checkPublicAddress("8.8.4.4", () => ({})));
  });
});
