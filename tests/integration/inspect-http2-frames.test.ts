/**
 * HTTP/2 through the gateway, said frame by frame: the cases of h2spec (generic, http2, hpack), and what smuggling has been made of. What the server behind
 * sees is what was decided about, and nothing else.
 */
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import {
  data,
  ERROR,
  fieldBlock,
  type FieldLine,
  FLAG,
  type Frame,
  frame,
  FrameConnection,
  headers,
  PREFACE,
  settings,
  TYPE,
  uint32,
} from "../support/http2-frames.ts";
import { ALLOWED, DENIED, until } from "./egress-world.ts";
import { HOST, openInspectedWorld, type InspectedWorld } from "./inspect-world.ts";

let world: InspectedWorld;
const seen: string[] = [];
const opened: FrameConnection[] = [];

function listener(request: IncomingMessage, response: ServerResponse): void {
  let body = "";
  request.on("error", () => undefined);
  request.on("data", (chunk: Buffer) => (body += chunk.toString("latin1")));
  request.on("end", () => {
    // What is reset ends as well, and is no request.
    if (request.aborted) return;
    const own = request.rawHeaders.flatMap((name, index) =>
      index % 2 === 0 && name.startsWith("x-") ? [`${name}=${request.rawHeaders[index + 1] ?? ""}`] : [],
    );
    seen.push([request.method, request.url, ...own, ...(body === "" ? [] : [body])].join(" "));
    response.end("served");
  });
}

before(async () => {
  world = await openInspectedWorld({
    listener,
    http2: true,
    decideRequest: ({ paths }) => (paths.some(([first]) => first === "forbidden") ? DENIED : ALLOWED),
  });
});
after(() => world.close());
beforeEach(() => {
  seen.length = 0;
});
/** Whatever was said: the next connection is served, and none is left over. */
afterEach(async () => {
  for (const client of opened.splice(0)) await client.close();
  const client = await open();
  client.send(get(1, "/after"));
  assert.ok(await client.first(endsStream(1)));
  await until(() => seen.at(-1) === "GET /after", "it was served");
  for (const one of opened.splice(0)) await one.close();
  await until(() => world.of("opened").length === world.of("closed").length, "every connection has ended");
});

const authority = (): string => `${HOST}:${String(world.port)}`;
const fields = (method: string, path: string, more: readonly FieldLine[] = []): readonly FieldLine[] => [
  [":method", method],
  [":scheme", "https"],
  [":authority", authority()],
  [":path", path],
  ...more,
];
const get = (stream: number, path = "/x", more: readonly FieldLine[] = []): Buffer =>
  headers(stream, fields("GET", path, more));
const post = (stream: number, path = "/x", more: readonly FieldLine[] = []): Buffer =>
  headers(stream, fields("POST", path, more), FLAG.endHeaders);
const endsStream =
  (stream: number) =>
  ({ type, flags, stream: at }: Frame): boolean =>
    at === stream &&
    (type === TYPE.rstStream || ((type === TYPE.data || type === TYPE.headers) && (flags & FLAG.endStream) !== 0));
const isAnswer =
  (stream: number) =>
  (one: Frame): boolean =>
    one.type === TYPE.headers && one.stream === stream;
const isEnd = ({ type }: Frame): boolean => type === TYPE.goaway || type === TYPE.rstStream;
const errorOf = ({ type, payload }: Frame): number => payload.readUInt32BE(type === TYPE.goaway ? 4 : 0);
/** Part of a block of fields, without flags unless said. */
const headersPart = (stream: number, block: Buffer, flags = 0): Buffer =>
  frame(TYPE.headers, { stream, flags, payload: block });
const continuation = (stream: number, block: Buffer, flags = 0): Buffer =>
  frame(TYPE.continuation, { stream, flags, payload: block });
const priority = (stream: number): Buffer =>
  frame(TYPE.priority, { stream, payload: Buffer.concat([uint32(0), Buffer.from([1])]) });
/** Said last: its answer shows that all before it was read. */
const LAST = frame(TYPE.ping, { payload: Buffer.from("the last") });
const isLast = ({ type, flags }: Frame): boolean => type === TYPE.ping && (flags & FLAG.ack) !== 0;
const NOTHING = Buffer.alloc(0);
/** The fields of a GET whose path is the rest of the block. */
const blockBefore = (): Buffer => fieldBlock(fields("GET", "/x").slice(0, 3));

