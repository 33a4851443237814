// SAFETY: Node's HTTP/2 (nghttp2) over two connections that exist and are both TLS. Every stream is decided by itself and opened anew towards
// the server; no push, no CONNECT, no extended CONNECT.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Decision } from "@bailiwick/policy";
import { unsignableBody } from "../credentials/refusals.ts";
import { describeError } from "../tcp/joined.ts";
import { refusalAnswer } from "./answer.ts";
import type { Admission, Exchange, Exchanges } from "./exchange.ts";
import { answerFields, type Fields, fieldsOf, flat, tokensOf, valuesOf, withoutHopByHop } from "./headers.ts";
import { pump } from "./pump.ts";
import { httpRefusals } from "./refusals.ts";
import { plainAuthority, type SentRequest } from "./screen.ts";
import { signedFor } from "./signed-body.ts";

/** The default of 64 KiB would stop a stream at every round trip. */
const STREAM_WINDOW = 2 ** 20;
const CONNECTION_WINDOW = 2 ** 24;
const MOST_STREAMS = 1_000;
const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM } = constants;

const SETTINGS = { initialWindowSize: STREAM_WINDOW, maxHeaderListSize: 65_536, enablePush: false } as const;

type Sending = Extract<Admission, { kind: "send" }>;

/** Serves one client's connection over one connection to the server, until the client's has closed; resolves with what was no HTTP/2 of it. */
export async function serveHttp2(
  client: TLSSocket,
  server: TLSSocket,
  {
    origin,
    exchanges,
    redial,
  }: { readonly origin: string; readonly exchanges: Exchanges; readonly redial: () => Promise<TLSSocket> },
): Promise<string | undefined> {
  const onward = openOnward(origin, server);
  const inward = performServerHandshake(client, {
    settings: { ...SETTINGS, enableConnectProtocol: false, maxConcurrentStreams: MOST_STREAMS },
    maxSessionMemory: 64,
  });
  inward.setLocalWindowSize(CONNECTION_WINDOW);
  let failure: string | undefined;
  let refused: Promise<Decision> | undefined;
  // Errors of streams are handled there; a session's are followed by its close.
  inward.on("error", (error) => {
    if (!isUnreadable(error)) return;
    refused ??= exchanges.refuseUnread(httpRefusals.unreadable(error.message));
  });
  const reconnect = async (): Promise<ClientHttp2Session> => openOnward(origin, await redial());
  inward.on("stream", (stream: ServerHttp2Stream, _: IncomingHttpHeaders, flags: number, raw: string[]) => {
    const place = { stream, onward, exchanges, reconnect };
    handle(place, fieldsOf(raw), (flags & NGHTTP2_FLAG_END_STREAM) !== 0).catch((error: unknown) => {
      // What fails unforeseen ends this connection, and nothing of it goes on.
      failure ??= describeError(error);
      inward.destroy();
    });
  });
  const wind = (): void => {
    closeSession(inward);
  };
  onward.once("goaway", wind);
  onward.once("close", wind);
  await new Promise<void>((resolve) => inward.once("close", () => resolve()));
  onward.destroy();
  client.destroy();
  server.destroy();
  const decision = await refused;
  return decision === undefined ? failure : `refused: ${decision.reason}`;
}

/** What nghttp2 ends a connection for; not that the client is gone. */
function isUnreadable(error: Error): boolean {
  return "code" in error && error.code === "ERR_HTTP2_ERROR";
}

function openOnward(origin: string, server: TLSSocket): ClientHttp2Session {
  const onward = connect(origin, { createConnection: (): Duplex => server, settings: SETTINGS, maxSessionMemory: 64 });
  onward.once("connect", () => {
    onward.setLocalWindowSize(CONNECTION_WINDOW);
  });
  onward.on("error", () => undefined);
  return onward;
}

/** Open streams end by themselves; the client opens new ones elsewhere. */
function closeSession(session: ServerHttp2Session | ClientHttp2Session): void {
  if (!session.closed && !session.destroyed) session.close();
}

interface Place {
  readonly stream: ServerHttp2Stream;
  readonly onward: ClientHttp2Session;
  readonly exchanges: Exchanges;
}

interface Arrival extends Place {
  /** Once more to the same server, for one request. */
  readonly reconnect: () => Promise<ClientHttp2Session>;
}

