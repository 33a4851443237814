/** A tap on the way to a model: what passes is what would have passed, at once, and what can be read is told before the client has it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import type { Duplex } from "node:stream";
import { afterEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { HOST, openInspectedWorld, type InspectedWorld } from "./inspect-world.ts";

let world: InspectedWorld;
afterEach(async () => {
  await world.close();
});

const open = async (listener: RequestListener, http2 = false): Promise<void> => {
  world = await openInspectedWorld({ listener, http2, modelTextCharacters: 1_000 });
};

const event = (type: string, data: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
const START = event("message_start", { message: { model: "model-1", usage: { input_tokens: 5, output_tokens: 1 } } });
const CALL = [
  event("content_block_start", { index: 0, content_block: { type: "tool_use", id: "t1", name: "Bash", input: {} } }),
  event("content_block_delta", { index: 0, delta: { type: "input_json_delta", partial_json: '{"command":"ls"}' } }),
  event("content_block_stop", { index: 0 }),
].join("");
const END = event("message_delta", { usage: { output_tokens: 7 } }) + event("message_stop", {});
const REQUEST = JSON.stringify({ model: "m", messages: [{ role: "user", content: "go" }] });

const post = (path: string, body: string, more = ""): string =>
  `POST ${path} HTTP/1.1\r\nHost: ${HOST}:${String(world.port)}\r\nContent-Type: application/json\r\nContent-Length: ${String(Buffer.byteLength(body))}\r\nConnection: close\r\n${more}\r\n${body}`;

async function told<T>(read: () => T | undefined): Promise<T> {
  for (const until = Date.now() + 10_000; Date.now() < until; await new Promise((resolve) => setImmediate(resolve))) {
    const value = read();
    if (value !== undefined) return value;
  }
  return assert.fail("it was not told");
}

describe("a stream of a model", () => {
  test("HTTP/1.1: each piece goes on before the next is there, and a call is told before the client has its end", async () => {
    const sent: (() => void)[] = [];
    await open((request, response) => {
      request.resume();
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(START);
      sent.push(
        () => response.write(CALL),
        () => response.end(END),
      );
    });
    const socket = await world.tls();
    let heard = "";
    socket.on("data", (data: Buffer) => {
      heard += data.toString();
      if (heard.includes("content_block_stop")) assert.equal(world.of("toolCalled").length, 1, "told before");
    });
    socket.write(post("/v1/messages", REQUEST));
    for (const part of ["message_start", "content_block_stop", "message_stop"]) {
      await told(() => (heard.includes(part) ? true : undefined));
      sent.shift()?.();
    }
    const call = await told(() => world.of("modelCalled")[0]);
    assert.deepEqual([call.model, call.tokens?.in, call.tokens?.out, call.complete], ["model-1", 5, 7, true]);
    assert.deepEqual([call.prompt?.text, call.calls, call.request], ["go", 1, 1]);
    assert.equal(world.of("toolCalled")[0]?.input, '{"command":"ls"}');
  });

  test("HTTP/2: the same", async () => {
    await open((request, response) => {
      request.resume();
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(START + CALL + END);
    }, true);
    const socket = await world.tls({ ALPNProtocols: ["h2"] });
    const session = connectHttp2(`https://${HOST}:${String(world.port)}`, { createConnection: () => socket });
    const stream = session.request({ ":method": "POST", ":path": "/v1/messages", "content-type": "application/json" });
    stream.end(REQUEST);
    const chunks: Buffer[] = [];
    stream.on("data", (data: Buffer) => chunks.push(data));
    await once(stream, "end");
    session.destroy();
    assert.equal(Buffer.concat(chunks).toString(), START + CALL + END);
    assert.equal((await told(() => world.of("modelCalled")[0])).calls, 1);
  });

  test("what cannot be read passes unaltered, byte for byte, and is said", async () => {
    const hostile = [
      Buffer.from(`data: {"type":\n\n${START}`),
      Buffer.concat([Buffer.from("data: "), Buffer.alloc(100_000, 0xff), Buffer.from(`\n\n${"[".repeat(100_000)}`)]),
      gzipSync(START + CALL + END).subarray(0, 60),
    ];
    const bodies = [...hostile];
    await open((request: IncomingMessage, response: ServerResponse) => {
      request.resume();
      const encoding = bodies.length === 1 ? { "content-encoding": "gzip" } : {};
      response.writeHead(200, { "content-type": "text/event-stream", ...encoding });
      response.end(bodies.shift());
    });
    for (const [index, body] of hostile.entries()) {
      const answer = Buffer.from(
        await world.exchange(post("/v1/messages", index === 1 ? '{"mess' : REQUEST)),
        "latin1",
      );
      assert.ok(dechunked(answer).equals(body), `answer ${String(index)} is as it was sent`);
      const call = await told(() => world.of("modelCalled")[index]);
      assert.equal(call.received.digest, `sha256:${createHash("sha256").update(body).digest("hex")}`);
      assert.equal(call.complete, false);
      if (index < 2) assert.ok(call.unread !== undefined);
    }
  });

  test("an error, another path, another method are no model's answer", async () => {
    await open((request, response) => {
      request.resume();
      response.writeHead(request.url === "/v1/messages" ? 429 : 200, { "content-type": "application/json" });
      response.end("{}");
    });
    await world.exchange(post("/v1/messages", REQUEST));
    await world.exchange(post("/v1/other", REQUEST));
    await world.exchange(post("/v1/messages", REQUEST).replace("POST", "PUT"));
    await told(() => world.of("answered")[2]);
    await world.gateway.close();
    assert.deepEqual(world.of("modelCalled"), []);
  });

  test("OpenAI's over a WebSocket: each request on it is a call of its own, and what comes back is its answer", async () => {
    await open((_, response) => response.end());
    const offered: unknown[] = [];
    const answers = [
      [
        { type: "response.created", response: { id: "r1", model: "gpt-1" } },
        { type: "response.output_item.done", item: { type: "function_call", call_id: "c1", name: "shell", arguments: "{}" } },
        { type: "response.completed", response: { model: "gpt-1", usage: { input_tokens: 10, input_tokens_details: { cached_tokens: 4 }, output_tokens: 3 } } },
      ],
      [{ type: "response.output_text.delta", delta: "done" }, { type: "response.completed", response: { model: "gpt-1" } }],
    ]; // prettier-ignore
    world.server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
      offered.push(request.headers["sec-websocket-extensions"]);
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      socket.on("data", (bytes: Buffer) => {
        for (const each of (bytes.includes("response.create") ? answers.shift() : undefined) ?? [])
          socket.write(frame(JSON.stringify(each)));
      });
    });
    const socket = await world.tls();
    let heard = "";
    socket.on("data", (data: Buffer) => (heard += data.toString("latin1")));
    socket.write(
      `GET /v1/responses HTTP/1.1\r\nHost: ${HOST}:${String(world.port)}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`,
    );
    await told(() => (heard.includes("101") ? true : undefined));
    const create = { type: "response.create", model: "gpt-1" };
    const first = JSON.stringify({ ...create, input: [{ role: "user", content: "go" }] });
    socket.write(frame(first, true));
    await told(() => world.of("modelCalled")[0]);
    const [tool] = world.of("toolCalled");
    assert.deepEqual([tool?.name, tool?.id, tool?.input], ["shell", "c1", "{}"]);
    socket.write(frame(JSON.stringify({ type: "session.update" }), true));
    const output = { type: "function_call_output", call_id: "c1", output: "a" };
    socket.write(frame(JSON.stringify({ ...create, previous_response_id: "r1", input: [output] }), true));
    await told(() => world.of("modelCalled")[1]);
    socket.destroy();
    await told(() => world.of("answered")[0]);
    const calls = world.of("modelCalled");
    assert.deepEqual(
      calls.map(({ complete, unread, tokens, calls: tools, output: wrote, prompt }) => [complete, unread, tokens, tools, wrote.text, prompt?.text]),
      [
        [true, undefined, { in: 6, cached: 4, written: 0, out: 3 }, 1, "", "go"],
        // A request that only goes on has the prompt that it goes on with.
        [true, undefined, undefined, 0, "done", "go"],
      ],
    ); // prettier-ignore
    assert.equal(calls[0]?.sent.digest, `sha256:${createHash("sha256").update(first).digest("hex")}`);
    assert.deepEqual(world.of("toolsAnswered").map(({ results }) => results.map(({ id }) => id)), [["c1"]]); // prettier-ignore
    assert.deepEqual(offered, [undefined], "nothing is compressed");
  });

  test("a model over a WebSocket in another form is not read, and that is said, with its bytes", async () => {
    await open((_, response) => response.end());
    world.server.on("upgrade", (_: IncomingMessage, socket: NodeJS.WritableStream & { end(): void }) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello");
      socket.end();
    });
    const head = `GET /v1/responses HTTP/1.1\r\nHost: ${HOST}:${String(world.port)}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n`;
    assert.match(await world.exchange(head), /hello$/);
    const call = await told(() => world.of("modelCalled")[0]);
    assert.equal(call.unread, "it goes over a WebSocket in a form that is not read");
    assert.equal(call.received.bytes, 5);
  });
});

/** A text message of less than 64 KiB; a client's with a mask of zeros. */
function frame(text: string, masked = false): Buffer {
  const bytes = Buffer.from(text);
  const bit = masked ? 0x80 : 0;
  const head =
    bytes.length < 126 ? [0x81, bit | bytes.length] : [0x81, bit | 126, bytes.length >> 8, bytes.length & 255];
  return Buffer.concat([Buffer.from([...head, ...(masked ? [0, 0, 0, 0] : [])]), bytes]);
}

/** The body of an answer in chunks. */
function dechunked(answer: Buffer): Buffer {
  let at = answer.indexOf("\r\n\r\n") + 4;
  const parts: Buffer[] = [];
  if (!/transfer-encoding: chunked/i.test(answer.subarray(0, at).toString("latin1"))) return answer.subarray(at);
  for (;;) {
    const end = answer.indexOf("\r\n", at);
    const size = parseInt(answer.subarray(at, end).toString("latin1"), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(answer.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