async function open(first: Buffer = settings()): Promise<FrameConnection> {
  const client = new FrameConnection(await world.tls({ ALPNProtocols: ["h2"] }));
  opened.push(client);
  client.send(PREFACE, first);
  // What this side of the gateway permits holds from its acknowledgement on.
  await client.first(({ type }) => type === TYPE.settings);
  return client;
}

describe("what HTTP/2 has is served as it was sent", () => {
  const cases: readonly [what: string, bytes: () => readonly Buffer[], sees: string][] = [
    ["a PRIORITY frame on an idle stream", () => [frame(TYPE.priority, { stream: 1, payload: Buffer.concat([uint32(0), Buffer.from([15])]) }), get(1)], "GET /x"],
    ["PRIORITY for a later stream", () => [frame(TYPE.priority, { stream: 7, payload: Buffer.concat([uint32(0x8000_0003), Buffer.from([255])]) }), get(1)], "GET /x"],
    ["HEADERS with a priority", () => [headersPart(1, Buffer.concat([uint32(0), Buffer.from([7]), fieldBlock(fields("GET", "/x"))]), FLAG.priority | FLAG.endHeaders | FLAG.endStream)], "GET /x"],
    ["HEADERS with padding", () => [headersPart(1, Buffer.concat([Buffer.from([3]), fieldBlock(fields("GET", "/x")), Buffer.alloc(3)]), FLAG.padded | FLAG.endHeaders | FLAG.endStream)], "GET /x"],
    ["fields over several CONTINUATION frames", () => [headersPart(1, blockBefore(), FLAG.endStream), continuation(1, fieldBlock([[":path", "/x"]])), continuation(1, fieldBlock([["x-own", "1"]]), FLAG.endHeaders)], "GET /x x-own=1"],
    ["DATA with padding", () => [post(1), frame(TYPE.data, { stream: 1, flags: FLAG.padded | FLAG.endStream, payload: Buffer.concat([Buffer.from([5]), Buffer.from("body"), Buffer.alloc(5)]) })], "POST /x body"],
    ["DATA in several frames, empty ones between", () => [post(1), data(1, "bo", 0), data(1, "", 0), data(1, "dy", 0), data(1, "")], "POST /x body"],
    ["2^14 octets in one frame", () => [post(1), data(1, "x".repeat(2 ** 14))], `POST /x ${"x".repeat(2 ** 14)}`],
    ["a frame of an unknown type", () => [frame(0x16, { payload: Buffer.alloc(8) }), get(1)], "GET /x"],
    ["undefined flags", () => [frame(TYPE.ping, { flags: 0x16, payload: Buffer.alloc(8) }), get(1)], "GET /x"],
    ["the reserved bit before the stream's number", () => [frame(TYPE.ping, { stream: 0x8000_0000, payload: Buffer.alloc(8) }), get(1)], "GET /x"],
    ["an unknown setting", () => [settings([0xff, 1]), get(1)], "GET /x"],
    ["a GOAWAY of the client", () => [get(1), frame(TYPE.goaway, { payload: uint32(0, 0) })], "GET /x"],
    ["windows that are opened on both levels", () => [get(1), frame(TYPE.windowUpdate, { payload: uint32(1) }), frame(TYPE.windowUpdate, { stream: 1, payload: uint32(1) })], "GET /x"],
    ["indexed fields, and a table that is made smaller first", () => [headersPart(1, Buffer.concat([Buffer.from([0x20, 0x3f, 0x09, 0x82, 0x87]), fieldBlock([[":authority", authority()], [":path", "/x"]])]), FLAG.endHeaders | FLAG.endStream)], "GET /x"],
    ["Huffman codes, and fields that are never indexed", () => [headersPart(1, Buffer.concat([Buffer.from([0x82, 0x87]), fieldBlock([[":authority", authority()], [":path", "/x"]]), Buffer.from([0x10, 5]), Buffer.from("x-own"), Buffer.from([0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff])]), FLAG.endHeaders | FLAG.endStream)], "GET /x x-own=www.example.com"],
    ["names that objects have of themselves", () => [get(1, "/x", [["x-own", "1"], ["constructor", "2"], ["__proto__", "3"]])], "GET /x x-own=1"],
    ["a scheme that is not this connection's", () => [headers(1, [[":method", "GET"], [":scheme", "http"], [":authority", authority()], [":path", "/x"]])], "GET /x"],
  ]; // prettier-ignore
  for (const [what, bytes, sees] of cases) {
    test(what, async () => {
      const client = await open();
      client.send(...bytes());
      const answer = await client.first(isAnswer(1));
      assert.ok(answer, "it was not answered");
      await until(() => seen.length > 0, "it came");
      assert.deepEqual(seen, [sees]);
    });
  }

  test("SETTINGS and PING are acknowledged", async () => {
    const client = await open();
    client.send(LAST);
    assert.ok(await client.first(({ type, flags }) => type === TYPE.settings && (flags & FLAG.ack) !== 0));
    assert.equal((await client.first(isLast))?.payload.toString(), "the last");
  });

  test("an answer waits for the window, also for one that is made smaller and larger meanwhile", async () => {
    const client = await open(settings([4, 1]));
    client.send(get(1));
    assert.equal((await client.first((one) => one.type === TYPE.data))?.payload.length, 1);
    client.send(settings([4, 3]));
    await client.first(() => client.frames.filter(({ type }) => type === TYPE.data).length === 2);
    client.send(frame(TYPE.windowUpdate, { stream: 1, payload: uint32(100) }));
    await client.first(endsStream(1));
    const pieces = client.frames.filter(({ type, payload }) => type === TYPE.data && payload.length > 0);
    assert.deepEqual(
      pieces.map(({ payload }) => payload.toString()),
      ["s", "er", "ved"],
    );
  });
});

