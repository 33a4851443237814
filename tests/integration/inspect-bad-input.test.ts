/** What clients and servers do wrong or not at all, through the gateway: it ends their own connection, and no other. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { readAll, until } from "./egress-world.ts";
import { HOST, openInspectedWorld, readUntilClosed, type InspectedWorld } from "./inspect-world.ts";

let world: InspectedWorld;
const seen: { readonly url: string; readonly length: number; readonly isWhole: boolean }[] = [];

function listener(request: IncomingMessage, response: ServerResponse): void {
  let length = 0;
  request.on("data", (chunk: Buffer) => (length += chunk.length));
  request.on("error", () => undefined);
  request.on("close", () => seen.push({ url: request.url ?? "", length, isWhole: request.complete }));
  if (request.url === "/reset-before") (request.socket as Socket).destroy();
  else if (request.url?.startsWith("/reset") === true) {
    const length = request.url === "/reset-in-chunks" ? {} : { "content-length": 100 };
    response.writeHead(200, length);
    response.write("x".repeat(50), () => setImmediate(() => request.socket.destroy()));
  } else if (request.url === "/last") response.writeHead(200, { connection: "close" }).end("last");
  else request.on("end", () => response.end("served"));
}

before(async () => {
  world = await openInspectedWorld({ listener });
});
after(() => world.close());
beforeEach(() => {
  seen.length = 0;
});
/** Whatever happened: who does it right is served, on a new connection, and no connection is left over. */
afterEach(async () => {
  assert.match(await world.exchange(get("/after", "Connection: close\r\n")), /^HTTP\/1\.1 200 OK\r\n.*served/s);
  await until(() => world.of("opened").length === world.of("closed").length, "every connection has ended");
});

