/** HTTP/2 and WebSockets through the gateway. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  connect as connectHttp2,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from "node:http2";
import { request as sendRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { after, before, beforeEach, describe, test } from "node:test";
import type { BrokeredCredential } from "@bailiwick/egress";
import { problemOfSignature } from "../../packages/egress/test/sigv4-verifier.ts";
import { ALLOWED, DENIED, until } from "./egress-world.ts";
import { HOST, openInspectedWorld, readUntilClosed, type InspectedWorld } from "./inspect-world.ts";

const credential: BrokeredCredential = {
  name: "service",
  hosts: [HOST],
  methods: undefined,
  paths: ["/brokered/**"],
  form: { kind: "bearer" },
  value: "real-real-real-real",
  placeholder: "fake-fake-fake-fake",
  always: false,
  account: new Map(),
};

const signing: BrokeredCredential = {
  ...credential,
  name: "cloud",
  paths: ["/signed/**"],
  form: {
    kind: "sigv4",
    keyId: { value: "AKIAREALREALREALREAL", placeholder: "AKIAFAKEFAKEFAKEFAKE" },
    token: undefined,
  },
  value: "real/secret",
  placeholder: "fake/secret+fake/secret",
};

let world: InspectedWorld;
let session: ClientHttp2Session;
const seen: { readonly line: string; readonly body: string; readonly headers: IncomingMessage["headers"] }[] = [];
let released: (() => void) | undefined;

function listener(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    // What is reset ends as well, and is no request.
    if (request.aborted) return;
    const body = Buffer.concat(chunks);
    seen.push({
      line: `${request.method ?? ""} ${request.url ?? ""}`,
      body: body.toString(),
      headers: request.headers,
    });
    if (request.url === "/stream") {
      response.write("first");
      released = () => response.end("last");
      return;
    }
    if (request.url === "/breaks") {
      response.write("some of it");
      setTimeout(() => response.destroy(new Error("broken")), 20);
      return;
    }
    if (request.url === "/large") {
      response.end(Buffer.alloc(1 << 24, "y"));
      return;
    }
    response.end(`${request.httpVersion} ${request.url ?? ""} ${String(body.length)}`);
  });
}

before(async () => {
  world = await openInspectedWorld({
    listener,
    http2: true,
    credentials: [credential, signing],
    decideRequest: ({ paths }) => (paths.some(([first]) => first === "forbidden") ? DENIED : ALLOWED),
  });
  const socket = await world.tls({ ALPNProtocols: ["h2", "http/1.1"] });
  assert.equal(socket.alpnProtocol, "h2");
  session = connectHttp2(`https://${HOST}:${String(world.port)}`, { createConnection: () => socket });
});
after(async () => {
  session.destroy();
  await world.close();
});
beforeEach(() => {
  seen.length = 0;
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function read(stream: ClientHttp2Stream): Promise<Answer> {
  const chunks: Buffer[] = [];
  let status = 0;
  stream.on("response", (headers) => (status = Number(headers[":status"])));
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(stream, "close");
  return { status, body: Buffer.concat(chunks).toString() };
}

async function ask(headers: OutgoingHttpHeaders, body?: string | Buffer): Promise<Answer> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return await read(stream);
}

/** By HTTP/1.1; rejects when the answer is not whole. */
async function fetchOld(path: string): Promise<string> {
  const socket = await world.tls({ ALPNProtocols: ["http/1.1"] });
  return await new Promise((resolve, reject) => {
    const headers = { host: `${HOST}:${String(world.port)}` };
    sendRequest({ createConnection: () => socket, path, headers }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => resolve(text));
      answer.on("error", reject);
    })
      .on("error", reject)
      .end();
  });
}