describe("what is no HTTP/2 ends the connection, and is in the record", () => {
  const { protocol, frameSize, compression, flowControl, streamClosed } = ERROR;
  const ping = (stream: number, length = 8): Buffer => frame(TYPE.ping, { stream, payload: Buffer.alloc(length) });
  const block = (...bytes: readonly number[]): Buffer =>
    headersPart(
      1,
      Buffer.concat([fieldBlock(fields("GET", "/x")), Buffer.from(bytes)]),
      FLAG.endHeaders | FLAG.endStream,
    );
  const cases: readonly [what: string, bytes: () => readonly Buffer[], errors: readonly number[]][] = [
    ["DATA on an idle stream", () => [data(1, "x")], [protocol, streamClosed]],
    ["DATA on stream 0", () => [data(0, "x")], [protocol]],
    ["RST_STREAM on an idle stream", () => [frame(TYPE.rstStream, { stream: 1, payload: uint32(8) })], [protocol]],
    ["RST_STREAM on stream 0", () => [frame(TYPE.rstStream, { stream: 0, payload: uint32(8) })], [protocol]],
    ["RST_STREAM of three octets", () => [post(1), frame(TYPE.rstStream, { stream: 1, payload: Buffer.alloc(3) })], [frameSize]],
    ["WINDOW_UPDATE on an idle stream", () => [frame(TYPE.windowUpdate, { stream: 1, payload: uint32(1) })], [protocol]],
    ["WINDOW_UPDATE of 0", () => [frame(TYPE.windowUpdate, { payload: uint32(0) })], [protocol]],
    ["WINDOW_UPDATE of three octets", () => [frame(TYPE.windowUpdate, { payload: Buffer.alloc(3) })], [frameSize]],
    ["windows above 2^31-1", () => [frame(TYPE.windowUpdate, { payload: uint32(0x7fff_ffff) }), frame(TYPE.windowUpdate, { payload: uint32(0x7fff_ffff) })], [flowControl]],
    ["CONTINUATION on an idle stream", () => [continuation(1, fieldBlock(fields("GET", "/x")), FLAG.endHeaders)], [protocol]],
    ["CONTINUATION on stream 0", () => [headersPart(1, blockBefore(), FLAG.endStream), continuation(0, fieldBlock([[":path", "/x"]]), FLAG.endHeaders)], [protocol]],
    ["CONTINUATION after the fields have ended", () => [post(1), continuation(1, fieldBlock([["x-late", "1"]]), FLAG.endHeaders)], [protocol]],
    ["CONTINUATION after DATA", () => [post(1), data(1, "x", 0), continuation(1, fieldBlock([["x-late", "1"]]), FLAG.endHeaders)], [protocol]],
    ["PRIORITY amid the fields", () => [headersPart(1, blockBefore(), FLAG.endStream), priority(1), continuation(1, fieldBlock([[":path", "/x"]]), FLAG.endHeaders)], [protocol]],
    ["HEADERS of another stream amid the fields", () => [headersPart(1, blockBefore(), FLAG.endStream), get(3), continuation(1, fieldBlock([[":path", "/x"]]), FLAG.endHeaders)], [protocol]],
    ["an unknown frame amid the fields", () => [headersPart(1, blockBefore(), FLAG.endStream), frame(0x16, { stream: 1, payload: Buffer.alloc(8) }), continuation(1, fieldBlock([[":path", "/x"]]), FLAG.endHeaders)], [protocol]],
    ["HEADERS on stream 0", () => [get(0)], [protocol]],
    ["HEADERS on an even stream", () => [get(2)], [protocol]],
    ["HEADERS with more padding than there is", () => [headersPart(1, Buffer.concat([Buffer.from([255]), fieldBlock([[":method", "GET"]])]), FLAG.padded | FLAG.endHeaders)], [protocol, frameSize]],
    ["DATA with more padding than there is", () => [post(1), frame(TYPE.data, { stream: 1, flags: FLAG.padded, payload: Buffer.from([6, 0, 0]) })], [protocol]],
    ["HEADERS larger than a frame may be", () => [headersPart(1, fieldBlock(fields("GET", "/x", [["x-large", "x".repeat(2 ** 14 + 1)]])), FLAG.endHeaders | FLAG.endStream)], [frameSize]],
    ["DATA larger than a frame may be", () => [post(1), data(1, "x".repeat(2 ** 14 + 1))], [frameSize]],
    ["SETTINGS on a stream", () => [frame(TYPE.settings, { stream: 1 })], [protocol]],
    ["SETTINGS of three octets", () => [frame(TYPE.settings, { payload: Buffer.alloc(3) })], [frameSize]],
    ["acknowledged SETTINGS that hold some", () => [frame(TYPE.settings, { flags: FLAG.ack, payload: Buffer.alloc(6) })], [frameSize]],
    ["ENABLE_PUSH of 2", () => [settings([2, 2])], [protocol]],
    ["an INITIAL_WINDOW_SIZE above 2^31-1", () => [settings([4, 0x8000_0000])], [flowControl]],
    ["a MAX_FRAME_SIZE below 2^14", () => [settings([5, 2 ** 14 - 1])], [protocol]],
    ["a MAX_FRAME_SIZE above 2^24-1", () => [settings([5, 2 ** 24])], [protocol]],
    ["ENABLE_CONNECT_PROTOCOL of 2", () => [settings([8, 2])], [protocol]],
    ["PING on a stream", () => [ping(1)], [protocol]],
    ["PING of six octets", () => [ping(0, 6)], [frameSize]],
    ["GOAWAY on a stream", () => [frame(TYPE.goaway, { stream: 1, payload: uint32(0, 0) })], [protocol]],
    ["PUSH_PROMISE of a client", () => [post(1), frame(TYPE.pushPromise, { stream: 1, flags: FLAG.endHeaders, payload: Buffer.concat([uint32(2), fieldBlock(fields("GET", "/forbidden"))]) })], [protocol]],
    ["an index that the table does not have", () => [block(0xff, 0x00)], [compression]],
    ["the index 0", () => [block(0x80)], [compression]],
    ["a name by an index that the table does not have", () => [block(0x7f, 0xff, 0x00, 1, 0x61)], [compression]],
    ["a change of the table's size at the end", () => [block(0x20)], [compression]],
    ["a table larger than was permitted", () => [headersPart(1, Buffer.concat([Buffer.from([0x3f, 0xff, 0xff, 0x7f]), fieldBlock(fields("GET", "/x"))]), FLAG.endHeaders | FLAG.endStream)], [compression]],
    ["Huffman codes padded with more than seven bits", () => [block(0x00, 0x81, 0xff, 0x82, 0xff, 0xff)], [compression]],
    ["Huffman codes padded with zeros", () => [block(0x00, 0x81, 0x1c << 3, 0x81, 0x18)], [compression]],
    ["Huffman codes with EOS", () => [block(0x00, 0x81, 0x1f, 0x84, 0xff, 0xff, 0xff, 0xff)], [compression]],
    ["a string longer than its block", () => [block(0x00, 0x7f, 0xff, 0x01, 0x61)], [compression]],
    ["an integer without an end", () => [block(0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)], [compression]],
  ]; // prettier-ignore
  for (const [what, bytes, errors] of cases) {
    test(what, async () => {
      const refused = world.of("requestRefused").length;
      const client = await open();
      client.send(...bytes(), LAST);
      const end = await client.first((one) => one.type === TYPE.goaway || isLast(one));
      assert.ok(end?.type === TYPE.goaway, "no GOAWAY came");
      assert.ok(errors.includes(errorOf(end)), `the error was ${String(errorOf(end))}`);
      await until(() => world.of("requestRefused").length > refused, "it is in the record");
      assert.match(world.of("requestRefused").at(-1)?.decision.reason ?? "", /cannot be read as one thing only/);
      assert.deepEqual(seen, []);
    });
  }

  test("what is no preface", async () => {
    const client = new FrameConnection(await world.tls({ ALPNProtocols: ["h2"] }));
    opened.push(client);
    client.send(Buffer.from("GET /forbidden HTTP/1.1\r\nHost: api.test\r\n\r\n"), get(1, "/forbidden"));
    await client.first(() => false);
    assert.deepEqual(seen, []);
  });
});

