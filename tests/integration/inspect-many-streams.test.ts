/** Five hundred streams at once, again and again: what they took, descriptors and memory, is given back. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { request as sendRequest } from "node:http";
import { connect as connectHttp2, type ClientHttp2Session } from "node:http2";
import { after, before, describe, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { until, type Report } from "./egress-world.ts";
import { HOST, openInspectedWorld, type InspectedWorld } from "./inspect-world.ts";

const STREAMS = 500;
/** The first round fills pools and compiles code; a leak goes on. */
const WARM_UP = 1;
const ROUNDS = 2;
/** More questions at once to the gateway's DNS are dropped, and nobody here asks again. */
const HANDSHAKES_AT_ONCE = 20;
/** Of a stream that leaves something behind the least is its connection or request with its names and headers: some KiB each. */
const MOST_LEFT_BYTES = ROUNDS * STREAMS * 512;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

let world: InspectedWorld;
let atOnce = 0;
let most = 0;

/** Answers when all are there, so that they are there at once. */
const waiting: (() => void)[] = [];
function listener(request: IncomingMessage, response: ServerResponse): void {
  most = Math.max(most, ++atOnce);
  request.resume();
  if (request.url === "/events") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: first\n\n");
  }
  waiting.push(() => {
    response.end(request.url === "/events" ? "data: last\n\n" : "served");
  });
  response.on("close", () => atOnce--);
  if (waiting.length === STREAMS) for (const answer of waiting.splice(0)) answer();
}

const open = async (http2: boolean): Promise<void> => {
  world = await openInspectedWorld({ listener, http2, mostConnections: STREAMS + 10 });
  // The first wait for the last, however busy the machine is.
  if ("keepAliveTimeout" in world.server) world.server.keepAliveTimeout = 0;
};

async function overHttp1(): Promise<void> {
  const sockets: TLSSocket[] = [];
  while (sockets.length < STREAMS) {
    const some = Array.from({ length: HANDSHAKES_AT_ONCE }, () => world.tls({ ALPNProtocols: ["http/1.1"] }));
    sockets.push(...(await Promise.all(some)));
  }
  for (const path of ["/x", "/x", "/events"]) {
    await Promise.all(
      sockets.map(async (socket) => {
        const text = await new Promise<string>((resolve, reject) => {
          const headers = { host: `${HOST}:${String(world.port)}`, connection: "keep-alive" };
          const sent = sendRequest({ createConnection: () => socket, headers, path });
          sent.on("error", reject).on("response", (answer: IncomingMessage) => {
            let whole = "";
            answer.setEncoding("utf8").on("data", (chunk: string) => (whole += chunk));
            answer.on("end", () => resolve(whole)).on("error", reject);
          });
          sent.end();
        });
        assert.equal(text, path === "/events" ? "data: first\n\ndata: last\n\n" : "served");
      }),
    );
  }
  for (const socket of sockets) socket.destroy();
}

async function overHttp2(): Promise<void> {
  const socket = await world.tls({ ALPNProtocols: ["h2"] });
  const session: ClientHttp2Session = connectHttp2(`https://${HOST}:${String(world.port)}`, {
    createConnection: () => socket,
  });
  await Promise.all(
    Array.from({ length: STREAMS }, async () => {
      const stream = session.request({ ":path": "/x" });
      let text = "";
      for await (const chunk of stream.setEncoding("utf8")) text += String(chunk);
      assert.equal(text, "served");
    }),
  );
  await new Promise<void>((resolve) => session.close(() => resolve()));
  socket.destroy();
}

/** Once everything has ended: open descriptors, and the bytes in use after collecting what nobody holds. */
async function left(): Promise<{ readonly descriptors: number; readonly bytes: number }> {
  await until(() => world.of("opened").length === world.of("closed").length, "all connections have ended");
  // What tests look at is the tests', and grows.
  (world.reports as Report[]).length = 0;
  let bytes = Infinity;
  for (let count = 0; count < 5; count++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    collect();
    const { heapUsed, external } = process.memoryUsage();
    bytes = Math.min(bytes, heapUsed + external);
  }
  return { descriptors: readdirSync("/proc/self/fd").length, bytes };
}

/** What more is left after some rounds than before them. */
async function growth(round: () => Promise<void>): Promise<{ readonly descriptors: number; readonly bytes: number }> {
  for (let count = 0; count < WARM_UP; count++) await round();
  const first = await left();
  for (let count = 0; count < ROUNDS; count++) {
    await round();
    await left();
  }
  const last = await left();
  return { descriptors: last.descriptors - first.descriptors, bytes: last.bytes - first.bytes };
}

async function assertNothingLeft(round: () => Promise<void>): Promise<void> {
  most = 0;
  const { descriptors, bytes } = await growth(round);
  assert.equal(most, STREAMS, "they were there at once");
  assert.ok(descriptors <= 0, `${String(descriptors)} descriptors are left`);
  assert.ok(bytes < MOST_LEFT_BYTES, `${String(bytes)} bytes are left`);
}

describe("a server of HTTP/1.1", () => {
  before(() => open(false));
  after(() => world.close());

  test("500 connections that are kept: two requests and a stream of events on each", async () => {
    await assertNothingLeft(overHttp1);
  });
});

describe("a server of HTTP/2", () => {
  before(() => open(true));
  after(() => world.close());

  test("500 streams over one connection", async () => {
    await assertNothingLeft(overHttp2);
  });

  test("negative control: what holds on to its streams is seen", async () => {
    const kept: Buffer[] = [];
    const { bytes } = await growth(async () => {
      await overHttp2();
      for (let count = 0; count < STREAMS; count++) kept.push(Buffer.alloc(1_024, "x"));
    });
    assert.equal(kept.length, (WARM_UP + ROUNDS) * STREAMS);
    assert.ok(bytes >= MOST_LEFT_BYTES, `${String(bytes)} bytes are left`);
  });
});
