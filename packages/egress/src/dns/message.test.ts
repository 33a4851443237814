import assert from "node:assert/strict";
import { describe, test } from "node:test";
import dnsPacket from "dns-packet";
import fc from "fast-check";
import { encodeAddress, encodeEmpty, parseQuery, type Question, RCODE } from "./message.ts";

const query = (name: string, edns = false): Buffer =>
  dnsPacket.encode({
    type: "query",
    id: 0x1234,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ type: "A", name }],
    additionals: edns
      ? [
          {
            type: "OPT",
            name: ".",
            udpPayloadSize: 1232,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ]
      : [],
  });

/** A query whose name is given as it stands in the packet. */
const rawQuery = (name: readonly number[], type = 1, klass = 1): Buffer =>
  Buffer.concat([
    query("a").subarray(0, 12),
    Buffer.from(name),
    Buffer.of(type >> 8, type & 255, klass >> 8, klass & 255),
  ]);

function question(message: Buffer): Question {
  const parsed = parseQuery(message);
  assert.ok(parsed !== undefined && "question" in parsed, JSON.stringify(parsed));
  return parsed.question;
}

function rcodeOf(message: Buffer): number | undefined {
  const parsed = parseQuery(message);
  assert.ok(parsed === undefined || "answer" in parsed);
  return parsed === undefined ? undefined : (parsed.answer[3] ?? 0) & 15;
}

describe("parseQuery", () => {
  test("reads name as asked, type, and whether EDNS is understood", () => {
    const asked = question(query("ExAmple.Test"));
    assert.equal(asked.name, "ExAmple.Test");
    assert.equal(asked.type, 1);
    assert.equal(asked.edns, false);
    assert.equal(asked.recursionDesired, true);
    assert.equal(question(query("a.test", true)).edns, true);
    assert.equal(question(rawQuery([1, 97, 0], 65)).typeName, "UNKNOWN_65");
    assert.equal(question(rawQuery([0])).name, ".");
  });

  const malformed: readonly [what: string, message: Buffer][] = [
    ["a dot inside a label", rawQuery([6, 97, 46, 116, 101, 115, 116, 0])],
    ["a compression pointer", rawQuery([0xc0, 4])],
    ["a pointer to itself", rawQuery([0xc0, 12])],
    ["a byte that is no UTF-8", rawQuery([1, 0xff, 0])],
    ["a label of 64", rawQuery([64, ...new Array<number>(64).fill(97), 0])],
    ["a name of 256 bytes", rawQuery([...new Array<number[]>(128).fill([1, 97]).flat(), 0])],
    ["a name without end", rawQuery([1, 97]).subarray(0, -4)],
    ["no type", rawQuery([1, 97, 0]).subarray(0, -3)],
    ["no question", Buffer.concat([query("a").subarray(0, 4), Buffer.alloc(8)])],
    ["two questions", patched(Buffer.concat([query("a"), query("a").subarray(12)]), 4, 2)],
    ["65,535 questions", patched(query("a"), 4, 0xffff)],
    ["an answer", patched(query("a"), 6, 1)],
    ["two additional records", patched(query("a", true), 10, 2)],
  ];
  for (const [what, message] of malformed) {
    test(`answers ${what} with FORMERR`, () => assert.equal(rcodeOf(message), RCODE.formatError));
  }

  test("other operations are not implemented, other classes refused", () => {
    assert.equal(rcodeOf(patched(query("a"), 2, 0x2800)), RCODE.notImplemented);
    assert.equal(rcodeOf(rawQuery([1, 97, 0], 1, 3)), RCODE.refused);
  });

  test("answers get no answer, nor do crumbs and giants", () => {
    assert.equal(parseQuery(patched(query("a"), 2, 0x8180)), undefined);
    assert.equal(parseQuery(Buffer.alloc(11)), undefined);
    assert.equal(parseQuery(Buffer.alloc(4_097)), undefined);
  });

  test("any bytes, and any damage to a query: an answer or none, never an exception, never two readings of the name", () => {
    const whole = query("some.allowed.test", true);
    const damaged = fc
      .tuple(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }), fc.nat(whole.length))
      .map(([edits, length]) => {
        const copy = Buffer.from(whole.subarray(0, length));
        for (const [index, byte] of edits) if (index < length) copy[index] = byte;
        return copy;
      });
    const random = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    const headed = random.map((bytes) => Buffer.concat([query("a").subarray(0, 12), bytes]));
    fc.assert(
      fc.property(fc.oneof(damaged, random, headed), (message) => {
        const parsed = parseQuery(message);
        if (parsed === undefined || "answer" in parsed) return;
        const labels = parsed.question.name === "." ? [] : parsed.question.name.split(".");
        const spelt = labels.flatMap((label) => [Buffer.byteLength(label), ...Buffer.from(label)]);
        assert.deepEqual([...parsed.question.section.subarray(0, -4)], [...spelt, 0]);
        dnsPacket.decode(encodeEmpty(parsed.question, RCODE.nameError, "why"));
        dnsPacket.decode(encodeAddress(parsed.question, "198.18.0.2", 30));
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("answers", () => {
  test("an address, with the name as it was asked", () => {
    const answer = dnsPacket.decode(encodeAddress(question(query("AlloweD.test")), "198.18.1.2", 30));
    assert.equal(answer.id, 0x1234);
    assert.equal(answer.questions?.[0]?.name, "AlloweD.test");
    const [record] = answer.answers ?? [];
    assert.deepEqual(
      { ...record },
      { name: "AlloweD.test", type: "A", ttl: 30, class: "IN", flush: false, data: "198.18.1.2" },
    );
  });

  test("a refusal explains itself to clients with EDNS, in 512 bytes", () => {
    for (const name of ["evil.test", `${`${"a".repeat(49)}.`.repeat(5)}abc`]) {
      const answer = encodeEmpty(question(query(name, true)), RCODE.nameError, "the profile has no rule ".repeat(40));
      assert.ok(answer.length <= 512);
      const [option] = dnsPacket.decode(answer).additionals ?? [];
      assert.equal(option?.type, "OPT");
      const data = (option as unknown as { options: { code: number; data: Buffer }[] }).options[0];
      assert.equal(data?.code, 15);
      assert.equal(data.data.readUInt16BE(0), 18);
      assert.match(data.data.toString("utf8", 2), /^the profile has no rule/);
    }
    assert.equal(encodeEmpty(question(query("evil.test")), RCODE.nameError, "why").readUInt16BE(10), 0);
  });
});

function patched(message: Buffer, offset: number, value: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(value, offset);
  return copy;
}