describe("what is no request ends its stream alone", () => {
  const only = (...lines: readonly FieldLine[]): Buffer => headers(1, lines);
  const without = (name: string): Buffer =>
    headers(
      1,
      fields("GET", "/x").filter(([known]) => known !== name),
    );
  const withMore = (...more: readonly FieldLine[]): Buffer => get(1, "/x", more);
  const cases: readonly [what: string, bytes: () => readonly Buffer[]][] = [
    ["an unknown pseudo-header field", () => [only(...fields("GET", "/x"), [":test", "1"])]],
    ["`:status` in a request", () => [only(...fields("GET", "/x"), [":status", "200"])]],
    ["a pseudo-header field after the others", () => [only([":method", "GET"], [":scheme", "https"], ["x-own", "1"], [":authority", authority()], [":path", "/x"])]],
    ["a pseudo-header field after the body", () => [post(1), data(1, "x", 0), headers(1, [[":path", "/forbidden"]])]],
    ["no method", () => [without(":method")]],
    ["no scheme", () => [without(":scheme")]],
    ["no path", () => [without(":path")]],
    ["an empty path", () => [get(1, "")]],
    ["two methods", () => [only([":method", "GET"], ...fields("POST", "/x"))]],
    ["two schemes", () => [only([":scheme", "http"], ...fields("GET", "/x"))]],
    ["two paths", () => [only([":path", "/forbidden"], ...fields("GET", "/x"))]],
    ["two authorities", () => [only([":authority", "evil.test"], ...fields("GET", "/x"))]],
    ["`connection`", () => [withMore(["connection", "keep-alive"])]],
    ["`keep-alive`", () => [withMore(["keep-alive", "1"])]],
    ["`proxy-connection`", () => [withMore(["proxy-connection", "keep-alive"])]],
    ["`upgrade`", () => [withMore(["upgrade", "h2c"])]],
    ["`te` that is not `trailers`", () => [withMore(["te", "trailers, deflate"])]],
    ["H2.TE: `transfer-encoding`", () => [post(1, "/x", [["transfer-encoding", "chunked"]]), data(1, "0\r\n\r\nGET /forbidden HTTP/1.1\r\n\r\n")]],
    ["H2.CL: a length of less than the body", () => [post(1, "/x", [["content-length", "0"]]), data(1, "GET /forbidden HTTP/1.1\r\n\r\n")]],
    ["H2.CL: a length of more than the body", () => [post(1, "/x", [["content-length", "9"]]), data(1, "short")]],
    ["H2.CL: a length of more than the body, over frames", () => [post(1, "/x", [["content-length", "9"]]), data(1, "sho", 0), data(1, "rt")]],
    ["H2.CL: two lengths", () => [post(1, "/x", [["content-length", "0"], ["content-length", "5"]]), data(1, "short")]],
    ["H2.CL: a list of lengths", () => [post(1, "/x", [["content-length", "5, 5"]]), data(1, "short")]],
    ["H2.CL: a length with a sign", () => [post(1, "/x", [["content-length", "+5"]]), data(1, "short")]],
    ["a name in capitals", () => [withMore(["X-Own", "1"])]],
    ["a line end in a path", () => [get(1, "/x HTTP/1.1\r\nhost: evil.test\r\n\r\n")]],
    ["a space in a path", () => [get(1, "/x HTTP/1.1")]],
    ["a line end in a method", () => [only(...fields("GET /forbidden HTTP/1.1\r\nx-own: 1", "/x"))]],
    ["a space in a method", () => [only(...fields("GET /forbidden", "/x"))]],
    ["a line end in an authority", () => [only([":method", "GET"], [":scheme", "https"], [":authority", `${HOST}\r\nx-own: 1`], [":path", "/x"])]],
    ["a line end in a scheme", () => [only([":method", "GET"], [":scheme", "https\r\nx-own: 1"], [":authority", HOST], [":path", "/x"])]],
    ["a priority of a stream that depends on itself", () => [headersPart(1, Buffer.concat([uint32(1), Buffer.from([255]), fieldBlock(fields("GET", "/x"))]), FLAG.priority | FLAG.endHeaders | FLAG.endStream)]],
    ["a window above 2^31-1", () => [post(1), frame(TYPE.windowUpdate, { stream: 1, payload: uint32(0x7fff_ffff) }), frame(TYPE.windowUpdate, { stream: 1, payload: uint32(0x7fff_ffff) })]],
    ["a window that grows by 0", () => [post(1), frame(TYPE.windowUpdate, { stream: 1, payload: uint32(0) })]],
    ["a second HEADERS that is not the end", () => [post(1), headers(1, [["x-own", "1"]], FLAG.endHeaders), data(1, "x")]],
    ["DATA after RST_STREAM", () => [post(1), frame(TYPE.rstStream, { stream: 1, payload: uint32(8) }), data(1, "x")]],
    ["HEADERS after RST_STREAM", () => [post(1), frame(TYPE.rstStream, { stream: 1, payload: uint32(8) }), get(1, "/forbidden")]],
    ["extended CONNECT, which was not offered", () => [only([":protocol", "websocket"], ...fields("CONNECT", "/x"))]],
  ]; // prettier-ignore
  for (const [what, bytes] of cases) {
    test(what, async () => {
      const client = await open();
      client.send(...bytes(), get(3, "/next"));
      // RFC 9113, section 5.4: an error of a stream may be one of the connection, and then what follows is not served.
      const next = await client.first((one) => isAnswer(3)(one) || one.type === TYPE.goaway);
      assert.ok(next, "the connection ended without a word");
      // 0x88 is `:status: 200` (RFC 7541, appendix A).
      assert.ok(!client.frames.some((one) => isAnswer(1)(one) && one.payload[0] === 0x88), "it was served");
      assert.deepEqual(seen, next.type === TYPE.goaway ? [] : ["GET /next"]);
    });
  }
});

