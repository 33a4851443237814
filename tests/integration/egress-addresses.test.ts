import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkResolvedAddress } from "../../packages/egress/src/addresses/classify.ts";
import { DENIED, OUTSIDE, openOutside, openWorld, type Outside, readAll, until } from "./egress-world.ts";

type Setting = Partial<Parameters<typeof openWorld>[0]>;

/** The guard taken away: every address that can be read may be dialled. */
const ANY_ADDRESS: NonNullable<Setting["checkAddress"]> = (text) => ({ text, family: text.includes(":") ? 6 : 4 });

async function reach(outside: Outside, setting: Setting): Promise<{ ended: string; reason: string; instead: string }> {
  const world = await openWorld({ allow: [{ name: "*.test", port: outside.port }], ...setting });
  try {
    const client = await world.connect("name.test", outside.port);
    client.end("x");
    const { ended } = await readAll(client);
    await until(() => world.reports.length > 0, "reported");
    const decision = world.of("refused")[0]?.decision;
    return { ended, reason: decision?.reason ?? "", instead: decision?.instead ?? "" };
  } finally {
    await world.close();
  }
}

async function withOutside(body: (outside: Outside) => Promise<void>): Promise<void> {
  const outside = await openOutside((socket) => socket.on("end", () => socket.end()));
  try {
    await body(outside);
  } finally {
    await outside.close();
  }
}

describe("addresses that a name resolves to", () => {
  test("bypass 41, 44: a name that resolves to this machine is refused; without the check it is reached", async () => {
    await withOutside(async (outside) => {
      const lookup = (): Promise<string[]> => Promise.resolve([OUTSIDE]);
      const refused = await reach(outside, { lookup });
      assert.equal(refused.ended, "ECONNRESET");
      assert.match(refused.reason, /`name\.test` resolves to `127\.0\.0\.2`, a loopback address/);
      assert.match(refused.instead, /"name\.test" = "127\.0\.0\.2"` under `\[network\.hosts\]`/);
      assert.equal(outside.connections.length, 0);
      assert.equal((await reach(outside, { lookup, checkAddress: ANY_ADDRESS })).ended, "end");
      assert.equal(outside.connections.length, 1);
    });
  });

  test("the profile's static address may be this machine's, and no resolver is asked", async () => {
    await withOutside(async (outside) => {
      const lookup = (): Promise<never> => Promise.reject(new Error("looked up"));
      assert.equal((await reach(outside, { hosts: { "name.test": OUTSIDE }, lookup })).ended, "end");
    });
  });

  test("bypass 40: IPv4 addresses in IPv6 clothes are refused; without the check the mapped one is reached", async () => {
    await withOutside(async (outside) => {
      for (const address of [
        "::ffff:127.0.0.2",
        "::ffff:7f00:2",
        "64:ff9b::7f00:2",
        "2002:7f00:2::",
        "::127.0.0.2",
        "::1",
      ]) {
        const { ended, reason } = await reach(outside, { lookup: () => Promise.resolve([address]) });
        assert.equal(ended, "ECONNRESET", address);
        assert.match(reason, /resolves to/);
      }
      assert.equal(outside.connections.length, 0);
      const mapped = { lookup: () => Promise.resolve(["::ffff:127.0.0.2"]), checkAddress: ANY_ADDRESS };
      assert.equal((await reach(outside, mapped)).ended, "end");
    });
  });

  test("bypass 41: one answer that mixes public and private addresses only ever leads to the public one", async () => {
    await withOutside(async (outside) => {
      // Stands for a public address: the check lets exactly this one through, and it is dialled as it was checked.
      const dialled: string[] = [];
      const checkAddress: NonNullable<Setting["checkAddress"]> = (address) => {
        if (address !== OUTSIDE) return checkResolvedAddress(address);
        dialled.push(address);
        return { text: OUTSIDE, family: 4 };
      };
      const answers = [["127.0.0.1", "10.0.0.1", OUTSIDE], ["127.0.0.1"]];
      const lookup = (): Promise<string[]> => Promise.resolve(answers.shift() ?? []);
      const world = await openWorld({ allow: [{ name: "*.test", port: outside.port }], lookup, checkAddress });
      const client = await world.connect("name.test", outside.port);
      await until(() => world.of("opened").length === 1, "opened");
      assert.equal(world.of("opened")[0]?.address, OUTSIDE);
      // The second answer is still there: nothing resolved the name again between the check and the dial.
      assert.equal(answers.length, 1);
      assert.deepEqual(dialled, [OUTSIDE]);
      client.destroy();
      await world.close();
    });
  });

  test("an address that does not answer is passed over for the next", async () => {
    await withOutside(async (outside) => {
      // Nothing listens on ::1 with this port; the listener inside is IPv4 alone.
      const lookup = (): Promise<string[]> => Promise.resolve(["::1", OUTSIDE]);
      assert.equal((await reach(outside, { lookup, checkAddress: ANY_ADDRESS })).ended, "end");
    });
  });

  test("bypass 43: a name is resolved only after the decision at its port", async () => {
    await withOutside(async (outside) => {
      let lookups = 0;
      const lookup = (): Promise<string[]> => {
        lookups++;
        return Promise.resolve([OUTSIDE]);
      };
      const decide: Setting["decide"] = (_host, port) =>
        port === 0 ? { ...DENIED, outcome: "allow", reason: "" } : Promise.resolve(DENIED);
      assert.equal((await reach(outside, { lookup, decide })).reason, DENIED.reason);
      assert.equal(lookups, 0);
      await reach(outside, { lookup });
      assert.equal(lookups, 1);
    });
  });

  test("a name that does not resolve resets the client, and the record says why", async () => {
    await withOutside(async (outside) => {
      const failure = Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
      const world = await openWorld({
        allow: [{ name: "*.test", port: outside.port }],
        lookup: () => Promise.reject(failure),
      });
      const client = await world.connect("name.test", outside.port);
      assert.equal((await readAll(client)).ended, "ECONNRESET");
      await until(() => world.of("closed").length === 1, "closed");
      assert.equal(world.of("closed")[0]?.error, "ENOTFOUND");
      await world.close();
    });
  });

  test("names that are numbers to `getaddrinfo` are no names", async () => {
    const world = await openWorld({ allow: [] });
    for (const name of ["127.1", "2130706433", "0x7f000002", "127.0.0.2"]) {
      await world.ask(name);
      assert.match(world.of("refused").at(-1)?.decision.reason ?? "", /is not a host name/);
    }
    await world.close();
  });

  test("profiles that name what can't be dialled are refused before anything is served", async () => {
    for (const address of ["0.0.0.0", "::", "224.0.0.1", "127.1", "localhost", ""]) {
      await assert.rejects(openWorld({ allow: [], hosts: { "name.test": address } }), {
        code: "EGRESS_STATIC_ADDRESS_INVALID",
      });
    }
    await assert.rejects(openWorld({ allow: [], hosts: { "10.0.0.1": "10.0.0.1" } }), {
      code: "EGRESS_STATIC_ADDRESS_INVALID",
    });
  });
});
