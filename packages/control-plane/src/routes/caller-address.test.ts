import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { proxiesOf } from "../serve.privileged.ts";
import { callerAddress } from "./caller-address.ts";

const proxies = proxiesOf(["10.0.0.0/8", "2001:db8:1::/48", "192.0.2.7"]);
const none = proxiesOf([]);

describe("where a caller is", () => {
  const cases: readonly (readonly [what: string, peer: string, headers: Record<string, string>, address: string])[] = [
    ["who connects, without headers", "203.0.113.9", {}, "203.0.113.9"],
    ["who connects, and is no proxy, whatever it says", "203.0.113.9", { "x-forwarded-for": "1.1.1.1" }, "203.0.113.9"],
    ["what a proxy says", "10.0.0.1", { "x-forwarded-for": "203.0.113.9" }, "203.0.113.9"],
    ["by an address of IPv4 in IPv6", "::ffff:10.0.0.1", { "x-forwarded-for": "::FFFF:203.0.113.9" }, "203.0.113.9"],
    ["not what the caller wrote before it", "10.0.0.1", { "x-forwarded-for": "1.1.1.1, 203.0.113.9" }, "203.0.113.9"],
    [
      "nor a proxy's address that the caller wrote",
      "10.0.0.1",
      { "x-forwarded-for": "10.9.9.9, 203.0.113.9" },
      "203.0.113.9",
    ],
    [
      "over several proxies",
      "10.0.0.1",
      { "x-forwarded-for": "1.1.1.1, 203.0.113.9, 192.0.2.7,10.0.0.2" },
      "203.0.113.9",
    ],
    ["with a port", "10.0.0.1", { "x-forwarded-for": "203.0.113.9:4711" }, "203.0.113.9"],
    ["of IPv6 with a port", "2001:db8:1::5", { "x-forwarded-for": "[2001:db8:2::9]:4711" }, "2001:db8:2::9"],
    ["the proxy's, when it says none", "10.0.0.1", {}, "10.0.0.1"],
    [
      "the proxy's, when it says what is no address",
      "10.0.0.1",
      { "x-forwarded-for": "203.0.113.9, unknown" },
      "10.0.0.1",
    ],
    ["the last that is known before what is no address", "10.0.0.1", { "x-forwarded-for": "x, 10.0.0.2" }, "10.0.0.2"],
    [
      "by RFC 7239",
      "10.0.0.1",
      { forwarded: 'for=1.1.1.1, For="[2001:db8:2::9]:4711";proto=https;by=10.0.0.1' },
      "2001:db8:2::9",
    ],
    ["RFC 7239 with a name that hides it", "10.0.0.1", { forwarded: "for=203.0.113.9, for=_hidden" }, "10.0.0.1"],
    [
      "by both, when they agree",
      "10.0.0.1",
      { forwarded: "for=203.0.113.9", "x-forwarded-for": "203.0.113.9" },
      "203.0.113.9",
    ],
    [
      "the proxy's, when both say different things",
      "10.0.0.1",
      { forwarded: "for=1.1.1.1", "x-forwarded-for": "203.0.113.9" },
      "10.0.0.1",
    ],
  ];
  for (const [what, peer, headers, address] of cases) {
    test(what, () => {
      assert.equal(callerAddress(peer, headers, proxies), address);
    });
  }

  test("who connects, where no proxies are named", () => {
    assert.equal(callerAddress("10.0.0.1", { "x-forwarded-for": "203.0.113.9" }, none), "10.0.0.1");
  });

  test("what names no proxies is refused, with what it is", () => {
    for (const text of [
      "proxy.company.example",
      "10.0.0.0/33",
      "10.0.0.0/",
      "::1/129",
      "",
      "10.0.0.1/8/8",
      "10.0.0.0/-1",
    ]) {
      assert.throws(() => proxiesOf([text]), { code: "SERVER_CANNOT_START", message: new RegExp(`\`${text}\``) });
    }
  });
});
