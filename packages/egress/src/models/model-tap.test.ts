import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { Allowance } from "../allowance.ts";
import { apiOf } from "./api-of.ts";
import { listen, RECORDED } from "../../test/model-exchanges.ts";

const sha256 = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

describe("each API, streamed and whole", () => {
  for (const exchange of RECORDED) {
    test(`${exchange.title}: model, tokens, prompt, output, calls and results`, async () => {
      const heard = await listen(exchange);
      const { expected } = exchange;
      assert.deepEqual(
        heard.calls.map(({ id, name, input }) => ({ id, name, input })),
        expected.calls,
      );
      assert.deepEqual(heard.results, expected.results);
      assert.equal(heard.ends.length, 1);
      const [end] = heard.ends;
      assert.equal(end?.model, expected.model);
      assert.deepEqual(end?.tokens, expected.tokens);
      assert.equal(end?.prompt?.text, expected.prompt);
      assert.equal(end?.prompt?.digest, sha256(expected.prompt));
      assert.equal(end?.output.text, expected.output);
      assert.equal(end?.output.digest, sha256(expected.output));
      assert.equal(end?.sent.digest, sha256(exchange.request));
      assert.equal(end?.received.digest, sha256(exchange.answer));
      assert.deepEqual([end?.complete, end?.unread], [true, undefined]);
    });
  }
});

const [first] = RECORDED;
if (first === undefined) throw new Error("nothing is recorded");

describe("what is compressed", () => {
  const encodings = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync, zstd: zstdCompressSync } as const;
  for (const [encoding, compress] of Object.entries(encodings)) {
    test(`${encoding} is read in both directions`, async () => {
      const heard = await listen(first, {
        requestEncoding: encoding,
        answerEncoding: encoding,
        request: compress(first.request),
        answer: compress(first.answer),
      });
      assert.equal(heard.ends[0]?.unread, undefined);
      assert.deepEqual(heard.ends[0]?.tokens, first.expected.tokens);
      assert.equal(heard.ends[0]?.prompt?.text, first.expected.prompt);
    });
  }

  test("an encoding that is not known, or broken, is said", async () => {
    const unknown = await listen(first, { answerEncoding: "lzma" });
    assert.match(unknown.ends[0]?.unread ?? "", /has an encoding that is not read/);
    const broken = await listen(first, { answerEncoding: "gzip" });
    assert.match(broken.ends[0]?.unread ?? "", /its answer cannot be read: its encoding is broken/);
    const request = await listen(first, { requestEncoding: "gzip" });
    assert.match(request.ends[0]?.unread ?? "", /its request cannot be read/);
    assert.deepEqual(request.ends[0]?.tokens, first.expected.tokens, "the answer is read all the same");
  });

  test("an answer that is cut off is told as far as it came", async () => {
    const whole = gzipSync(first.answer);
    const heard = await listen(first, { answerEncoding: "gzip", answer: whole.subarray(0, whole.length - 12) });
    assert.equal(heard.ends.length, 1);
  });
});

