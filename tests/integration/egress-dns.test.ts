import assert from "node:assert/strict";
import { describe, test } from "node:test";
import dnsPacket from "dns-packet";
import { ALLOWED, DENIED, openWorld, type World } from "./egress-world.ts";

const ALLOW = [
  { name: "allowed.test", port: 40_001 },
  { name: "*.example.com", port: 40_001 },
];
const rcode = (answer: dnsPacket.DecodedPacket): string => (answer as unknown as { rcode: string }).rcode;

async function within(
  options: Partial<Parameters<typeof openWorld>[0]>,
  body: (world: World) => Promise<void>,
): Promise<void> {
  const world = await openWorld({ allow: ALLOW, ...options });
  try {
    await body(world);
  } finally {
    await world.close();
  }
}

describe("DNS through the gateway", () => {
  test("a permitted name has one address, the same in any spelling, and nothing is asked outside", async () => {
    await within({}, async (world) => {
      const address = await world.addressOf("allowed.test");
      assert.match(address, /^127\.1[89]\./);
      assert.equal(await world.addressOf("ALLOWED.test"), address);
      const other = await world.addressOf("a.example.com");
      assert.notEqual(other, address);
      assert.equal(await world.addressOf("allowed.test"), address);
      assert.equal((await world.ask("allowed.test")).flag_ra, true);
      assert.deepEqual(world.reports, []);
    });
  });

  test("bypass 34: a name that the profile does not list fails at once, is reported, and is never looked up", async () => {
    const lookups: string[] = [];
    const lookup = (name: string): Promise<string[]> => {
      lookups.push(name);
      return Promise.resolve([]);
    };
    await within({ lookup }, async (world) => {
      const answer = await world.ask("c2VjcmV0.evil.test");
      assert.equal(rcode(answer), "NXDOMAIN");
      assert.deepEqual(answer.answers, []);
      const [refused] = world.of("refused");
      assert.equal(refused?.host, "c2vjcmv0.evil.test");
      assert.equal(refused.port, 0);
      assert.equal(refused.exec, 7);
      assert.deepEqual(refused.decision.policies, ["profile:network"]);
      assert.match(refused.decision.reason, /no rule for `c2vjcmv0\.evil\.test`/);
      assert.match(refused.decision.instead ?? "", /allow = \["c2vjcmv0\.evil\.test:443"\]/);
      // Control: the very same question is answered when a rule permits it, and even then nothing is looked up.
      await within({ lookup, allow: [{ name: "*.evil.test", port: 40_002 }] }, async (open) => {
        await open.addressOf("c2VjcmV0.evil.test");
      });
      assert.deepEqual(lookups, []);
    });
  });

  test("bypass 34: other record types carry nothing, for permitted names and others", async () => {
    await within({}, async (world) => {
      for (const type of ["TXT", "MX", "SRV", "PTR", "NS", "SOA", "CNAME", "CAA", "NULL", "UNKNOWN_255"]) {
        const permitted = await world.ask("allowed.test", type);
        assert.equal(rcode(permitted), "NOERROR", type);
        assert.deepEqual([permitted.answers, permitted.authorities, permitted.additionals], [[], [], []]);
        const other = await world.ask("evil.test", type);
        assert.equal(rcode(other), "NXDOMAIN", type);
        assert.ok(
          world
            .of("refused")
            .some(
              ({ host, decision }) =>
                host === "allowed.test" && decision.reason.includes(type.replace("UNKNOWN_255", "ANY")),
            ),
        );
      }
    });
  });

  test("bypass 40: AAAA of a permitted name is empty, without a refusal; so are HTTPS and SVCB", async () => {
    await within({}, async (world) => {
      for (const type of ["AAAA", "UNKNOWN_64", "UNKNOWN_65"]) {
        const answer = await world.ask("allowed.test", type);
        assert.equal(rcode(answer), "NOERROR");
        assert.deepEqual(answer.answers, []);
      }
      assert.deepEqual(world.reports, []);
      // Control: the same types of another name are refused.
      assert.equal(rcode(await world.ask("evil.test", "AAAA")), "NXDOMAIN");
    });
  });

  test("bypass 37: names that only look like a permitted one are refused; the permitted one is not", async () => {
    await within({}, async (world) => {
      for (const name of [
        "allowed.test.evil",
        "xallowed.test",
        "evilexample.com",
        "example.com",
        "a.example.com.evil",
        "allowed.test\0",
      ]) {
        assert.equal(rcode(await world.ask(name)), "NXDOMAIN", JSON.stringify(name));
      }
      assert.ok(world.of("refused").some(({ host }) => host === "allowed.test\\x00"));
      await world.addressOf("b.a.example.com");
    });
  });

  test("bypass 37: a dot inside a label does not make a permitted name", async () => {
    await within({}, async (world) => {
      const message = dnsPacket.encode({ type: "query", id: 1, questions: [{ type: "A", name: "allowed.test" }] });
      assert.equal(dnsPacket.decode(await world.askRaw(message)).answers?.length, 1);
      // \7allowed\4test → \12allowed.test
      message[12] = 12;
      message[20] = 0x2e;
      assert.equal(rcode(dnsPacket.decode(await world.askRaw(message))), "FORMERR");
    });
  });

  test("bypass 43: what policy denies is refused with its reason, and never looked up", async () => {
    const asked: [string, number][] = [];
    const decide = (host: string, port: number): typeof DENIED => {
      asked.push([host, port]);
      return host === "a.example.com" ? DENIED : ALLOWED;
    };
    await within({ decide }, async (world) => {
      assert.equal(rcode(await world.ask("a.example.com")), "NXDOMAIN");
      assert.equal(world.of("refused")[0]?.decision, DENIED);
      // Control: the neighbour under the same rule.
      await world.addressOf("b.example.com");
      // What the profile refuses is not even put to policy.
      await world.ask("evil.test");
      assert.deepEqual(asked, [
        ["a.example.com", 0],
        ["b.example.com", 0],
      ]);
    });
  });

  test("deciding that fails, in any way, refuses and says why", async () => {
    const failures = [
      (): never => {
        throw new Error("cedar broke");
      },
      () => Promise.reject(new Error("cedar broke")),
      () => Promise.resolve({ ...ALLOWED, outcome: "ask" as const }),
    ];
    for (const decide of failures) {
      await within({ decide }, async (world) => {
        assert.equal(rcode(await world.ask("allowed.test")), "NXDOMAIN");
        const [refused] = world.of("refused");
        assert.ok(refused?.decision.failure === "cedar broke" || refused?.decision.outcome === "ask");
      });
    }
  });

  test("localhost is the sandbox's own; reverse lookups are refused in words that help", async () => {
    await within({}, async (world) => {
      assert.equal(await world.addressOf("localhost"), "127.0.0.1");
      assert.equal(await world.addressOf("app.localhost"), "127.0.0.1");
      assert.equal((await world.ask("localhost", "AAAA")).answers?.length, 0);
      assert.deepEqual(world.reports, []);
      assert.equal(rcode(await world.ask("1.0.18.198.in-addr.arpa", "PTR")), "NXDOMAIN");
      assert.match(world.of("refused")[0]?.decision.reason ?? "", /not turned into names/);
    });
  });

  test("the first refusal is reported before its answer; repetitions are one report", async () => {
    await within({}, async (world) => {
      for (let time = 0; time < 5; time++) {
        await world.ask("evil.test");
        assert.equal(world.of("refused").length, 1);
      }
      await world.ask("evil2.test");
      assert.equal(world.of("refused").length, 2);
    });
  });

  test("an owner that is never found delays nothing but the refusal's report", async () => {
    await within({ findOwner: () => Promise.reject(new Error("gone")) }, async (world) => {
      await world.ask("evil.test");
      assert.equal(world.of("refused")[0]?.exec, undefined);
    });
  });

  test("the owner is asked for with the ends as the process inside has them", async () => {
    const seen: unknown[] = [];
    const findOwner = (ends: { protocol: string; localPort: number; remotePort: number }): Promise<number> => {
      assert.notEqual(ends.localPort, ends.remotePort);
      seen.push(ends.protocol);
      return Promise.resolve(3);
    };
    await within({ findOwner }, async (world) => {
      await world.ask("evil.test");
      assert.deepEqual(seen, ["udp"]);
    });
  });
});