describe("fields that are none are not there, for the decision and for the server alike", () => {
  // nghttp2 leaves them out; over HTTP/1.1 a server would read them as fields of their own.
  const cases: readonly [what: string, field: FieldLine][] = [
    ["an empty name", ["", "1"]],
    ["a line end in a name", ["x-own: 1\r\nx-smuggled", "1"]],
    ["a colon in a name", ["x-own:x-smuggled", "1"]],
    ["a space in a name", ["transfer-encoding ", "chunked"]],
    ["a line end in a value", ["x-own", "1\r\ntransfer-encoding: chunked"]],
    ["a bare line feed in a value", ["x-own", "1\ntransfer-encoding: chunked"]],
    ["a bare carriage return in a value", ["x-own", "1\rtransfer-encoding: chunked"]],
    ["NUL in a value", ["x-own", "1\0"]],
  ]; // prettier-ignore
  for (const [what, field] of cases) {
    test(what, async () => {
      const client = await open();
      client.send(get(1, "/x", [field]));
      assert.ok(await client.first(endsStream(1)));
      assert.deepEqual(seen, ["GET /x"]);
    });
  }
});

describe("a field that stands twice and may stand once is answered, and in the record", () => {
  const cases: readonly [field: string, said: RegExp][] = [
    // Servers take the first, the last or both, and policies are asked about it.
    ["content-type", /several content types/],
    // Node receives it and does not send it.
    ["user-agent", /could not be written anew/],
  ];
  for (const [field, said] of cases) {
    test(field, async () => {
      const client = await open();
      const refused = world.of("requestRefused").length;
      const twice: readonly FieldLine[] = [[field, "text/plain"], [field, "text/html"]]; // prettier-ignore
      client.send(post(1, "/x", twice), data(1, "short"), get(3, "/next"));
      assert.equal((await client.first(endsStream(1)))?.type, TYPE.data);
      const text = client.frames.filter(({ type, stream }) => type === TYPE.data && stream === 1);
      assert.match(Buffer.concat(text.map(({ payload }) => payload)).toString(), said);
      assert.ok(await client.first(endsStream(3)));
      assert.deepEqual(seen, ["GET /next"]);
      const [event, ...more] = world.of("requestRefused").slice(refused);
      assert.deepEqual(more, []);
      assert.match(event?.decision.reason ?? "", said);
      assert.deepEqual(event?.decision.policies, ["gateway:http"]);
    });
  }
});

