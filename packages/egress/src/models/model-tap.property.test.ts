import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { listen, RECORDED } from "../../test/model-exchanges.ts";

/** A body cut at these places, which may lie within a character, a line end or an escape. */
function cut(body: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (body.length + 1)))].sort((a, b) => a - b);
  return [...ends, body.length].map((end, index) => body.subarray(ends[index - 1] ?? 0, end));
}

const places = fc.array(fc.nat({ max: 1 << 20 }), { maxLength: 40 });

for (const exchange of RECORDED) {
  test(`${exchange.title}: however its bodies are split, the same is heard`, async () => {
    const [request, answer] = [Buffer.from(exchange.request), Buffer.from(exchange.answer)];
    const whole = await listen(exchange);
    await fc.assert(
      fc.asyncProperty(places, places, async (first, second) => {
        const heard = await listen(exchange, { requestParts: cut(request, first), answerParts: cut(answer, second) });
        assert.deepEqual(heard, whole);
      }),
      { numRuns: 60 },
    );
  });
}

test("byte by byte, too", async () => {
  for (const exchange of RECORDED) {
    const each = (text: string): Buffer[] => [...Buffer.from(text)].map((byte) => Buffer.of(byte));
    const heard = await listen(exchange, { requestParts: each(exchange.request), answerParts: each(exchange.answer) });
    assert.deepEqual(heard, await listen(exchange));
  }
});

test("whatever bytes come, it ends, tells at most once, and throws nothing", async () => {
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .array(fc.json(), { maxLength: 6 })
      .map((texts) => Buffer.from(texts.map((text) => `data: ${text}\n\n`).join(""))),
  );
  const types = fc.constantFrom("application/json", "text/event-stream", "");
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...RECORDED),
      bodies,
      bodies,
      types,
      async (exchange, request, answer, answerType) => {
        const heard = await listen(exchange, { request, answer, answerType });
        assert.ok(heard.ends.length <= 1);
      },
    ),
    { numRuns: 400 },
  );
});
