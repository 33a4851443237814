/**
 * Request smuggling over HTTP/1.1, beside the cases of inspect-http1.test.ts: the server behind reads nothing and keeps every byte, so that what is compared is
 * what any server could make of it. It sees what was decided about, written anew in one form, or nothing.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, beforeEach, describe, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { ALLOWED, DENIED, until } from "./egress-world.ts";
import { HOST, openInspectedWorld, readUntilClosed, type InspectedWorld } from "./inspect-world.ts";

let world: InspectedWorld;
let received = "";
/** How much of what is received is answered; then the same again. */
let answers: readonly string[] = [];
const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nserved";

before(async () => {
  world = await openInspectedWorld({
    listener: () => undefined,
    decideRequest: ({ paths }) => (paths.some(([first]) => first === "forbidden") ? DENIED : ALLOWED),
  });
  // In place of Node's parser: no parser.
  world.server.removeAllListeners("secureConnection");
  world.server.on("secureConnection", (socket: TLSSocket) => {
    socket.on("error", () => undefined);
    let answered = "";
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      for (let next = answers[0]; next !== undefined && received.startsWith(answered + next); next = answers[0]) {
        answered += next;
        answers = answers.slice(1);
        socket.write(ANSWER);
      }
      // What nobody expected is answered too, so that a test that fails ends.
      if (answers.length === 0 && received.length > answered.length && received.includes("\r\n\r\n"))
        socket.end(ANSWER);
    });
  });
});
after(() => world.close());
beforeEach(() => {
  received = "";
  answers = [];
});

const host = (): string => `Host: ${HOST}:${String(world.port)}\r\n`;
const refusals = () => world.of("requestRefused");
const HIDDEN = "GET /forbidden HTTP/1.1\r\nHost: api.test\r\n\r\n";
const CHUNKED = "Transfer-Encoding: chunked\r\n";
const KEPT = "Connection: keep-alive\r\n";
const post = (more: string, body = ""): string => `POST / HTTP/1.1\r\n${host()}${more}\r\n${body}`;
const get = (more: string, line = "GET / HTTP/1.1"): string => `${line}\r\n${host()}${more}\r\n`;
const length = (text: string): string => `Content-Length: ${String(text.length)}\r\n`;