describe("streams that are over, and numbers that were", () => {
  test("DATA and HEADERS after the end of a request's stream are none of it", async () => {
    for (const late of [
      data(1, "late"),
      headers(1, fields("GET", "/forbidden")),
      continuation(1, NOTHING, FLAG.endHeaders),
    ]) {
      seen.length = 0;
      const client = await open();
      client.send(get(1), late, LAST);
      await client.first((one) => isEnd(one) || isLast(one));
      assert.ok(
        seen.every((line) => line === "GET /x"),
        seen.join(),
      );
    }
  });

  test("a number below one that was used is none", async () => {
    const client = await open();
    client.send(get(5), get(3, "/forbidden"), LAST);
    await client.first((one) => one.type === TYPE.goaway || isLast(one));
    assert.ok(
      seen.every((line) => line === "GET /x"),
      seen.join(),
    );
  });

  test("more streams than were permitted are not served", async () => {
    const client = await open();
    const most = 1_000;
    client.send(...Array.from({ length: most + 1 }, (_, index) => post(2 * index + 1, "/held")), LAST);
    const end = await client.first((one) => isEnd(one) || isLast(one));
    assert.ok(end !== undefined && !isLast(end), "all were taken");
    assert.ok(new Set<number>([ERROR.protocol, ERROR.refusedStream]).has(errorOf(end)));
    assert.deepEqual(seen, []);
  });
});