describe("HTTP/2", () => {
  test("streams at once over one connection to the server, which speaks it as well", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => ask({ ":path": `/${String(index)}` })));
    assert.ok(answers.every(({ status, body }, index) => status === 200 && body === `2.0 /${String(index)} 0`));
    assert.equal(world.of("opened").length, 1);
    assert.ok(world.of("sent").length >= 50);
  });

  test("large bodies both ways", async () => {
    const { body } = await ask({ ":path": "/up", ":method": "POST" }, Buffer.alloc(1 << 24, "x"));
    assert.equal(body, `2.0 /up ${String(1 << 24)}`);
    assert.equal((await ask({ ":path": "/large" })).body.length, 1 << 24);
  });

  test("what has come of an answer is there before the rest is sent", async () => {
    const stream = session.request({ ":path": "/stream" });
    const [first] = (await once(stream, "data")) as [Buffer];
    assert.equal(first.toString(), "first");
    released?.();
    const [last] = (await once(stream, "data")) as [Buffer];
    assert.equal(last.toString(), "last");
  });

  test("a refusal is an answer to its stream alone", async () => {
    const [refused, served] = await Promise.all([
      ask({ ":path": "/forbidden/x", accept: "application/json" }),
      ask({ ":path": "/x" }),
    ]);
    assert.deepEqual([refused.status, served.status], [403, 200]);
    assert.match(refused.body, /"policies":\["test"\]/);
    assert.deepEqual(
      seen.map(({ line }) => line),
      ["GET /x"],
    );
  });

  test("a signature of AWS is made anew, over a body whose digest is said; a stream does not wait for its body", async () => {
    const authorization = `AWS4-HMAC-SHA256 Credential=AKIAFAKEFAKEFAKEFAKE/20260101/eu-central-1/sts/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}`;
    const post = { ":method": "POST", ":path": "/signed/x", authorization };
    const refused = await ask(post, "body");
    assert.equal(refused.status, 403);
    assert.match(refused.body, /does not say its digest/);
    assert.equal(seen.length, 0);
    const digest = createHash("sha256").update("body").digest("hex");
    assert.equal((await ask({ ...post, "x-amz-content-sha256": digest }, "body")).status, 200);
    assert.equal((await ask({ ":path": "/signed/y", authorization })).status, 200);
    for (const { headers, line } of seen) {
      const [method = "", target = ""] = line.split(" ");
      const received = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
      const request = {
        method,
        target,
        headers: { ...received, host: received["host"] ?? received[":authority"] ?? "" },
      };
      const keys = { accessKeyId: "AKIAREALREALREALREAL", secretAccessKey: "real/secret" };
      assert.equal(await problemOfSignature(request, keys), undefined, line);
    }
  });

  test("credentials go out here as well, and only here", async () => {
    const authorization = `Bearer ${credential.placeholder}`;
    assert.equal((await ask({ ":path": "/brokered/x", authorization })).status, 200);
    assert.equal(seen[0]?.headers.authorization, "Bearer real-real-real-real");
    assert.equal((await ask({ ":path": "/other", authorization })).status, 403);
    assert.equal((await ask({ ":path": "/other", "x-api-key": "attacker" })).status, 403);
    assert.equal(seen.length, 1);
  });

  test("the host in one spelling, whatever the client's", async () => {
    const said = `API.Test.:${String(world.port)}`;
    assert.equal((await ask({ ":authority": said, host: said, ":path": "/x" })).status, 200);
    assert.equal(seen[0]?.headers[":authority"], `${HOST}:${String(world.port)}`);
  });

  const cases: readonly [what: string, headers: OutgoingHttpHeaders][] = [
    ["another authority", { ":authority": "evil.test" }],
    ["another host beside the right authority", { host: "evil.test" }],
    ["dot segments", { ":path": "/x/../forbidden" }],
    ["an encoded slash that hides a segment", { ":path": "/forbidden%2fx" }],
    ["TRACE", { ":method": "TRACE" }],
    ["a method in small letters", { ":method": "get" }],
    ["a method override", { "x-http-method-override": "DELETE" }],
  ];
  for (const [what, headers] of cases) {
    test(`bypass 38: ${what}`, async () => {
      const refused = world.of("requestRefused").length;
      const answer = await ask({ ":authority": `${HOST}:${String(world.port)}`, ":path": "/x", ...headers });
      assert.equal(answer.status, 403);
      assert.deepEqual(seen, []);
      assert.equal(world.of("requestRefused").length, refused + 1);
    });
  }

  test("bypass 38: a target in absolute form is no HTTP/2", async () => {
    await assert.rejects(ask({ ":path": "https://evil.test/" }), { code: "ERR_HTTP2_STREAM_ERROR" });
    assert.deepEqual(seen, []);
  });

  test("bypass 38: CONNECT", async () => {
    const stream = session.request({ ":method": "CONNECT", ":authority": "evil.test:443" });
    stream.end();
    assert.equal((await read(stream)).status, 403);
  });

  test("bypass 38: headers after the body", async () => {
    const stream = session.request({ ":method": "POST", ":path": "/x" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-late": "1" }));
    stream.end("body");
    assert.equal((await read(stream)).status, 403);
    assert.deepEqual(seen, []);
  });

  test("a client that goes away in the middle leaves nothing behind", async () => {
    const stream = session.request({ ":path": "/stream" });
    await once(stream, "data");
    stream.close();
    await until(() => world.of("answered").some(({ error }) => error === "client: closed"), "the end is reported");
  });

  test("an upload that breaks off is none for the server, and an answer that breaks off none for the client", async () => {
    const stream = session.request({ ":method": "POST", ":path": "/partial" });
    stream.on("error", () => undefined);
    stream.write("some of it");
    await until(() => world.of("sent").some(({ path }) => path === "/partial"), "it is on its way");
    stream.destroy(new Error("gone"));
    await until(() => world.of("answered").length === world.of("sent").length, "its end is reported");
    assert.deepEqual(seen, []);
    await assert.rejects(ask({ ":path": "/breaks" }), { code: "ERR_HTTP2_STREAM_ERROR" });
    await assert.rejects(fetchOld("/breaks"));
  });

  test("who speaks only HTTP/1.1 gets it from the same server", async () => {
    assert.match(
      await world.exchange(`GET /old HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`),
      /1\.1 \/old 0/,
    );
  });
});

