import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { frame, FrameError, FrameReader } from "./frames.ts";
import {
  parseConnected,
  parseEnd,
  parseError,
  parseExec,
  parseMainExit,
  parseOwned,
  parseReady,
  parseTampered,
} from "./messages.ts";

test("any frames, cut anywhere, come out as they went in", () => {
  const frames = fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 200 })), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map(([type, payload]) => frame(type, payload)));
      const got: [number, Uint8Array][] = [];
      const reader = new FrameReader();
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const length = cuts[turn % cuts.length] ?? 1;
        reader.push(bytes.subarray(at, at + length), (type, payload) => got.push([type, Uint8Array.from(payload)]));
        at += length;
      }
      assert.deepEqual(
        got,
        sent.map(([type, payload]) => [type, Uint8Array.from(payload)]),
      );
    }),
  );
});

test("any bytes are parsed or refused, and nothing else happens", () => {
  const parsers = [
    parseReady,
    parseEnd,
    parseTampered,
    parseError,
    parseOwned,
    parseConnected,
    parseMainExit,
    (payload: Buffer) => parseExec(payload, 1),
  ];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...parsers), (bytes, parse) => {
      try {
        parse(Buffer.from(bytes));
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});

test("any chunks are cut or refused", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 10 }), (chunks) => {
      const reader = new FrameReader();
      try {
        for (const chunk of chunks) reader.push(Buffer.from(chunk), () => undefined);
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
      }
    }),
  );
});
