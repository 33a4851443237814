/** A request that waits for its decision holds back its client, sends nothing, ends with its client, and outlives the server's patience. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { connect as connectHttp2, type ClientHttp2Session } from "node:http2";
import type { Duplex } from "node:stream";
import { describe, test, type TestContext } from "node:test";
import type { Decision } from "@bailiwick/policy";
import type { SentRequestFacts } from "@bailiwick/egress";
import { ALLOWED, DENIED, until } from "./egress-world.ts";
import { HOST, openInspectedWorld, readUntilClosed, type InspectedWorld } from "./inspect-world.ts";

/** As a person's yes comes back. */
const YES: Decision = { ...ALLOWED, approver: "operator" };
/** More than all buffers on the way hold. Of HTTP/2 less than Node's client refuses to hold itself. */
const LARGE = { http1: 60 << 20, http2: 8 << 20 } as const;

interface Waiting {
  readonly world: InspectedWorld;
  /** The requests that wait, in order. */
  readonly asked: { readonly sent: SentRequestFacts; readonly decide: (decision: Decision) => void }[];
  /** Methods, paths and lengths of bodies that the server got. */
  readonly received: string[];
}

async function open(context: TestContext, http2: boolean): Promise<Waiting> {
  const asked: Waiting["asked"] = [];
  const received: string[] = [];
  const world = await openInspectedWorld({
    http2,
    listener: (request, response: ServerResponse) => {
      let length = 0;
      request.on("error", () => undefined);
      request.on("data", (chunk: Buffer) => (length += chunk.length));
      request.on("end", () => {
        received.push(`${request.method ?? ""} ${request.url ?? ""} ${String(length)}`);
        response.end("done");
      });
    },
    decideRequest: async (_, sent) =>
      await new Promise((decide) => {
        asked.push({ sent, decide });
      }),
  });
  context.after(() => world.close());
  return { world, asked, received };
}

async function openHttp2(world: InspectedWorld): Promise<ClientHttp2Session> {
  const socket = await world.tls({ ALPNProtocols: ["h2"] });
  const session = connectHttp2(`https://${HOST}:${String(world.port)}`, { createConnection: (): Duplex => socket });
  session.on("error", () => undefined);
  return session;
}

/** A client of either version that begins a large body. */
async function sendLarge({ world }: Waiting, http2: boolean): Promise<{ stream: Duplex; answer: Promise<string> }> {
  if (http2) {
    const session = await openHttp2(world);
    const stream = session.request({ ":method": "POST", ":path": "/large", "content-length": LARGE.http2 });
    stream.on("error", () => undefined);
    const answer = readUntilClosed(stream as never).finally(() => session.destroy());
    stream.end(Buffer.alloc(LARGE.http2, "z"));
    return { stream, answer };
  }
  const stream = await world.tls();
  stream.write(
    `POST /large HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\nContent-Length: ${String(LARGE.http1)}\r\n\r\n`,
  );
  stream.write(Buffer.alloc(LARGE.http1, "z"));
  return { stream, answer: readUntilClosed(stream) };
}