async function handle(place: Arrival, raw: Fields, isWhole: boolean): Promise<void> {
  const { stream, exchanges } = place;
  stream.on("error", () => undefined);
  const gone = new AbortController();
  stream.once("close", () => gone.abort());
  const admission = await exchanges.admit(sentRequest(raw), gone.signal);
  if (admission.kind === "refuse") {
    if (stream.destroyed) return;
    refuse(stream, raw, admission.decision);
    return;
  }
  if (admission.sign !== undefined && !isWhole) {
    const decision = await exchanges.refuseUnread(unsignableBody(0));
    admission.exchange.end(`refused: ${decision.reason}`);
    if (!stream.destroyed) refuse(stream, raw, decision);
    return;
  }
  const onward = await onwardFor(place, admission.wasAsked);
  if (stream.destroyed) admission.exchange.end("client: closed");
  else if (onward === undefined) {
    admission.exchange.end("server: closed");
    stream.close(constants.NGHTTP2_REFUSED_STREAM);
  } else forward({ stream, onward, exchanges }, signedFor(admission), { raw, isWhole });
}

/** A request that waited for a person goes on over a connection of its own where the server did not wait. */
async function onwardFor(
  { stream, onward, reconnect }: Arrival,
  wasAsked: boolean,
): Promise<ClientHttp2Session | undefined> {
  if (!onward.closed && !onward.destroyed) return onward;
  if (!wasAsked || stream.destroyed) return undefined;
  try {
    const own = await reconnect();
    if (stream.closed) own.destroy();
    else stream.once("close", () => own.close());
    return own;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function refuse(stream: ServerHttp2Stream, raw: Fields, decision: Decision, as = 403): void {
  const { status, contentType, body } = refusalAnswer(decision, raw, as);
  stream.resume();
  stream.respond({ ":status": status, "content-type": contentType, "content-length": body.length });
  stream.end(body);
}

/** The pseudo-header fields and the rest. Where `host` stands beside `:authority`, both must name the host. */
function sentRequest(raw: Fields): SentRequest {
  const authorities = new Set([...valuesOf(raw, ":authority"), ...valuesOf(raw, "host")].map(plainAuthority));
  // nghttp2 lets neither a second pseudo-header field nor an unknown one through.
  const protocol = valuesOf(raw, ":protocol")[0];
  return {
    method: valuesOf(raw, ":method")[0] ?? "",
    target: valuesOf(raw, ":path")[0] ?? "",
    authorities: [...authorities],
    fields: raw.filter(([name]) => !name.startsWith(":") && name !== "host"),
    upgrade: protocol,
    version: "2",
  };
}

function outgoing(raw: Fields, { target, fields }: Sending): OutgoingHttpHeaders {
  const headers = grouped(withoutHopByHop(fields));
  // Without it a gRPC server does not answer; it is the one value that HTTP/2 has for this field.
  if (tokensOf(raw, "te").includes("trailers")) headers["te"] = "trailers";
  const authority = plainAuthority(valuesOf(raw, ":authority")[0] ?? valuesOf(raw, "host")[0] ?? "");
  return Object.assign(headers, {
    ":method": valuesOf(raw, ":method")[0],
    ":scheme": "https",
    ":authority": authority,
    ":path": target,
  });
}

/** Fields of one name keep their order. Gathered in a map: `constructor` and `__proto__` are names like any other. */
function grouped(fields: Fields): OutgoingHttpHeaders {
  const headers = new Map<string, string | string[]>();
  for (const [name, value] of fields) {
    const lower = name.toLowerCase();
    const known = headers.get(lower);
    if (known === undefined) headers.set(lower, value);
    else if (typeof known === "string") headers.set(lower, [known, value]);
    else known.push(value);
  }
  return Object.fromEntries(headers);
}

function forward(
  { stream, onward, exchanges }: Place,
  admission: Sending,
  { raw, isWhole }: { readonly raw: Fields; readonly isWhole: boolean },
): void {
  const { exchange } = admission;
  let sent: ClientHttp2Stream;
  try {
    sent = onward.request(outgoing(raw, admission), { endStream: isWhole });
  } catch (error) {
    // Node refuses to send some fields twice that it receives twice.
    const why = describeError(error);
    exchange.end(`not sent: ${why}`);
    void exchanges.refuseUnread(httpRefusals.unreadable(`it could not be written anew: ${why}`)).then((decision) => {
      if (!stream.destroyed) refuse(stream, raw, decision, 400);
    });
    return;
  }
  const abandon = (why: string): void => {
    if (exchange.isOver) return;
    exchange.end(why);
    // Not closed: Node would end what is unfinished before it resets the stream, and the other side would take it for whole.
    sent.destroy(new Error(why));
    stream.destroy(new Error(why));
  };
  sent.on("error", (error) => abandon(`server: ${describeError(error)}`));
  sent.on("close", () => {
    if (!sent.readableEnded) abandon("server: closed");
  });
  stream.on("close", () => {
    // Not by what the stream says: Node ends it by itself when the client resets it without an error.
    exchange.end(sent.readableEnded ? undefined : "client: closed");
    if (!sent.destroyed) sent.destroy(new Error("client: closed"));
  });
  if (!isWhole) sendBody({ stream, onward, exchanges }, { sent, exchange, raw, abandon });
  answerWith({ stream, onward, exchanges }, { sent, exchange, raw, abandon });
}

interface Way {
  readonly sent: ClientHttp2Stream;
  readonly exchange: Exchange;
  readonly raw: Fields;
  readonly abandon: (why: string) => void;
}

function sendBody({ stream, exchanges }: Place, { sent, exchange, raw }: Way): void {
  const scan = exchanges.credentials.scanBody();
  const refuseLate = (decision: Decision): void => {
    exchange.end(`refused: ${decision.reason}`);
    sent.destroy(new Error("refused"));
    if (stream.headersSent) stream.close(NGHTTP2_CANCEL);
    else refuse(stream, raw, decision);
  };
  const mayGoOn = (decision: Decision | undefined): boolean => {
    if (decision !== undefined) refuseLate(decision);
    return decision === undefined;
  };
  const finish = async (): Promise<void> => {
    const { look: last, bytesSent } = exchange;
    if (last === undefined || bytesSent === 0 || mayGoOn(await last.finish())) sent.end();
  };
  let isLate = false;
  stream.on("trailers", () => {
    isLate = true;
    void exchanges.refuseUnread(httpRefusals.trailers()).then(refuseLate);
  });
  const look = (chunk: Buffer): boolean | Promise<boolean> => {
    exchange.sent(chunk);
    const found = scan?.take(chunk);
    const misuse = found === undefined ? undefined : exchanges.misusedInBody(found);
    const verdict = misuse ?? exchange.look?.take(chunk);
    return verdict instanceof Promise ? verdict.then(mayGoOn) : mayGoOn(verdict);
  };
  pump(stream, sent, look, () => {
    // Headers after the body are told after its end, and the server must not have seen that then.
    setImmediate(() => {
      if (!isLate) void finish();
    });
  });
}

function answerWith({ stream, exchanges }: Place, { sent, exchange, abandon }: Way): void {
  const scan = exchanges.scanAnswer();
  const withhold = (credential: string): void => {
    exchanges.misusedInAnswer(credential);
    abandon(`refused: the answer holds the credential \`${credential}\``);
  };
  /** Node refuses to write some of what it reads: a status of 999, a field twice that may stand once. */
  const unwritable = (error: unknown): void => {
    if (!(error instanceof Error)) throw error;
    abandon(`server: ${describeError(error)}`);
  };
  let trailers: OutgoingHttpHeaders = {};
  sent.on("headers", (headers: IncomingHttpHeaders) => {
    // Early hints and the like are left out: only this one is waited for.
    const isWaitedFor = Number(headers[":status"]) === 100 && !stream.headersSent && !stream.destroyed;
    if (isWaitedFor) stream.additionalHeaders({ ":status": 100 });
  });
  sent.on("response", (headers: IncomingHttpHeaders, flags: number, raw?: string[]) => {
    const fields = fieldsOf(raw ?? []).filter(([name]) => !name.startsWith(":"));
    const status = Number(headers[":status"]);
    exchange.answered(status, fields);
    const echoed = scan?.take(Buffer.from(flat(fields).join("\n")));
    if (echoed !== undefined) {
      withhold(echoed);
      return;
    }
    if (stream.destroyed || stream.headersSent) return;
    const endStream = (flags & NGHTTP2_FLAG_END_STREAM) !== 0;
    try {
      const answer = Object.assign(grouped(answerFields(fields)), { ":status": status });
      stream.respond(answer, { endStream, waitForTrailers: !endStream });
    } catch (error) {
      unwritable(error);
    }
  });
  sent.on("trailers", (_: IncomingHttpHeaders, __: number, raw?: string[]) => {
    trailers = grouped(fieldsOf(raw ?? []));
  });
  stream.on("wantTrailers", () => {
    try {
      stream.sendTrailers(trailers);
    } catch (error) {
      unwritable(error);
    }
  });
  pump(sent, stream, (chunk) => {
    exchange.received(chunk);
    const found = scan?.take(chunk);
    if (found !== undefined) withhold(found);
    return found === undefined;
  });
  sent.on("end", () => {
    if (stream.headersSent && stream.writable) stream.end();
  });
}