const get = (path: string, more = ""): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${HOST}:${String(world.port)}\r\n${more}\r\n`;
const lastClosed = () => world.of("closed").at(-1);

/** The ClientHello of a client that does it right. */
async function clientHello(): Promise<Buffer> {
  let written: Buffer | undefined;
  const sink = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => {
      written ??= chunk;
      done();
    },
  });
  const client = connectTls({ socket: sink, servername: HOST });
  client.on("error", () => undefined);
  await until(() => written !== undefined, "a hello is written");
  client.destroy();
  return written ?? Buffer.alloc(0);
}

describe("TLS that is none", () => {
  const hello = "\x16\x03\x01";
  const cases: readonly [what: string, bytes: () => Promise<Buffer>][] = [
    ["a record without a hello", () => Promise.resolve(Buffer.from(`${hello}\x00\x05hello`, "latin1"))],
    ["a record that is longer than one may be", () => Promise.resolve(Buffer.from(`${hello}\xff\xff${"x".repeat(70_000)}`, "latin1"))],
    ["an empty record", () => Promise.resolve(Buffer.from(`${hello}\x00\x00`.repeat(50), "latin1"))],
    ["a hello whose lengths are wrong", async () => {
      const bytes = await clientHello();
      return Buffer.concat([bytes.subarray(0, 6), Buffer.from([0xff, 0xff, 0xff]), bytes.subarray(9)]);
    }],
    ["a hello, then what is no record", async () => Buffer.concat([await clientHello(), Buffer.alloc(4_096, "x")])],
    ["a hello, then data without keys", async () => Buffer.concat([await clientHello(), Buffer.from("\x17\x03\x03\x00\x20" + "x".repeat(32), "latin1")])],
    ["a hello, then an alert", async () => Buffer.concat([await clientHello(), Buffer.from("\x15\x03\x03\x00\x02\x02\x28", "latin1")])],
    ["a hello twice", async () => Buffer.concat([await clientHello(), await clientHello()])],
  ]; // prettier-ignore
  for (const [what, bytes] of cases) {
    test(what, async () => {
      const client = await world.plain();
      client.write(await bytes());
      await readAll(client);
      client.destroy();
      await until(() => lastClosed()?.error !== undefined, "what was wrong is in the record");
      assert.deepEqual(seen, []);
    });
  }

  test("negative control: the hello itself is answered", async () => {
    const client = await world.plain();
    client.write(await clientHello());
    const [answer] = (await once(client, "data")) as [Buffer];
    assert.deepEqual([...answer.subarray(0, 2)], [0x16, 0x03]);
    client.destroy();
  });
});

describe("connections that stay half", () => {
  test("a client that says nothing more in the middle of its hello keeps nobody else waiting", async () => {
    const bytes = await clientHello();
    const clients = await Promise.all(Array.from({ length: 20 }, () => world.plain()));
    for (const client of clients) client.write(bytes.subarray(0, 100));
    assert.match(await world.exchange(get("/meanwhile", "Connection: close\r\n")), /served/);
    assert.ok(world.of("opened").length >= world.of("closed").length + 20, "they are open still");
    for (const client of clients) client.destroy();
  });

  test("an end in the middle of a hello", async () => {
    const client = await world.plain();
    client.end((await clientHello()).subarray(0, 100));
    await readAll(client);
    assert.deepEqual(seen, []);
  });

  test("a hundred such ends leave no descriptor behind", async () => {
    const hello = (await clientHello()).subarray(0, 100);
    const descriptors = (): number => readdirSync("/proc/self/fd").length;
    const before = descriptors();
    for (let count = 0; count < 100; count++) {
      const client = await world.plain();
      client.end(hello);
      await readAll(client);
      client.destroy();
    }
    await until(() => descriptors() <= before, "all descriptors are closed");
  });

  for (const [what, bytes] of [
    ["of the headers", () => `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-Half: `],
    ["of the first line", () => "GET /"],
  ] as const) {
    test(`an end in the middle ${what}: the server sees nothing`, async () => {
      const client = await world.tls();
      const refused = world.of("requestRefused").length;
      client.end(bytes());
      await readUntilClosed(client);
      assert.deepEqual(seen, []);
      assert.equal(world.of("requestRefused").length, refused, "it went away, and nobody refused it");
    });
  }

  for (const [what, head, body] of [
    ["with a length", "Content-Length: 10\r\n", "12345"],
    ["in chunks", "Transfer-Encoding: chunked\r\n", "5\r\n12345\r\n"],
  ] as const) {
    test(`an end in the middle of a body ${what}: the server never takes it for whole`, async () => {
      const client = await world.tls();
      const refused = world.of("requestRefused").length;
      client.write(`POST /half HTTP/1.1\r\nHost: ${HOST}:${String(world.port)}\r\n${head}\r\n${body}`);
      await until(() => world.of("sent").at(-1)?.path === "/half", "it is on its way");
      client.end();
      await readUntilClosed(client);
      await until(() => world.of("answered").length === world.of("sent").length, "its end is reported");
      assert.ok(seen.every(({ isWhole }) => !isWhole));
      assert.ok(world.of("answered").at(-1)?.error !== undefined);
      assert.equal(world.of("requestRefused").length, refused, "it went away, and nobody refused it");
    });
  }

  test("negative control: the same body with its end", async () => {
    const answer = await world.exchange(
      `POST /whole HTTP/1.1\r\nHost: ${HOST}:${String(world.port)}\r\nContent-Length: 10\r\nConnection: close\r\n\r\n1234567890`,
    );
    assert.match(answer, /served/);
    assert.deepEqual(seen, [{ url: "/whole", length: 10, isWhole: true }]);
  });
});

describe("a server that goes away", () => {
  test("before its answer: said to the client", async () => {
    assert.match(await world.exchange(get("/reset-before")), /^HTTP\/1\.1 502 .*the server did not answer/s);
  });

  for (const path of ["/reset", "/reset-in-chunks"]) {
    test(`in the middle of its answer (${path}): the client never takes it for whole`, async () => {
      const answer = await world.exchange(get(path));
      assert.match(answer, /x{50}/);
      // Neither as many bytes as were said, nor the chunk that ends it.
      assert.doesNotMatch(answer, /x{51}|0\r\n\r\n$/);
      await until(() => world.of("answered").length === world.of("sent").length, "its end is reported");
      assert.match(world.of("answered").at(-1)?.error ?? "", /^server: /);
    });
  }

  test("after its answer, with more requests sent already: those are not answered, and nothing else ends", async () => {
    const answer = await world.exchange(get("/last") + get("/too-late") + get("/too-late"));
    assert.match(answer, /last/);
    assert.doesNotMatch(answer, /served/);
    assert.ok(seen.every(({ url }) => url !== "/too-late"));
  });
});
