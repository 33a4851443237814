import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { checkResolvedAddress, checkStaticAddress } from "./classify.ts";

describe("checkResolvedAddress", () => {
  const refused = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "169.254.0.1", "168.63.129.16", "100.64.0.1", "100.100.100.200", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.9",
    "192.88.99.1", "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fe80::1", "fe80::a9fe:a9fe", "fec0::1", "fc00::1", "fd00:ec2::254",
    "fd20:ce::254", "ff02::1", "100::1", "2001:db8::1", "3fff::1", "5f00::1", "4000::1", "2600::5efe:7f00:1",
    "2600::200:5efe:a00:1", "1::1",
  ]; // prettier-ignore
  for (const address of refused) {
    test(`refuses ${address}`, () => {
      const result = checkResolvedAddress(address);
      assert.ok("refusal" in result, JSON.stringify(result));
    });
  }

  const odd = [
    "", "localhost", "127.1", "0x7f.0.0.1", "0177.0.0.1", "010.8.8.8", "2130706433", "8.8.8", "8.8.8.8.8", "8.8.8.256", " 8.8.8.8",
    "8.8.8.8 ", "fe80::1%eth0", "2600::1%lo", "[2600::1]", "2600::1/64", "2600:::1", "8.8.8.8\0",
  ]; // prettier-ignore
  for (const address of odd) {
    test(`refuses the spelling ${JSON.stringify(address)}`, () => {
      assert.deepEqual(checkResolvedAddress(address), { refusal: "not an address that can be checked" });
    });
  }

  const permitted = [
    "8.8.8.8",
    "1.1.1.1",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "198.17.255.255",
    "198.20.0.0",
  ];
  for (const address of [...permitted, "2606:4700::1111", "2a00:1450:4001::8", "2600::5eff:7f00:1"]) {
    test(`permits ${address}`, () => {
      assert.deepEqual(checkResolvedAddress(address), { text: address, family: address.includes(":") ? 6 : 4 });
    });
  }

  test("what is dialled is the canonical form of the bits that were checked", () => {
    assert.deepEqual(checkResolvedAddress("2606:4700:0000:0::0001"), { text: "2606:4700::1", family: 6 });
  });

  test("IPv4: refused exactly in the special ranges (IANA special-purpose registry)", () => {
    const special: readonly (readonly [base: number, bits: number])[] = [
      [0x00000000, 8], [0x0a000000, 8], [0x64400000, 10], [0x7f000000, 8], [0xa9fe0000, 16], [0xac100000, 12], [0xc0000000, 24],
      [0xc0000200, 24], [0xc01fc400, 24], [0xc034c100, 24], [0xc0586300, 24], [0xc0a80000, 16], [0xc0af3000, 24], [0xc6120000, 15],
      [0xc6336400, 24], [0xcb007100, 24], [0xe0000000, 4], [0xf0000000, 4], [0xa83f8110, 32],
    ]; // prettier-ignore
    const near = fc
      .constantFrom(...special)
      .chain(([base, bits]) =>
        fc
          .integer({ min: -2, max: 2 })
          .map((step) => (step < 0 ? base + step : base + 2 ** (32 - bits) - 1 + step) >>> 0),
      );
    fc.assert(
      fc.property(fc.oneof(near, fc.integer({ min: 0, max: 0xffffffff })), (value) => {
        const text = [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
        const inside = special.some(
          ([base, bits]) => Math.floor(value / 2 ** (32 - bits)) === Math.floor(base / 2 ** (32 - bits)),
        );
        assert.equal("refusal" in checkResolvedAddress(text), inside, text);
      }),
      { numRuns: 2_000 },
    );
  });

  test("IPv6: no form that carries an IPv4 address is permitted, whatever it carries", () => {
    fc.assert(
      fc.property(fc.ipV4(), (v4) => {
        const [a = 0, b = 0, c = 0, d = 0] = v4.split(".").map(Number);
        const high = ((a << 8) | b).toString(16);
        const low = ((c << 8) | d).toString(16);
        for (const address of [
          `::${v4}`,
          `::ffff:${v4}`,
          `::ffff:0:${v4}`,
          `64:ff9b::${v4}`,
          `64:ff9b:1::${v4}`,
          `2002:${high}:${low}::1`,
          `2600::5efe:${high}:${low}`,
        ]) {
          assert.ok("refusal" in checkResolvedAddress(address), address);
        }
      }),
    );
  });

  test("IPv6: nothing outside 2000::/3 is permitted; any text gives an answer", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const result = checkResolvedAddress(address);
        if ("text" in result) assert.match(result.text, /^[23][0-9a-f]{3}:/);
      }),
    );
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => "refusal" in checkResolvedAddress(text)));
  });
});

describe("checkStaticAddress", () => {
  for (const address of ["127.0.0.2", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "8.8.8.8"]) {
    test(`permits ${address}, which the person named`, () => assert.ok("text" in checkStaticAddress(address)));
  }
  for (const address of [
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "255.255.255.255",
    "ff02::1",
    "127.1",
    "localhost",
    "fe80::1%eth0",
    "",
  ]) {
    test(`refuses ${JSON.stringify(address)}`, () => assert.ok("refusal" in checkStaticAddress(address)));
  }
});
