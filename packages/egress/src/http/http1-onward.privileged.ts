// SAFETY: Node's HTTP client over the one connection that was dialled, and never another. What goes out is written anew from what was parsed.
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  request as sendRequest,
  type ServerResponse,
} from "node:http";
import { type Duplex, PassThrough, type Readable } from "node:stream";
import type { Decision } from "@bailiwick/policy";
import { describeError } from "../tcp/joined.ts";
import { refusalAnswer } from "./answer.ts";
import type { Admission, Exchange, Exchanges } from "./exchange.ts";
import { answerFields, type Fields, fieldsOf, flat, withoutHopByHop } from "./headers.ts";
import { pump } from "./pump.ts";
import { httpRefusals } from "./refusals.ts";
import { hasBody } from "./screen.ts";
import type { WaitingBody } from "./signed-body.ts";

export const MOST_HEADER_BYTES = 65_536;
/** A head goes with the first piece of its body, so that of a body that is broken from the start nothing goes; no longer than a client would notice. */
const HEAD_WAITS_MS = 500;

/** The connection of one client to one server. */
export interface Pair {
  readonly client: Duplex;
  readonly agent: OneConnection;
  readonly exchanges: Exchanges;
  /** Why the server cannot be spoken to; every request is answered so. */
  readonly unreachable: string | undefined;
  /** Aborts when the client is gone. */
  readonly gone: AbortSignal;
  /** Once more to the same server. */
  readonly redial: () => Promise<Duplex>;
  /** Requests that are being decided about; while there is any, a server that closes does not end the client. */
  waiting: number;
  /** What went wrong on this side, and ended the connection. */
  failure: string | undefined;
}

export type Sending = Extract<Admission, { kind: "send" }>;

/** A request and where its answer goes. */
export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The body, where it was read already. */
  readonly waiting?: WaitingBody;
}

/** Hands out the one connection that was dialled, and never makes another by itself. */
export class OneConnection extends Agent {
  #connection: Duplex | undefined;
  #server: Duplex;

  constructor(connection: Duplex) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    this.#server = this.#connection = connection;
  }

  /** Whether the server has closed it. */
  get isClosed(): boolean {
    return this.#server.destroyed || this.#server.readableEnded;
  }

  /** Goes on with another, after the one before is closed. */
  use(connection: Duplex): void {
    this.#server = this.#connection = connection;
  }

  override destroy(): void {
    super.destroy();
    this.#server.destroy();
  }

  /** Told, not thrown: it is asked for out of events, too, where a request waits for the one before it, and an exception there would end the process. */
  override createConnection(_: unknown, done: (error: Error | null, connection: Duplex) => void): Duplex | undefined {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined && !connection.destroyed) return connection;
    done(new Error("the server closed the connection"), new PassThrough());
    return undefined;
  }
}

/** Servers that expect no body of these have taken it for the next request, which nobody decided about (CL.0). */
const WITHOUT_BODY = /^(GET|HEAD|DELETE|OPTIONS)$/;

function isLast({ method }: IncomingMessage, fields: Fields): boolean {
  return WITHOUT_BODY.test(method ?? "") && hasBody(fields);
}

/** The fields for the server, with the framing that this side makes. */
export function outgoing(request: IncomingMessage, fields: Fields): string[] {
  const headers = flat(withoutHopByHop(fields));
  if (isLast(request, fields)) headers.push("Connection", "close");
  if (request.headers["transfer-encoding"] !== undefined) headers.push("Transfer-Encoding", "chunked");
  else if (request.headers["content-length"] === undefined && /^(POST|PUT|PATCH)$/.test(request.method ?? "")) {
    headers.push("Content-Length", "0");
  }
  return headers;
}

export function send(pair: Pair, request: IncomingMessage, { target }: Sending, headers: string[]): ClientRequest {
  return sendRequest({
    agent: pair.agent,
    method: request.method ?? "GET",
    path: target,
    headers,
    setHost: false,
    insecureHTTPParser: false,
    maxHeaderSize: MOST_HEADER_BYTES,
  });
}

/** One request and its answer on their way. */
export class Forwarding {
  readonly #pair: Pair;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #exchange: Exchange;
  readonly #onward: ClientRequest;
  readonly #body: Readable;

  constructor(pair: Pair, { request, response, waiting }: Asked, admission: Sending) {
    this.#pair = pair;
    this.#request = request;
    this.#response = response;
    this.#exchange = admission.exchange;
    this.#body = waiting?.again() ?? request;
    this.#onward = send(pair, request, admission, outgoing(request, admission.fields));
    // Node does not take it from the field.
    if (isLast(request, admission.fields)) this.#onward.shouldKeepAlive = false;
    // Not before: what it holds is held until it has gone.
    this.#onward.once("close", () => waiting?.letGo());
  }