describe("floods end their own connection", () => {
  const cases: readonly [what: string, bytes: () => readonly Buffer[]][] = [
    ["fields without an end", () => [headersPart(1, blockBefore()), ...Array.from({ length: 5_000 }, () => continuation(1, fieldBlock([["x-own", "x".repeat(100)]])))]],
    ["CONTINUATION frames that hold nothing", () => [headersPart(1, blockBefore()), ...Array.from({ length: 20_000 }, () => continuation(1, NOTHING))]],
    ["streams that are opened and reset at once", () => Array.from({ length: 5_000 }, (_, index) => [post(2 * index + 1), frame(TYPE.rstStream, { stream: 2 * index + 1, payload: uint32(8) })]).flat()],
  ]; // prettier-ignore
  for (const [what, bytes] of cases) {
    test(what, async () => {
      const client = await open();
      client.send(...bytes(), LAST);
      const end = await client.first((one) => one.type === TYPE.goaway || isLast(one));
      assert.ok(end === undefined || !isLast(end), "all of it was taken");
      assert.deepEqual(seen, []);
    });
  }
});

describe("negative control", () => {
  test("the same frames without what is wrong in them are served, and a decision alone keeps a path from the server", async () => {
    const client = await open();
    client.send(
      post(1, "/x", [
        ["content-length", "5"],
        ["te", "trailers"],
        ["x-own", "1"],
      ]),
      data(1, "short"),
      get(3, "/forbidden"),
      get(5, "/next"),
    );
    for (const stream of [1, 3, 5]) await client.first(endsStream(stream));
    assert.deepEqual([...seen].sort(), ["GET /next", "POST /x x-own=1 short"]);
  });
});
