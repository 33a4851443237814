/** Servers that answer what nobody would write: their own request ends, said or broken off, and neither another connection nor the run. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import type { TLSSocket } from "node:tls";
import type { BrokeredCredential } from "@bailiwick/egress";
import {
  data,
  ERROR,
  fieldBlock,
  type FieldLine,
  FLAG,
  frame,
  FrameConnection,
  headers,
  PREFACE,
  settings,
  TYPE,
  uint32,
} from "../support/http2-frames.ts";
import { until } from "./egress-world.ts";
import { HOST, openInspectedWorld, type InspectedWorld } from "./inspect-world.ts";

let world: InspectedWorld;
/** What the server says, whatever it is asked: over HTTP/1.1 as text, over HTTP/2 as frames. */
let answer: string | readonly Buffer[] = "";
const GOOD = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A value that HTTP/1.1 cannot carry, as a file may hold one. */
const unwritable: BrokeredCredential = {
  name: "service",
  hosts: [HOST],
  methods: undefined,
  paths: ["/brokered/**"],
  form: { kind: "bearer" },
  value: "real-real-\u20ac-real",
  placeholder: "fake-fake-fake-fake",
  always: false,
  account: new Map(),
};

before(async () => {
  world = await openInspectedWorld({ listener: () => undefined, http2: true, credentials: [unwritable] });
  world.server.removeAllListeners("secureConnection");
  world.server.on("secureConnection", (socket: TLSSocket) => {
    socket.on("error", () => undefined);
    if (socket.alpnProtocol === "h2") {
      const server = new FrameConnection(socket);
      server.send(settings());
      void server
        .first(({ type }) => type === TYPE.headers)
        .then((asked) => {
          if (asked !== undefined && typeof answer !== "string") server.send(...answer);
        });
    } else socket.once("data", () => socket.end(String(answer), "latin1"));
  });
});
after(() => world.close());
/** Whatever was answered: the next is passed on, and none is left over. */
afterEach(async () => {
  answer = GOOD;
  assert.match(await ask(), /^HTTP\/1\.1 200 OK.*ok$/s);
  await until(() => world.of("opened").length === world.of("closed").length, "every connection has ended");
});

const get = (more = ""): string => `GET / HTTP/1.1\r\nHost: ${HOST}\r\n${more}Connection: close\r\n\r\n`;
const ask = (more = ""): Promise<string> => world.exchange(get(more));
const lastError = (): string | undefined => world.of("answered").at(-1)?.error;