  start(): void {
    const onward = this.#onward;
    onward.on("error", (error) => {
      if (!this.#exchange.isOver) this.#fail(error);
    });
    onward.on("continue", () => {
      this.#response.writeContinue();
    });
    onward.on("response", (answer) => {
      this.#answer(answer);
    });
    onward.on("upgrade", (_, server) => {
      server.destroy();
      this.#fail(new Error("it switched protocols, which nobody asked for"));
    });
    this.#response.on("close", () => {
      if (this.#response.writableFinished) return;
      this.#exchange.end("client: closed");
      onward.destroy();
    });
    if (hasBody(fieldsOf(this.#request.rawHeaders))) this.#sendHeadSoon();
    this.#sendBody();
  }

  /** Some clients wait for an answer before they send their body: then the head can't wait for it. */
  #sendHeadSoon(): void {
    const onward = this.#onward;
    const timer = setTimeout(() => onward.flushHeaders(), HEAD_WAITS_MS);
    for (const event of ["data", "end"]) this.#body.once(event, () => clearTimeout(timer));
    onward.once("close", () => clearTimeout(timer));
  }

  #sendBody(): void {
    const [request, onward, { exchanges }] = [this.#request, this.#onward, this.#pair];
    const scan = exchanges.credentials.scanBody();
    pump(
      this.#body,
      onward,
      (chunk) => {
        this.#exchange.sent(chunk);
        const found = scan?.take(chunk);
        const misuse = found === undefined ? undefined : exchanges.misusedInBody(found);
        const verdict = misuse ?? this.#exchange.look?.take(chunk);
        return verdict instanceof Promise ? verdict.then((late) => this.#mayGoOn(late)) : this.#mayGoOn(verdict);
      },
      () => {
        if (request.rawTrailers.length === 0) {
          void this.#finish();
          return;
        }
        void exchanges.refuseUnread(httpRefusals.trailers()).then((decision) => {
          this.#refuseLate(decision);
        });
      },
    );
  }

  /** What was held back to be decoded is looked at before the server sees the body's end. */
  async #finish(): Promise<void> {
    const { look, bytesSent } = this.#exchange;
    if (look === undefined || bytesSent === 0 || this.#mayGoOn(await look.finish())) this.#onward.end();
  }

  #mayGoOn(decision: Decision | undefined): boolean {
    if (decision !== undefined) this.#refuseLate(decision);
    return decision === undefined;
  }

  #answer(answer: IncomingMessage): void {
    const [response, exchange, { exchanges }] = [this.#response, this.#exchange, this.#pair];
    const fields = fieldsOf(answer.rawHeaders);
    exchange.answered(answer.statusCode, fields);
    const scan = exchanges.scanAnswer();
    const echoed = scan?.take(Buffer.from(flat(fields).join("\n")));
    if (echoed !== undefined) {
      this.#withhold(echoed);
      return;
    }
    response.sendDate = false;
    if (!this.#onward.shouldKeepAlive) response.shouldKeepAlive = false;
    try {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, flat(answerFields(fields)));
    } catch (error) {
      // Node refuses to write some of what it reads: a status of 99, control characters beside it.
      if (!(error instanceof Error)) throw error;
      this.#onward.destroy();
      this.#fail(error);
      return;
    }
    // Events of a stream may be long in coming: the head does not wait for the first.
    setImmediate(() => {
      if (!response.destroyed) response.flushHeaders();
    });
    pump(answer, response, (chunk) => {
      exchange.received(chunk);
      const found = scan?.take(chunk);
      if (found !== undefined) this.#withhold(found);
      return found === undefined;
    });
    answer.on("end", () => {
      response.addTrailers(trailersOf(answer));
      response.end();
      exchange.end(undefined);
    });
    answer.on("error", (error) => {
      exchange.end(`server: ${describeError(error)}`);
      response.destroy();
    });
  }

  /** Part of it is on its way: the server never sees its end, and the client is told while nothing else was. */
  #refuseLate(decision: Decision): void {
    const response = this.#response;
    this.#exchange.end(`refused: ${decision.reason}`);
    this.#onward.destroy();
    this.#request.resume();
    if (response.headersSent) this.#pair.client.destroy();
    else refuse(response, this.#request, decision);
  }

  #withhold(credential: string): void {
    this.#pair.exchanges.misusedInAnswer(credential);
    this.#abandon(`refused: the answer holds the credential \`${credential}\``);
  }

  #abandon(why: string): void {
    this.#exchange.end(why);
    this.#onward.destroy();
    this.#pair.client.destroy();
  }

  /** Before an answer: said, unless the connection had been used before, when a client that is reset as it would be by the server tries again. */
  #fail(error: Error): void {
    const response = this.#response;
    this.#exchange.end(`server: ${describeError(error)}`);
    if (response.headersSent || this.#onward.reusedSocket || response.destroyed) {
      this.#pair.client.destroy();
      return;
    }
    this.#request.resume();
    say(response, `the server did not answer: ${describeError(error)}`);
  }
}

export function refuse(response: ServerResponse, request: IncomingMessage, decision: Decision, status = 403): void {
  const { contentType, body } = refusalAnswer(decision, fieldsOf(request.rawHeaders));
  response.writeHead(status, { "content-type": contentType, "content-length": body.length });
  response.end(request.method === "HEAD" ? undefined : body);
}

/** 502, in words. */
export function say(response: ServerResponse, what: string): void {
  const text = `bailiwick: ${what}\n`;
  response.shouldKeepAlive = false;
  response.writeHead(502, "Bad Gateway", {
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

function trailersOf(answer: IncomingMessage): [string, string][] {
  return fieldsOf(answer.rawTrailers).map(([name, value]) => [name, value]);
}