describe("what may be written in several ways reaches the server in one", () => {
  const inChunks = (): string => post(CHUNKED + KEPT, "5\r\nhello\r\n0\r\n\r\n");
  const cases: readonly [what: string, bytes: () => string, sees: () => string][] = [
    ["a tab before the transfer encoding", () => post("Transfer-Encoding:\tchunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), inChunks],
    ["a transfer encoding in other letters", () => post("tRANSFER-eNCODING: ChUnKeD\r\n", "5\r\nhello\r\n0\r\n\r\n"), inChunks],
    ["an empty element before the transfer encoding", () => post("Transfer-Encoding: , chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), inChunks],
    ["extensions of chunks", () => post(CHUNKED, '5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n'), inChunks],
    ["zeros before a chunk's size", () => post(CHUNKED, "00000000000000000005\r\nhello\r\n000\r\n\r\n"), inChunks],
    ["white space after a length", () => post("Content-Length: 5 \t\r\n", "hello"), () => post(`Content-Length: 5\r\n${KEPT}`, "hello")],
    ["a body that looks like a request", () => post(length(HIDDEN), HIDDEN), () => post(length(HIDDEN) + KEPT, HIDDEN)],
    ["no length at all", () => post(""), () => post(`Content-Length: 0\r\n${KEPT}`)],
    ["empty lines before the request", () => `\r\n\r\n${get("")}`, () => get(KEPT)],
    ["several spaces before the target", () => get("", "GET   / HTTP/1.1"), () => get(KEPT)],
    ["HTTP/1.0", () => get("", "GET / HTTP/1.0"), () => get(KEPT)],
    ["bytes above 127 in a value", () => get("X-Text: caf\xe9 \xff\r\n"), () => get(`X-Text: caf\xe9 \xff\r\n${KEPT}`)],
    ["fields that are for the next neighbour, and what announces fields after the body", () => get("Keep-Alive: 1\r\nProxy-Connection: x\r\nTE: trailers\r\nTrailer: X-Late\r\n"), () => get(KEPT)],
    ["names that objects have of themselves", () => get("__proto__: 1\r\nconstructor: 2\r\n"), () => get(`__proto__: 1\r\nconstructor: 2\r\n${KEPT}`)],
  ]; // prettier-ignore
  for (const [what, bytes, sees] of cases) {
    test(what, async () => {
      answers = [sees()];
      assert.match(await world.exchangeOne(bytes()), /^HTTP\/1\.1 200 .*served$/s);
      assert.equal(received, sees());
    });
  }

  test("a request that is cut into single bytes", async () => {
    answers = [post(length(HIDDEN) + KEPT, HIDDEN)];
    const [whole] = answers;
    const socket = await world.tls();
    for (const byte of post(length(HIDDEN), HIDDEN)) {
      socket.write(byte, "latin1");
      await new Promise((resolve) => setImmediate(resolve));
    }
    await once(socket, "data");
    socket.destroy();
    assert.equal(received, whole);
  });
});

describe("bypass 38: nothing of these reaches the server", () => {
  const cases: readonly [what: string, bytes: () => string][] = [
    ["TE.TE: a vertical tab before the coding", () => post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n")],
    ["TE.TE: a form feed after the coding", () => post("Transfer-Encoding: chunked\x0c\r\n", "0\r\n\r\n")],
    ["TE.TE: a no-break space after the name", () => post("Transfer-Encoding\xa0: chunked\r\n", "0\r\n\r\n")],
    ["TE.TE: a no-break space before the coding", () => post("Transfer-Encoding: \xa0chunked\r\n", "0\r\n\r\n")],
    ["TE.TE: a line end before the colon", () => post("Transfer-Encoding\r\n: chunked\r\n", "0\r\n\r\n")],
    ["TE.TE: a line end before the coding", () => post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")],
    ["TE.TE: behind a bare line feed", () => post(`X: x\nTransfer-Encoding: chunked\r\n${length(HIDDEN)}`, HIDDEN)],
    ["TE.TE: behind a bare carriage return", () => post(`X: x\rTransfer-Encoding: chunked\r\n${length(HIDDEN)}`, HIDDEN)],
    ["TE.TE: quoted", () => post('Transfer-Encoding: "chunked"\r\n', "0\r\n\r\n")],
    ["TE.TE: with a parameter", () => post("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n")],
    ["TE.TE: chunked twice", () => post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")],
    ["TE.TE: chunked in two fields", () => post(CHUNKED + CHUNKED, "0\r\n\r\n")],
    ["TE.TE: an empty element behind", () => post("Transfer-Encoding: chunked,\r\n", "0\r\n\r\n")],
    ["TE.TE: an empty coding beside a length", () => post("Transfer-Encoding:\r\nContent-Length: 5\r\n", "hello")],
    ["TE.TE: `identity` beside a length", () => post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello")],
    ["TE.TE: as the first line of fields, folded", () => `POST / HTTP/1.1\r\n Transfer-Encoding: chunked\r\n${host()}\r\n0\r\n\r\n`],
    ["a coding under a name that only programs behind the server read", () => post(`Transfer_Encoding: chunked\r\n${length(HIDDEN)}`, HIDDEN)],
    ["a length under such a name", () => post(`Content_Length: 0\r\n${length(HIDDEN)}`, HIDDEN)],
    ["a method override under such a name", () => post("X_HTTP_Method_Override: DELETE\r\nContent-Length: 0\r\n")],
    ["a path override under such a name", () => get("X_Original_URL: /forbidden\r\n")],
    ["a transfer encoding in HTTP/1.0", () => post(CHUNKED, "0\r\n\r\n").replace("HTTP/1.1", "HTTP/1.0")],
    ["a transfer encoding in HTTP/1.0, over a connection that is kept", () => post(KEPT + CHUNKED, "0\r\n\r\n").replace("HTTP/1.1", "HTTP/1.0")],
    ["a length in hexadecimal digits", () => post("Content-Length: 0x5\r\n", "hello")],
    ["a negative length", () => post("Content-Length: -5\r\n", "hello")],
    ["a length with a zero before it, which some read as octal", () => post("Content-Length: 010\r\n", "hello678")],
    ["a length of two words", () => post("Content-Length: 5 5\r\n", "hello")],
    ["a length that overflows", () => post("Content-Length: 18446744073709551621\r\n", "hello")],
    ["an empty length", () => post("Content-Length:\r\n", "hello")],
    ["a length with a fraction", () => post("Content-Length: 5.0\r\n", "hello")],
    ["a length with an exponent", () => post("Content-Length: 5e0\r\n", "hello")],
    ["a length in superscript", () => post("Content-Length: \xb2\r\n", "hello")],
    ["a chunk's size with a plus", () => post(CHUNKED, "+5\r\nhello\r\n0\r\n\r\n")],
    ["a negative size of a chunk", () => post(CHUNKED, "-5\r\nhello\r\n0\r\n\r\n")],
    ["a chunk's size with an underscore", () => post(CHUNKED, "0_5\r\nhello\r\n0\r\n\r\n")],
    ["a space before a chunk's size", () => post(CHUNKED, " 5\r\nhello\r\n0\r\n\r\n")],
    ["a space behind a chunk's size", () => post(CHUNKED, "5 \r\nhello\r\n0\r\n\r\n")],
    ["a chunk's size that overflows", () => post(CHUNKED, "10000000000000005\r\nhello\r\n0\r\n\r\n")],
    ["a chunk without a size", () => post(CHUNKED, "\r\nhello\r\n0\r\n\r\n")],
    ["a bare line feed behind a chunk's size", () => post(CHUNKED, "5\nhello\r\n0\r\n\r\n")],
    ["a bare carriage return behind a chunk's size", () => post(CHUNKED, "5\rhello\r\n0\r\n\r\n")],
    ["TERM.EXT: a bare line feed in a chunk's extension", () => post(CHUNKED, `5;a\nhello\r\n0\r\n\r\n${HIDDEN}`)],
    ["EXT.TERM: a bare carriage return in a chunk's extension", () => post(CHUNKED, `5;a\rX\r\nhello\r\n0\r\n\r\n${HIDDEN}`)],
    ["line ends in a quoted extension", () => post(CHUNKED, '5;a="\r\n"\r\nhello\r\n0\r\n\r\n')],
    ["a host after the body", () => post(CHUNKED, "0\r\nHost: evil.test\r\n\r\n")],
    ["a length after the body", () => post(CHUNKED, `0\r\n${length(HIDDEN)}\r\n${HIDDEN}`)],
    ["fields after the body, and a request behind them", () => post(CHUNKED, `0\r\nX-Late: 1\r\n\r\n${HIDDEN}`)],
    ["Expect: obfuscated", () => post(`Expect: y 100-continue\r\n${length(HIDDEN)}`, HIDDEN)],
    ["Expect: something else", () => post(`Expect: 200-ok\r\n${length(HIDDEN)}`, HIDDEN)],
    ["Expect: twice", () => post(`Expect: 100-continue\r\nExpect: 100-continue\r\n${length(HIDDEN)}`, HIDDEN)],
    ["a WebSocket with a body", () => get(`Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${length(HIDDEN)}`) + HIDDEN],
    ["an upgrade that nothing in `Connection` names", () => get("Upgrade: h2c\r\n")],
    ["upgrades in a list", () => get("Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n")],
    ["upgrades in two fields", () => get("Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n")],
    ["tabs in the first line", () => get("", "GET\t/\tHTTP/1.1")],
    ["a space in the target", () => get("", "GET /x y HTTP/1.1")],
    ["a target with another request in it", () => get("", "GET /x%20HTTP/1.1%0d%0aHost:%20evil.test HTTP/1.1")],
    ["a space behind the version", () => get("", "GET / HTTP/1.1 ")],
    ["version 1.10", () => get("", "GET / HTTP/1.10")],
    ["version 1.2", () => get("", "GET / HTTP/1.2")],
    ["version 2.0", () => get("", "GET / HTTP/2.0")],
    ["a version in small letters", () => get("", "GET / http/1.1")],
    ["a space before the first line", () => get("", " GET / HTTP/1.1")],
    ["a method in small letters", () => get("", "get / HTTP/1.1")],
    ["an empty name", () => get(": x\r\n")],
    ["a line without a colon", () => get("Xx\r\n")],
    ["a space in a name", () => get("Content Length: 5\r\n")],
    ["NUL in a name", () => get("X\0: 5\r\n")],
    ["a control character in a value", () => get("X-Text: a\x01b\r\n")],
    ["DEL in a value", () => get("X-Text: a\x7fb\r\n")],
    ["`Connection` that hides the host", () => get("Connection: host\r\n")],
    ["`Connection` that hides the length", () => post("Connection: Content-Length\r\nContent-Length: 5\r\n", "hello")],
    ["a host in the path", () => get("", "GET //evil.test/ HTTP/1.1")],
    ["a fragment", () => get("", "GET /#x HTTP/1.1")],
    ["bytes above 127 in the path", () => get("", "GET /\xc3\xa9 HTTP/1.1")],
    ["DEL in the path", () => get("", "GET /\x7f HTTP/1.1")],
    ["hosts in a list", () => `GET / HTTP/1.1\r\nHost: ${HOST}, evil.test\r\n\r\n`],
    ["a host behind userinfo", () => `GET / HTTP/1.1\r\nHost: ${HOST}:443@evil.test\r\n\r\n`],
    ["a host with a path", () => `GET / HTTP/1.1\r\nHost: ${HOST}/evil\r\n\r\n`],
    ["a percent sign in a host", () => "GET / HTTP/1.1\r\nHost: api%2etest\r\n\r\n"],
    ["NUL in a host", () => `GET / HTTP/1.1\r\nHost: ${HOST}\0.evil.test\r\n\r\n`],
    ["a port with a zero before it", () => `GET / HTTP/1.1\r\nHost: ${HOST}:0${String(world.port)}\r\n\r\n`],
    ["an empty port", () => `GET / HTTP/1.1\r\nHost: ${HOST}:\r\n\r\n`],
    ["two ports", () => `GET / HTTP/1.1\r\nHost: ${HOST}:${String(world.port)}:80\r\n\r\n`],
    ["an empty host", () => "GET / HTTP/1.1\r\nHost:\r\n\r\n"],
    ["an address in place of the host", () => "GET / HTTP/1.1\r\nHost: 127.0.0.2\r\n\r\n"],
  ]; // prettier-ignore
  for (const [what, bytes] of cases) {
    test(what, async () => {
      const before = refusals().length;
      const answer = await world.exchangeOne(bytes());
      assert.match(answer, /^HTTP\/1\.1 4\d\d .*bailiwick: refused/s, `not refused: ${JSON.stringify(answer)}`);
      assert.equal(received, "");
      assert.ok(refusals().length > before, "it is not in the record");
    });
  }
});

describe("what turns out wrong in the middle never has an end for the server", () => {
  for (const [what, rest] of [
    ["a chunk longer than it says", "helloXX0\r\n\r\n"],
    ["a bare line feed behind a chunk", "hello\n0\r\n\r\n"],
    ["a bare line feed behind the last chunk", "hello\r\n0\n\n"],
    ["a bare line feed behind the last line", "hello\r\n0\r\n\n"],
    ["a last chunk with a sign", "hello\r\n-0\r\n\r\n"],
  ] as const) {
    test(what, async () => {
      const socket = await world.tls();
      answers = ["what never comes"];
      socket.write(post(CHUNKED, "5\r\n"));
      await until(() => world.of("sent").length > 0, "it is on its way");
      const before = refusals().length;
      socket.write(rest + HIDDEN);
      await readUntilClosed(socket);
      assert.ok(refusals().length > before, "it is not in the record");
      assert.doesNotMatch(received, /\r\n0\r\n\r\n|forbidden/);
    });
  }
});

describe("one request after another", () => {
  const last = (): string => get("Connection: close\r\n", "GET /last HTTP/1.1");

  test("the body of a refused request is none, and what follows is decided about by itself", async () => {
    const refused = get(length(HIDDEN), "POST /forbidden HTTP/1.1") + HIDDEN;
    answers = [get(KEPT, "GET /last HTTP/1.1")];
    const answer = await world.exchange(refused + last());
    assert.match(answer, /^HTTP\/1\.1 403 .*served$/s);
    assert.equal(received, get(KEPT, "GET /last HTTP/1.1"));
  });

  test("nothing follows what could not be read", async () => {
    for (const bad of [
      post("Content-Length: 1\r\nContent-Length: 1\r\n", "x"),
      post(CHUNKED, "x\r\n"),
      get("X : y\r\n"),
    ]) {
      await world.exchange(bad + last());
      assert.equal(received, "");
    }
  });

  test("CL.0: a GET with a body is the last of its connection, since a server may not expect one", async () => {
    const asks = get(length(HIDDEN)) + HIDDEN;
    const sees = get(`${length(HIDDEN)}Connection: close\r\n`) + HIDDEN;
    answers = [sees];
    assert.match(await world.exchange(asks + last()), /^HTTP\/1\.1 200 .*Connection: close\r\n.*served$/s);
    assert.equal(received, sees);
  });

  test("a server that answers before the body has come gets all of the body before the next request", async () => {
    const head = get(`${length(HIDDEN)}${KEPT}`, "POST /early HTTP/1.1");
    const next = get(KEPT, "GET /next HTTP/1.1");
    // Answered as soon as some of it has come.
    answers = [head + HIDDEN.slice(0, 20), HIDDEN.slice(20) + next];
    const socket = await world.tls();
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.write(get(length(HIDDEN), "POST /early HTTP/1.1") + HIDDEN.slice(0, 20));
    await until(() => text.endsWith("served"), "it is answered already");
    socket.write(HIDDEN.slice(20) + get("", "GET /next HTTP/1.1"));
    await until(() => text.split("served").length === 3, "the next is answered");
    assert.equal(received, head + HIDDEN + next);
    socket.destroy();
  });

  test("negative control: what was hidden before is seen when it stands where a request stands and is permitted", async () => {
    const shown = HIDDEN.replace("forbidden", "permitted");
    const first = post(`Content-Length: 0\r\n${KEPT}`);
    const second = shown.replace("\r\n\r\n", `\r\n${KEPT}\r\n`);
    answers = [first, second];
    const answer = await world.exchange(post("Content-Length: 0\r\n") + shown + last().replace("/last", "/forbidden"));
    assert.match(answer, /served.*served.* 403 /s);
    assert.equal(received, first + second);
  });
});