describe("over HTTP/1.1", () => {
  const unreadable: readonly [what: string, bytes: string][] = [
    ["a status below 100", "HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n"],
    ["the status 000", "HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n"],
    ["a status of four digits", "HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n"],
    ["a control character beside the status", "HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n"],
    ["NUL beside the status", "HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk"],
    ["a length beside a transfer encoding", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
    ["HTTP/0.9", "hello"],
    ["more fields than are read", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}\r\n\r\n`],
  ]; // prettier-ignore
  for (const [what, bytes] of unreadable) {
    test(`${what}: said in its place`, async () => {
      answer = bytes;
      assert.match(await ask(), /^HTTP\/1\.1 502 Bad Gateway\r\n.*bailiwick: the server did not answer: [A-Z_]+\n$/s);
      assert.match(lastError() ?? "", /^server: /);
    });
  }

  test("a 101 that nobody asked for: said in its place", async () => {
    answer = "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\nhello";
    assert.match(await ask(), /^HTTP\/1\.1 502 .*it switched protocols, which nobody asked for\n$/s);
    assert.match(lastError() ?? "", /^server: /);
  });

  const passed: readonly [what: string, bytes: string, hears: string][] = [
    ["fields announced for after a body that is not in chunks", "HTTP/1.1 200 OK\r\nTrailer: X-Late\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"],
    ["fields after the body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n"],
    ["names that objects have of themselves", "HTTP/1.1 200 OK\r\n__proto__: 1\r\nconstructor: 2\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\n__proto__: 1\r\nconstructor: 2\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"],
    ["information before the answer", "HTTP/1.1 103 X\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"],
    ["a second answer, to nothing", `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok${GOOD}`, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"],
  ]; // prettier-ignore
  for (const [what, bytes, hears] of passed) {
    test(`${what}: passed on as one answer`, async () => {
      answer = bytes;
      assert.equal(await ask(), hears);
    });
  }

  test("a credential that cannot be written: said, and nothing is sent", async () => {
    answer = GOOD;
    const asked = get("Authorization: Bearer fake-fake-fake-fake\r\n").replace("GET / ", "GET /brokered/x ");
    assert.match(await world.exchange(asked), /^HTTP\/1\.1 502 .*the request could not be written: ERR_INVALID_CHAR/s);
    assert.equal(lastError(), "not sent: ERR_INVALID_CHAR");
  });

  test("a WebSocket with such a credential ends its connection", async () => {
    const asked = get("Authorization: Bearer fake-fake-fake-fake\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"); // prettier-ignore
    const upgrade = asked.replace("GET / ", "GET /brokered/x ").replace("Connection: close", "Connection: Upgrade");
    assert.equal(await world.exchange(upgrade), "");
    await until(() => world.of("closed").at(-1)?.error === "ERR_INVALID_CHAR", "it is in the record");
  });
});

describe("over HTTP/2", () => {
  const said = (fields: readonly FieldLine[], flags: number = FLAG.endStream | FLAG.endHeaders): Buffer =>
    headers(1, fields, flags);
  const begun = said([[":status", "200"]], FLAG.endHeaders);
  async function askFrames(bytes: readonly Buffer[]) {
    answer = bytes;
    const client = new FrameConnection(await world.tls({ ALPNProtocols: ["h2"] }));
    client.send(PREFACE, settings(), headers(1, [[":method", "GET"], [":scheme", "https"], [":authority", HOST], [":path", "/"]])); // prettier-ignore
    const end = await client.first(({ type, stream, flags }) => stream === 1 && (type === TYPE.rstStream || (flags & FLAG.endStream) !== 0)); // prettier-ignore
    const kinds = client.frames.filter(({ stream }) => stream === 1).map(({ type }) => type);
    await client.close();
    await until(() => world.of("answered").length === world.of("sent").length, "its end is in the record");
    return { end, kinds };
  }

  const broken: readonly [what: string, bytes: () => readonly Buffer[]][] = [
    ["a field twice that may stand once", () => [said([[":status", "200"], ["etag", "1"], ["etag", "2"]])]],
    ["two content types", () => [said([[":status", "200"], ["content-type", "a/b"], ["content-type", "c/d"]])]],
    ["a status of 999", () => [said([[":status", "999"]])]],
    ["a status of 099", () => [said([[":status", "099"]])]],
    ["a status of 101", () => [said([[":status", "101"]])]],
    ["two lengths", () => [said([[":status", "200"], ["content-length", "1"], ["content-length", "1"]], FLAG.endHeaders), data(1, "x")]],
    ["a body shorter than its length", () => [said([[":status", "200"], ["content-length", "9"]], FLAG.endHeaders), data(1, "x")]],
    ["`connection`", () => [said([[":status", "200"], ["connection", "close"]])]],
    ["a field twice after the body that may stand once", () => [begun, data(1, "x", 0), said([["etag", "1"], ["etag", "2"]])]],
    ["a pseudo-header field after the body", () => [begun, data(1, "x", 0), said([[":status", "200"]])]],
    ["an answer pushed unasked", () => [frame(TYPE.pushPromise, { stream: 1, flags: FLAG.endHeaders, payload: Buffer.concat([uint32(2), fieldBlock([[":method", "GET"], [":scheme", "https"], [":authority", HOST], [":path", "/pushed"]])]) })]],
    ["RST_STREAM", () => [frame(TYPE.rstStream, { stream: 1, payload: uint32(ERROR.internal) })]],
    ["GOAWAY before the stream", () => [frame(TYPE.goaway, { payload: uint32(0, 0) })]],
    ["HTTP/1.1", () => [Buffer.from(GOOD)]],
  ]; // prettier-ignore
  for (const [what, bytes] of broken) {
    test(`${what}: the stream is reset`, async () => {
      const { end } = await askFrames(bytes());
      assert.equal(end?.type, TYPE.rstStream);
      assert.match(lastError() ?? "", /^server: /);
    });
  }

  const whole: readonly [what: string, bytes: () => readonly Buffer[]][] = [
    ["names that objects have of themselves", () => [said([[":status", "200"], ["constructor", "1"], ["__proto__", "2"], ["__proto__", "3"]], FLAG.endHeaders), data(1, "x")]],
    ["such names after the body", () => [begun, data(1, "x", 0), said([["constructor", "1"], ["__proto__", "2"]])]],
    ["information before the answer", () => [said([[":status", "103"], ["link", "x"]], FLAG.endHeaders), begun, data(1, "x")]],
    ["an answer without a body", () => [said([[":status", "204"]])]],
  ]; // prettier-ignore
  for (const [what, bytes] of whole) {
    test(`${what}: passed on whole`, async () => {
      const { end, kinds } = await askFrames(bytes());
      assert.notEqual(end?.type, TYPE.rstStream);
      assert.equal(kinds[0], TYPE.headers);
      assert.equal(lastError(), undefined);
    });
  }
});
