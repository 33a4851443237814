/** Whatever the spelling of an address: the verdict is about its bits, and what is dialled is what Node and the URL parser understand by it. */
import assert from "node:assert/strict";
import { BlockList, isIP } from "node:net";
import { describe, test } from "node:test";
import fc from "fast-check";
import { checkResolvedAddress, checkStaticAddress } from "./classify.ts";

/** What is not the public internet (IANA special-purpose registries), or carries an address of IPv4. */
const SPECIAL: readonly (readonly [network: string, bits: number])[] = [
  ["::", 8], ["::ffff:0:0", 96], ["::ffff:0:0:0", 96], ["64:ff9b::", 96], ["64:ff9b:1::", 48], ["100::", 64], ["100:0:0:1::", 64],
  ["2001::", 32], ["2001:2::", 48], ["2001:10::", 28], ["2001:20::", 28], ["2001:db8::", 32], ["2002::", 16], ["3fff::", 20],
  ["5f00::", 16], ["fc00::", 7], ["fe80::", 10], ["fec0::", 10], ["ff00::", 8],
]; // prettier-ignore
const blocked = new BlockList();
for (const [network, bits] of SPECIAL) blocked.addSubnet(network, bits, "ipv6");

const words = fc.array(fc.oneof(fc.constantFrom(0, 1, 0xffff, 0x7f00, 0xa9fe, 0x5efe), fc.nat({ max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
});

/** In one of the special networks, with any bits behind. */
const special = fc.tuple(fc.constantFrom(...SPECIAL), words).map(([[network, bits], rest]) => {
  const fixed = wordsOf(network);
  return rest.map((word, index) => {
    const kept = Math.max(0, Math.min(16, bits - index * 16));
    const mask = (0xffff << (16 - kept)) & 0xffff;
    return ((fixed[index] ?? 0) & mask) | (word & ~mask & 0xffff);
  });
});

function wordsOf(address: string): number[] {
  const [head = "", tail = ""] = address.split("::").map((part) => part);
  const [front, back] = [head, tail].map((part) =>
    part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)),
  );
  return [...(front ?? []), ...Array<number>(8 - (front?.length ?? 0) - (back?.length ?? 0)).fill(0), ...(back ?? [])];
}

/** The same bits with all zeros, in capitals, shortened, and with the last 32 as IPv4. */
function spellings(all: readonly number[]): string[] {
  const plain = all.map((word) => word.toString(16));
  const [high = 0, low = 0] = all.slice(6);
  const dotted = [high >> 8, high & 255, low >> 8, low & 255].join(".");
  return [
    plain.join(":"),
    plain.map((word) => word.padStart(4, "0").toUpperCase()).join(":"),
    new URL(`http://[${plain.join(":")}]/`).hostname.slice(1, -1),
    `${plain.slice(0, 6).join(":")}:${dotted}`,
  ];
}

describe("addresses, in any spelling", () => {
  test("IPv6: one verdict for all spellings, and what is dialled is what the URL parser makes of each", () => {
    fc.assert(
      fc.property(fc.oneof(words, special), (all) => {
        for (const check of [checkResolvedAddress, checkStaticAddress]) {
          const [first, ...rest] = spellings(all).map((text) => check(text));
          for (const other of rest) assert.deepEqual(other, first, spellings(all).join(" "));
          if (first === undefined || "refusal" in first) continue;
          assert.equal(isIP(first.text), first.family);
          assert.deepEqual(check(first.text), first);
          for (const text of spellings(all))
            assert.equal(new URL(`http://[${text}]/`).hostname, new URL(`http://[${first.text}]/`).hostname);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("IPv6: nothing of a special network is permitted", () => {
    fc.assert(
      fc.property(fc.oneof(words, special), (all) => {
        const [text = ""] = spellings(all);
        if (blocked.check(text, "ipv6")) assert.ok("refusal" in checkResolvedAddress(text), text);
      }),
      { numRuns: 5_000 },
    );
  });

  test("a zone is none, whatever stands before it", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), fc.ipV4()), fc.constantFrom("%eth0", "%25eth0", "%1", "%"), (address, zone) => {
        assert.ok("refusal" in checkResolvedAddress(address + zone));
        assert.ok("refusal" in checkStaticAddress(address + zone));
      }),
    );
  });

  test("IPv4: what is taken is what the URL parser reads, and is in that form already", () => {
    const part = fc.oneof(
      fc.nat({ max: 300 }).map(String),
      fc.constantFrom("0x7f", "0177", "010", "00", "", " 1", "1 ", "\uff11", "127.1"),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(".")),
          fc.ipV4Extended(),
        ),
        (text) => {
          for (const check of [checkResolvedAddress, checkStaticAddress]) {
            const checked = check(text);
            if ("refusal" in checked) continue;
            assert.equal(checked.text, text);
            assert.equal(new URL(`http://${text}/`).hostname, text);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