describe("WebSockets", () => {
  let other: InspectedWorld;
  const upgrades: string[] = [];
  before(async () => {
    other = await openInspectedWorld({
      listener,
      decideRequest: ({ paths, headers }) =>
        paths.some(([first]) => first === "forbidden") ||
        !headers.some(([name, value]) => name === "upgrade" && value === "websocket")
          ? DENIED
          : ALLOWED,
    });
    other.server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
      upgrades.push(request.url ?? "");
      const accept = createHash("sha1")
        .update(`${request.headers["sec-websocket-key"] ?? ""}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest("base64");
      const protocol = request.url === "/other" ? "foo" : "websocket";
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${protocol}\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.write(Buffer.from([0x81, 2, 0x68, 0x69]));
      socket.on("data", (chunk: Buffer) => socket.write(chunk));
      socket.on("error", () => undefined);
    });
  });
  after(() => other.close());

  const hello = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;

  test("frames pass both ways after a decision about the request", async () => {
    const socket = await other.tls();
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.write(hello("/socket"));
    await until(() => text.endsWith("\x81\x02hi"), "the server's first frame");
    assert.match(
      text,
      /^HTTP\/1\.1 101 Switching Protocols\r\n.*Sec-WebSocket-Accept: ICX\+Yqv66kxgM0FcWaLWlFLwTAI=\r\n/is,
    );
    socket.write(Buffer.from([0x81, 0x83, 0, 0, 0, 0, 0x61, 0x62, 0x63]));
    await until(() => text.endsWith("abc"), "the echo");
    socket.destroy();
    await until(() => other.of("answered").length === 1, "the end is reported");
    assert.deepEqual([other.of("answered")[0]?.status, other.of("answered")[0]?.bytesSent], [101, 9]);
  });

  test("a refusal comes before anything is upgraded", async () => {
    const count = upgrades.length;
    const socket = await other.tls();
    socket.write(hello("/forbidden"));
    assert.match(await readUntilClosed(socket), /^HTTP\/1\.1 403 Forbidden.*bailiwick: refused/s);
    assert.equal(upgrades.length, count);
  });

  test("bypass 38: a server that upgrades to something else ends the connection", async () => {
    const socket = await other.tls();
    socket.write(hello("/other"));
    assert.equal(await readUntilClosed(socket), "");
  });
});