for (const http2 of [false, true]) {
  describe(`over HTTP/${http2 ? "2" : "1.1"} a request that waits`, () => {
    test("holds its client back, and is not sent before", async (context) => {
      const waiting = await open(context, http2);
      const length = http2 ? LARGE.http2 : LARGE.http1;
      const { stream, answer } = await sendLarge(waiting, http2);
      await until(() => waiting.asked.length === 1, "it is asked about");
      let before = -1;
      await until(() => {
        const same = before === stream.writableLength;
        before = stream.writableLength;
        return same && before > 0;
      }, "the client stands still");
      assert.ok(stream.writableLength > length / 2, String(stream.writableLength));
      assert.deepEqual(waiting.received, []);
      waiting.asked[0]?.decide(YES);
      assert.match(await answer, /done$/);
      assert.deepEqual(waiting.received, [`POST /large ${String(length)}`]);
    });

    test("that is refused was never sent", async (context) => {
      const waiting = await open(context, http2);
      const { answer } = await sendLarge(waiting, http2);
      await until(() => waiting.asked.length === 1, "it is asked about");
      waiting.asked[0]?.decide(DENIED);
      assert.match(await answer, /the policy says no/);
      assert.deepEqual(waiting.received, []);
    });

    test("ends when its client is gone", async (context) => {
      const { world, asked, received } = await open(context, http2);
      const session = http2 ? await openHttp2(world) : undefined;
      const stream = session?.request({ ":method": "GET", ":path": "/gone" }) ?? (await world.tls());
      stream.on("error", () => undefined);
      if (session === undefined) stream.write(`GET /gone HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      await until(() => asked.length === 1, "it is asked about");
      assert.equal(asked[0]?.sent.gone.aborted, false);
      stream.destroy();
      await until(() => asked[0]?.sent.gone.aborted === true, "it is told");
      asked[0]?.decide(YES);
      await until(() => world.of("answered").length === 1, "it has ended");
      assert.deepEqual(received, []);
      session?.destroy();
    });

    test("longer than the server does goes on over a new connection to it", async (context) => {
      const { world, asked, received } = await open(context, http2);
      const connections = new Set<Duplex>();
      world.server.on("secureConnection", (socket: Duplex) => connections.add(socket));
      const session = http2 ? await openHttp2(world) : undefined;
      const stream = session?.request({ ":method": "GET", ":path": "/late" }) ?? (await world.tls());
      if (session === undefined) stream.write(`GET /late HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
      await until(() => asked.length === 1 && connections.size === 1, "it is asked about");
      const [first] = connections;
      first?.destroy();
      // The gateway has heard of it by then; one that closes in this very moment is answered as ever.
      await new Promise((resolve) => setTimeout(resolve, 300));
      asked[0]?.decide(YES);
      assert.match(await readUntilClosed(stream as never), /done$/);
      assert.deepEqual(received, ["GET /late 0"]);
      assert.equal(connections.size, 2);
      session?.destroy();
      await until(() => world.of("closed").length === 1, "it is closed");
      assert.ok((world.of("closed")[0]?.bytesReceived ?? 0) > 1_000);
    });

    test("for no person does not: it is not sent", async (context) => {
      const { world, asked, received } = await open(context, http2);
      const connections = new Set<Duplex>();
      world.server.on("secureConnection", (socket: Duplex) => connections.add(socket));
      const session = http2 ? await openHttp2(world) : undefined;
      const stream = session?.request({ ":method": "GET", ":path": "/late" }) ?? (await world.tls());
      stream.on("error", () => undefined);
      if (session === undefined) stream.write(`GET /late HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      await until(() => asked.length === 1 && connections.size === 1, "it is asked about");
      for (const connection of connections) connection.destroy();
      await new Promise((resolve) => setTimeout(resolve, 50));
      asked[0]?.decide(ALLOWED);
      assert.doesNotMatch(await readUntilClosed(stream as never), /done/);
      assert.deepEqual(received, []);
      assert.equal(connections.size, 1);
      session?.destroy();
    });
  });
}

for (const http2 of [false, true]) {
  describe(`over HTTP/${http2 ? "2" : "1.1"} a request that is not in the record`, () => {
    for (const isRecorded of [true, false]) {
      test(`waits, and is ${isRecorded ? "sent when it is" : "refused when it never will be"}`, async (context) => {
        const received: string[] = [];
        const recorded = Promise.withResolvers<boolean>();
        const world = await openInspectedWorld({
          http2,
          listener: (request, response: ServerResponse) => {
            received.push(request.url ?? "");
            response.end("done");
          },
          requestSent: async ({ path }) => (path === "/one" ? await recorded.promise : true),
        });
        context.after(() => world.close());
        const session = http2 ? await openHttp2(world) : undefined;
        const ask = async (path: string): Promise<Duplex> => {
          const stream = session?.request({ ":method": "GET", ":path": path }) ?? (await world.tls());
          if (session === undefined) stream.write(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
          return stream;
        };
        const one = await ask("/one");
        await until(() => world.of("sent").length === 1, "it is permitted");
        // Another one is answered meanwhile: had the first been sent, it would have come before.
        assert.match(await readUntilClosed((await ask("/two")) as never), /done$/);
        assert.deepEqual(received, ["/two"]);
        recorded.resolve(isRecorded);
        const answer = await readUntilClosed(one as never);
        assert.match(answer, isRecorded ? /done$/ : /record of this run cannot be written/);
        assert.deepEqual(received, isRecorded ? ["/two", "/one"] : ["/two"]);
        session?.destroy();
      });
    }
  });
}

describe("a WebSocket that is asked about", () => {
  test("ends when its client is gone, too", async (context) => {
    const { world, asked } = await open(context, false);
    const stream = await world.tls();
    stream.write(
      `GET /ws HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    await until(() => asked.length === 1, "it is asked about");
    stream.destroy();
    await until(() => asked[0]?.sent.gone.aborted === true, "it is told");
    asked[0]?.decide(DENIED);
  });
});