describe("what is malformed", () => {
  test("a request that is no JSON is said, and the answer read", async () => {
    const heard = await listen(first, { request: Buffer.from('{"model":') });
    assert.equal(heard.ends[0]?.unread, "its request is no JSON");
    assert.equal(heard.ends[0]?.prompt, undefined);
    assert.equal(heard.calls.length, first.expected.calls.length);
  });

  test("an event that is no JSON is said, and the others read", async () => {
    const heard = await listen(first, { answer: Buffer.from(`data: {"type":\n\n${first.answer}`) });
    assert.equal(heard.ends[0]?.unread, "an event of its answer is no JSON");
    assert.deepEqual(heard.ends[0]?.tokens, first.expected.tokens);
  });

  test("an answer that ends in the middle is not complete", async () => {
    const cut = first.answer.slice(0, first.answer.indexOf("event: message_delta"));
    const heard = await listen(first, { answer: Buffer.from(cut) });
    assert.equal(heard.ends[0]?.complete, false);
    assert.equal(heard.ends[0]?.unread, undefined);
  });

  test("an event, a body and a tower of brackets too large to read end nothing but the reading", async () => {
    const long = await listen(first, { answer: Buffer.from(`data: ${"x".repeat(9 << 20)}`) });
    assert.equal(long.ends[0]?.unread, "an event of its answer is too long");
    const request = await listen(first, { request: Buffer.alloc(17 << 20, 0x20) });
    assert.equal(request.ends[0]?.unread, "its request is too long");
    const tower = `{"type":"message","content":[{"type":"tool_use","id":"t","name":"n","input":${"[".repeat(60_000)}${"]".repeat(60_000)}}]}`;
    const deep = await listen(first, { answer: Buffer.from(tower), answerType: "application/json" });
    assert.match(deep.ends[0]?.unread ?? "", /^its answer has a form that cannot be read/);
  });

  test("what all hold together is bounded, and given back however an exchange ends", async () => {
    const whole = 1 << 16;
    const allowance = new Allowance(whole);
    for (const exchange of RECORDED) await listen(exchange, { allowance });
    await listen(first, { allowance, request: Buffer.from('{"model":') });
    await listen(first, { allowance, request: Buffer.alloc(17 << 20, 0x20) });
    await listen(first, { allowance, requestEncoding: "gzip", answerEncoding: "gzip" });
    assert.ok(allowance.take(whole), "all of it is there again");
    const heard = await listen(first, { allowance });
    assert.equal(heard.ends[0]?.unread, "its request came with too many others at once");
    allowance.giveBack(Buffer.byteLength(first.request));
    const answer = await listen(first, { allowance, answer: Buffer.from(first.answer.repeat(9)) });
    assert.equal(answer.ends[0]?.unread, "its answer came with too many others at once");
  });

  test("members of another type than they should have are left out", async () => {
    const strange =
      'data: {"type":"message_start","message":{"model":7,"usage":{"input_tokens":"many","output_tokens":-1}}}\n\n';
    const heard = await listen(first, { answer: Buffer.from(`${strange}data: [1,2]\n\ndata: null\n\ndata: "x"\n\n`) });
    assert.deepEqual(heard.ends[0]?.tokens, { in: 0, cached: 0, written: 0, out: 0 });
    assert.equal(heard.ends[0]?.unread, undefined);
  });
});

test("what has a path like a model's and is none is not told", async () => {
  const heard = await listen(first, {
    request: Buffer.from('{"text":"hi"}'),
    answer: Buffer.from('{"ok":true}'),
    answerType: "application/json",
  });
  assert.deepEqual(heard.ends, []);
  const form = await listen(first, {
    request: Buffer.from("a=b"),
    requestType: "text/plain",
    answer: Buffer.from("ok"),
    answerType: "text/plain",
  });
  assert.deepEqual(form.ends, []);
});

test("without the profile's word there are digests and no text", async () => {
  const heard = await listen(first, { keep: 0 });
  assert.equal(heard.ends[0]?.prompt?.text, undefined);
  assert.equal(heard.ends[0]?.output.text, undefined);
  assert.equal(heard.ends[0]?.prompt?.digest, sha256(first.expected.prompt));
});

test("paths that are of a model's API", () => {
  assert.equal(apiOf("/v1/messages")?.name, "anthropic-messages");
  assert.equal(apiOf("/proxy/openai/v1/responses")?.name, "openai-responses");
  assert.equal(apiOf("/v1/chat/completions")?.name, "openai-chat");
  assert.equal(apiOf("/v1beta/models/gemini-2.5-flash:streamGenerateContent")?.name, "gemini");
  for (const path of ["/v1/messages/count_tokens", "/v1/models", "/", "/v1/completions", "/models/x:countTokens"])
    assert.equal(apiOf(path), undefined, path);
});
