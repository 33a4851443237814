import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fragmented, handshake, hello, helloBody, record, SUPPORTED_VERSIONS } from "../../test/client-hello.ts";
import { PASS_ALL, type Verdict } from "../tcp/client-inspector.ts";
import { parseClientHello } from "./client-hello.ts";
import { ServerNameGate } from "./server-name-gate.ts";

const NAME = "allowed.test";

/** The bytes that got through, when the message comes in pieces of the given sizes. */
function passedBytes(message: Buffer, sizes: readonly number[]): Buffer {
  const gate = new ServerNameGate(NAME);
  const passed: Buffer[] = [];
  let held: Buffer[] = [];
  let done = false;
  for (let from = 0, piece = 0; from < message.length; piece++) {
    const size = sizes[piece % sizes.length] ?? 1;
    const chunk = message.subarray(from, from + size);
    from += size;
    held.push(chunk);
    const verdict: Verdict = done ? PASS_ALL : gate.inspect(chunk);
    if (verdict.kind === "refuse") return Buffer.concat(passed);
    if (verdict.kind === "hold") continue;
    done = verdict.done;
    passed.push(...held);
    held = [];
  }
  return Buffer.concat(passed);
}

const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 });

describe("ServerNameGate, any input", () => {
  test("no bytes make it throw, and no TLS with another name passes, however it is cut", () => {
    const names = fc.oneof(
      fc.domain(),
      fc.string(),
      fc.constantFrom("", "allowed.tes", "allowed.testx", "xallowed.test"),
    );
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 600 }), sizes, (name, size, cut) => {
        fc.pre(name.toLowerCase().replace(/\.$/, "") !== NAME);
        const message = fragmented({ serverNames: [name], extensions: [SUPPORTED_VERSIONS] }, size);
        assert.equal(passedBytes(message, cut).length, 0);
      }),
    );
  });

  test("the right name passes whole, however it is cut", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), sizes, (size, cut) => {
        const message = fragmented({ serverNames: [NAME] }, size);
        assert.ok(passedBytes(message, cut).equals(message));
      }),
    );
  });

  test("random bytes and damaged hellos: an answer, never an exception; what starts as TLS passes only with the name in it", () => {
    const right = hello({ serverNames: [NAME], extensions: [SUPPORTED_VERSIONS] });
    const damaged = fc
      .array(fc.tuple(fc.nat(right.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
      .map((edits) => {
        const copy = Buffer.from(right);
        for (const [index, byte] of edits) copy[index] = byte;
        return copy;
      });
    const random = fc.uint8Array({ maxLength: 400 }).map((bytes) => record(Buffer.from(bytes)));
    const raw = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(damaged, random, raw), sizes, (message, cut) => {
        const passed = passedBytes(message, cut);
        if (message[0] === 0x16) {
          assert.ok(passed.length === 0 || passed.toString("latin1").toLowerCase().includes(NAME));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("parsing reads exactly what was built, and any body gives a result", () => {
    fc.assert(
      fc.property(fc.domain(), (name) => {
        const result = parseClientHello(helloBody({ serverNames: [name] }));
        assert.ok("hello" in result);
        assert.equal(result.hello.serverName, name);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const result = parseClientHello(bytes);
        assert.ok("hello" in result || result.malformed.length > 0);
      }),
    );
    const body = helloBody({ serverNames: [NAME], extensions: [SUPPORTED_VERSIONS] });
    for (let length = 0; length < body.length; length++) {
      const result = parseClientHello(body.subarray(0, length));
      // Cut right before the extensions it is a whole hello without a name.
      assert.ok("malformed" in result || result.hello.serverName === undefined, String(length));
    }
    assert.equal(handshake(body).length, body.length + 4);
  });
});
