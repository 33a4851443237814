/** HTTP/1.1 through the gateway, said byte by byte: what two parsers could read differently never reaches the server. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as sendRequest } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, before, beforeEach, describe, test } from "node:test";
import { ALLOWED, DENIED, until } from "./egress-world.ts";
import { HOST, openInspectedWorld, readUntilClosed, type InspectedWorld } from "./inspect-world.ts";

let world: InspectedWorld;
const seen: { readonly line: string; readonly body: string; readonly headers: IncomingMessage["headers"] }[] = [];

function listener(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  if (request.url === "/early") response.write("go on\n");
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const line = `${request.method ?? ""} ${request.url ?? ""}`;
    seen.push({ line, body: Buffer.concat(chunks).toString(), headers: request.headers });
    if (request.url === "/events") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
      return;
    }
    if (!response.headersSent) response.setHeader("alt-svc", 'h3=":443"');
    response.end(`${line} ${String(Buffer.concat(chunks).length)}`);
  });
}

before(async () => {
  world = await openInspectedWorld({
    listener,
    decideRequest: ({ method, paths }) => {
      if (paths.some(([first]) => first === "throws")) throw new Error("out of order");
      return method === "PUT" || paths.some(([first]) => first === "forbidden") ? DENIED : ALLOWED;
    },
  });
});
after(() => world.close());
beforeEach(() => {
  seen.length = 0;
});

const host = (): string => `Host: ${HOST}:${String(world.port)}\r\n`;
const close = "Connection: close\r\n";
const refusals = () => world.of("requestRefused");

describe("what is let through", () => {
  test("a request as it was written, and its answer without other ways to the host", async () => {
    const answer = await world.exchange(`GET /a%62c?x=%41 HTTP/1.1\r\n${host()}X-Own: 1\r\n${close}\r\n`);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(answer, /GET \/a%62c\?x=%41 0/);
    assert.doesNotMatch(answer, /alt-svc/i);
    assert.equal(seen[0]?.headers["x-own"], "1");
  });

  test("the host in one spelling, whatever the client's", async () => {
    await world.exchange(`GET / HTTP/1.1\r\nHost: API.Test.:${String(world.port)}\r\n${close}\r\n`);
    assert.equal(seen[0]?.headers.host, `${HOST}:${String(world.port)}`);
  });

  for (const [how, framing, body] of [
    ["a length", "Content-Length: 5\r\n", "hello"],
    ["chunks", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"],
  ] as const) {
    test(`a request with ${how} whose client waits for an answer before it sends the body`, async () => {
      const socket = await world.tls();
      socket.write(`POST /early HTTP/1.1\r\n${host()}${framing}${close}\r\n`);
      let text = "";
      const begun = Promise.withResolvers<undefined>();
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString("latin1");
        if (text.includes("go on")) begun.resolve(undefined);
      });
      await begun.promise;
      assert.equal(seen.length, 0);
      socket.write(body);
      await once(socket, "end");
      socket.destroy();
      assert.match(text, /POST \/early 5/);
      assert.equal(seen[0]?.body, "hello");
    });
  }

  test("several requests on one connection, also sent at once, in their order", async () => {
    const answer = await world.exchange(
      `POST /1 HTTP/1.1\r\n${host()}Content-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\n${host()}\r\nPOST /3 HTTP/1.1\r\n${host()}Transfer-Encoding: chunked\r\n${close}\r\n2\r\nxy\r\n0\r\n\r\n`,
    );
    assert.deepEqual(
      [...answer.matchAll(/(POST|GET) \/\d \d/g)].map(([text]) => text),
      ["POST /1 3", "GET /2 0", "POST /3 2"],
    );
  });

  test("a body of 64 MiB, counted and whole", async () => {
    const socket = await world.tls();
    socket.write(`POST /large HTTP/1.1\r\n${host()}Content-Length: ${String(1 << 26)}\r\n${close}\r\n`);
    const block = Buffer.alloc(1 << 20, "x");
    for (let count = 0; count < 64; count++) if (!socket.write(block)) await once(socket, "drain");
    assert.match(await readUntilClosed(socket), /POST \/large 67108864/);
    await until(() => world.of("answered").some(({ bytesSent }) => bytesSent === 1 << 26), "the end is reported");
  });

  test("an event of a stream as soon as the server sends it", async () => {
    const socket = await world.tls();
    socket.write(`GET /events HTTP/1.1\r\n${host()}\r\n`);
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await until(() => text.includes("data: 1"), "the event came");
    socket.destroy();
    await until(() => world.of("answered").some(({ error }) => error === "client: closed"), "its end is reported");
  });

  test("Expect: 100-continue, answered before the body", async () => {
    const socket = await world.tls();
    socket.write(`POST /later HTTP/1.1\r\n${host()}Content-Length: 2\r\nExpect: 100-continue\r\n${close}\r\n`);
    const [first] = (await once(socket, "data")) as [Buffer];
    assert.match(first.toString(), /^HTTP\/1\.1 100 Continue/);
    socket.write("ok");
    assert.match(await readUntilClosed(socket), /POST \/later 2/);
  });

  test("plain HTTP to the same host, decided as well", async () => {
    // The server outside speaks TLS, so that only the decision can be seen.
    const socket = await world.plain();
    socket.write(`PUT /plain HTTP/1.1\r\n${host()}${close}\r\n`);
    assert.match(await readUntilClosed(socket), /^HTTP\/1\.1 403 .*the policy says no/s);
  });
});

describe("what is refused by a decision", () => {
  test("403 with the reason, as text, or as JSON for who asks for it; the connection goes on", async () => {
    const answer = await world.exchange(
      `PUT /x HTTP/1.1\r\n${host()}Content-Length: 4\r\n\r\nbodyGET /forbidden HTTP/1.1\r\n${host()}Accept: application/json\r\n\r\nGET /after HTTP/1.1\r\n${host()}${close}\r\n`,
    );
    assert.match(
      answer,
      /HTTP\/1\.1 403 Forbidden\r\ncontent-type: text\/plain.*bailiwick: refused: the policy says no \[policy test\]/is,
    );
    assert.match(answer, /"error":\{"type":"permission_error".*"policies":\["test"\]/s);
    assert.match(answer, /GET \/after 0/);
    assert.deepEqual(
      seen.map(({ line }) => line),
      ["GET /after"],
    );
  });

  test("an error while deciding refuses", async () => {
    assert.match(await world.exchange(`GET /throws HTTP/1.1\r\n${host()}${close}\r\n`), /^HTTP\/1\.1 403/);
    assert.equal(refusals().at(-1)?.decision.failure, "out of order");
    assert.deepEqual(seen, []);
  });

  test("negative control: what was refused here is served when the decision is another", async () => {
    assert.match(await world.exchange(`GET /permitted HTTP/1.1\r\n${host()}${close}\r\n`), /^HTTP\/1\.1 200/);
  });
});

describe("bypass 38: what would be read in two ways, or turn into something unseen", () => {
  const chunked = "Transfer-Encoding: chunked\r\n";
  const smuggled = "GET /forbidden HTTP/1.1\r\nHost: api.test\r\n\r\n";
  const cases: readonly [what: string, bytes: () => string][] = [
    ["a length and a transfer encoding", () => `POST / HTTP/1.1\r\n${host()}Content-Length: 4\r\n${chunked}\r\n0\r\n\r\n${smuggled}`],
    ["two lengths", () => `POST / HTTP/1.1\r\n${host()}Content-Length: 0\r\nContent-Length: 45\r\n\r\n${smuggled}`],
    ["two equal lengths", () => `POST / HTTP/1.1\r\n${host()}Content-Length: 0\r\nContent-Length: 0\r\n\r\n`],
    ["a list of lengths", () => `POST / HTTP/1.1\r\n${host()}Content-Length: 0, 45\r\n\r\n${smuggled}`],
    ["a length with a sign", () => `POST / HTTP/1.1\r\n${host()}Content-Length: +0\r\n\r\n${smuggled}`],
    ["a transfer encoding that is not chunked", () => `POST / HTTP/1.1\r\n${host()}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ["several transfer encodings", () => `POST / HTTP/1.1\r\n${host()}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ["two fields of transfer encoding", () => `POST / HTTP/1.1\r\n${host()}${chunked}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n`],
    ["a space before a colon", () => `POST / HTTP/1.1\r\n${host()}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
    ["a folded header", () => `POST / HTTP/1.1\r\n${host()}X: 1\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n`],
    ["bare line feeds", () => `GET / HTTP/1.1\n${host()}\n`],
    ["a bare line feed between headers", () => `GET / HTTP/1.1\r\n${host()}X: 1\nContent-Length: 45\r\n\r\n`],
    ["a bare carriage return in a value", () => `GET / HTTP/1.1\r\n${host()}X: 1\rY: 2\r\n\r\n`],
    ["NUL in a value", () => `GET / HTTP/1.1\r\n${host()}X: 1\0\r\n\r\n`],
    ["a chunk size that is no number", () => `POST / HTTP/1.1\r\n${host()}${chunked}\r\n0x1\r\na\r\n0\r\n\r\n`],
    ["a chunk longer than it says", () => `POST / HTTP/1.1\r\n${host()}${chunked}\r\n1\r\nabc\r\n0\r\n\r\n`],
    ["headers after the body", () => `POST / HTTP/1.1\r\n${host()}${chunked}\r\n0\r\nX-Late: 1\r\n\r\n`],
    ["another version", () => `GET / HTTP/3.0\r\n${host()}\r\n`],
    ["HTTP/0.9", () => "GET /\r\n\r\n"],
    ["no host", () => "GET / HTTP/1.1\r\n\r\n"],
    ["HTTP/1.0 without a host", () => "GET / HTTP/1.0\r\n\r\n"],
    ["two hosts", () => `GET / HTTP/1.1\r\n${host()}Host: evil.test\r\n\r\n`],
    ["another host", () => "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n"],
    ["another port", () => `GET / HTTP/1.1\r\nHost: ${HOST}:1\r\n\r\n`],
    ["two content types", () => `POST / HTTP/1.1\r\n${host()}Content-Type: text/plain\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n`],
    ["a host with userinfo", () => `GET / HTTP/1.1\r\nHost: evil.test@${HOST}\r\n\r\n`],
    ["a target in absolute form", () => `GET https://evil.test/ HTTP/1.1\r\n${host()}\r\n`],
    ["a target in absolute form, of this host", () => `GET https://${HOST}/ HTTP/1.1\r\n${host()}\r\n`],
    ["the target *", () => `OPTIONS * HTTP/1.1\r\n${host()}\r\n`],
    ["CONNECT", () => `CONNECT evil.test:443 HTTP/1.1\r\n${host()}\r\n`],
    ["TRACE", () => `TRACE / HTTP/1.1\r\n${host()}\r\n`],
    ["dot segments", () => `GET /public/../forbidden HTTP/1.1\r\n${host()}\r\n`],
    ["encoded dot segments", () => `GET /public/%2e%2e/forbidden HTTP/1.1\r\n${host()}\r\n`],
    ["an encoded slash that hides a segment", () => `GET /forbidden%2fx HTTP/1.1\r\n${host()}\r\n`],
    ["a path parameter that hides a segment", () => `GET /forbidden;x HTTP/1.1\r\n${host()}\r\n`],
    ["a backslash", () => `GET /public\\..\\forbidden HTTP/1.1\r\n${host()}\r\n`],
    ["NUL in the path", () => `GET /public%00 HTTP/1.1\r\n${host()}\r\n`],
    ["double encoding", () => `GET /%2566orbidden HTTP/1.1\r\n${host()}\r\n`],
    ["a method override", () => `POST / HTTP/1.1\r\n${host()}X-HTTP-Method-Override: PUT\r\nContent-Length: 0\r\n\r\n`],
    ["a path override", () => `GET / HTTP/1.1\r\n${host()}X-Original-URL: /forbidden\r\n\r\n`],
    ["a header hidden by Connection", () => `GET / HTTP/1.1\r\n${host()}Connection: close, X-Auth\r\n\r\n`],
    ["h2c by upgrade", () => `GET / HTTP/1.1\r\n${host()}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`],
    ["h2c by upgrade, without its option", () => `GET / HTTP/1.1\r\n${host()}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`],
    ["HTTP/2 by prior knowledge", () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["an upgrade to something else", () => `GET / HTTP/1.1\r\n${host()}Connection: Upgrade\r\nUpgrade: foo\r\n\r\n`],
    ["a WebSocket by POST", () => `POST / HTTP/1.1\r\n${host()}Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n`],
    ["what is no HTTP", () => "SSH-2.0-OpenSSH_9.6\r\n"],
  ]; // prettier-ignore
  for (const [what, bytes] of cases) {
    test(what, async () => {
      const before = refusals().length;
      const answer = await world.exchangeOne(bytes());
      assert.match(answer, /^HTTP\/1\.1 4\d\d /, `not refused: ${JSON.stringify(answer)}`);
      assert.match(answer, /bailiwick/);
      assert.deepEqual(seen, [], "the server saw it");
      assert.ok(refusals().length > before, "it is not in the record");
    });
  }
});

describe("who is spoken to", () => {
  test("a request over the same agent twice uses one connection to the server", async () => {
    const first = world.of("opened").length;
    const socket = await world.tls();
    const ask = async (): Promise<string> =>
      await new Promise((resolve, reject) => {
        const sent = sendRequest({
          createConnection: () => socket,
          headers: { host: `${HOST}:${String(world.port)}` },
          path: "/kept",
        });
        sent.on("error", reject).on("response", (answer) => {
          answer.setEncoding("utf8").on("data", resolve);
        });
        sent.end();
      });
    assert.equal(await ask(), "GET /kept 0");
    socket.destroy();
    assert.equal(world.of("opened").length, first + 1);
  });

  test("a server that cannot be verified: said in the answer, and nothing is sent to it", async () => {
    const other = await openInspectedWorld({ listener, trusted: false });
    try {
      assert.match(
        await other.exchangeOne(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`),
        /^HTTP\/1\.1 502.*could not be verified.*(UNABLE|SELF_SIGNED)/s,
      );
      assert.deepEqual(seen, []);
      await until(() => other.of("closed").length === 1, "the connection is reported");
      assert.match(other.of("closed")[0]?.error ?? "", /^server: /);
    } finally {
      await other.close();
    }
  });

  test("a server with another name", async () => {
    const other = await openInspectedWorld({ listener, serverNames: ["other.test"] });
    try {
      assert.match(
        await other.exchangeOne(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`),
        /^HTTP\/1\.1 502.*ERR_TLS_CERT_ALTNAME_INVALID/s,
      );
      assert.deepEqual(seen, []);
    } finally {
      await other.close();
    }
  });

  test("another server name in the ClientHello, or none", async () => {
    const before = world.of("refused").length;
    await assert.rejects(world.tls({ servername: "evil.test" }));
    await assert.rejects(world.tls({ servername: "" }));
    assert.equal(world.of("refused").length, before + 2);
  });

  test("a host that is not looked into is passed on as it is: the client sees the server's own certificate", async () => {
    const other = await openInspectedWorld({ listener, hosts: ["elsewhere.test"] });
    try {
      const socket = await other.tls({ rejectUnauthorized: false });
      assert.match(socket.getPeerCertificate(true).issuerCertificate.subject.CN as string, /Test authority/);
      socket.destroy();
    } finally {
      await other.close();
    }
  });
});
