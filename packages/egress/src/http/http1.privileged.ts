// SAFETY: Node's HTTP server over sockets that it is given, never listening. Its parser is llhttp's, strict, and what goes out is written anew
// from what was parsed, never passed on as bytes.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { Allowance } from "../allowance.ts";
import { crowdedBody, unsignableBody } from "../credentials/refusals.ts";
import { describeError } from "../tcp/joined.ts";
import { refusalAnswer } from "./answer.ts";
import { fieldsOf, tokensOf, valuesOf } from "./headers.ts";
import type { Admission } from "./exchange.ts";
import {
  type Asked,
  Forwarding,
  MOST_HEADER_BYTES,
  OneConnection,
  type Pair,
  refuse,
  say,
  type Sending,
} from "./http1-onward.privileged.ts";
import { rawAnswer } from "./raw-answer.ts";
import { httpRefusals } from "./refusals.ts";
import { plainAuthority, type SentRequest } from "./screen.ts";
import { MOST_UNSTATED_BYTES, MOST_WAITING_BYTES, MOST_WAITING_COST, signedFor, WaitingBody } from "./signed-body.ts";
import { upgrade } from "./websocket.ts";

/** How a client's going away shows, also in the middle of a request: nobody waits for an answer, and nothing was refused. */
const CLIENT_LEFT: ReadonlySet<string> = new Set(["ECONNRESET", "HPE_INVALID_EOF_STATE"]);

/** HTTP/1.1 between clients inside and their servers: each client's connection has a server's connection of its own. */
export class Http1 {
  readonly #server: Server;
  readonly #pairs = new WeakMap<object, Pair>();
  /** Of all bodies that wait to be signed. */
  readonly #waiting = new Allowance(MOST_WAITING_COST);

  constructor() {
    this.#server = createServer({
      insecureHTTPParser: false,
      // Looked at by `screenRequest`, which also explains itself.
      requireHostHeader: false,
      maxHeaderSize: MOST_HEADER_BYTES,
      // The client, the server and the run's end close connections; nobody waits for this side's patience.
      keepAliveTimeout: 0,
      requestTimeout: 0,
      headersTimeout: 0,
    });
    // Dropping what is over a count would hide it from the rules and not from nobody else.
    this.#server.maxHeadersCount = 0;
    this.#server.timeout = 0;
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      this.#guard(request.socket, this.#handle(request, response));
    };
    this.#server.on("request", handle);
    this.#server.on("checkContinue", handle);
    this.#server.on("checkExpectation", handle);
    this.#server.on("upgrade", (request, socket, head: Buffer) => {
      this.#guard(socket, this.#handleUpgrade(request, socket, head));
    });
    this.#server.on("connect", (request, socket) => {
      this.#guard(socket, this.#handleUpgrade(request, socket, Buffer.alloc(0)));
    });
    this.#server.on("clientError", (error: Error, socket) => {
      this.#guard(socket, this.#handleUnreadable(error, socket));
    });
  }

  /** What fails unforeseen ends this connection, and nothing of it goes on: no other connection, and not the run. */
  #guard(client: Duplex, work: Promise<void>): void {
    work.catch((error: unknown) => {
      const pair = this.#pairs.get(client);
      if (pair !== undefined) pair.failure = describeError(error);
      client.destroy();
    });
  }

  /** Serves requests until the client's connection has closed; resolves with what failed of this side, if anything. */
  async serve(
    client: Duplex,
    server: Duplex,
    { exchanges, unreachable, redial }: Pick<Pair, "exchanges" | "unreachable" | "redial">,
  ): Promise<string | undefined> {
    const agent = new OneConnection(server);
    const gone = goneWith(client);
    const pair: Pair = { client, agent, exchanges, unreachable, gone, redial, waiting: 0, failure: undefined };
    this.#pairs.set(client, pair);
    if (unreachable === undefined) endWith(server, pair);
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    this.#server.emit("connection", client);
    // What was read before to see which protocol it is lies in its buffer, and reading was stopped then.
    client.resume();
    if (unreachable === undefined && server.destroyed) client.destroy();
    await closed;
    pair.agent.destroy();
    return pair.failure;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pair = this.#pairs.get(request.socket);
    if (pair === undefined) return;
    if (pair.unreachable !== undefined) {
      say(response, `the server could not be verified or reached: ${pair.unreachable}`);
      return;
    }
    const admission = await admit(pair, request);
    if (pair.agent.isClosed) response.shouldKeepAlive = false;
    if (admission.kind === "refuse") {
      // The rest of its body is read and dropped: a client that is still sending would not see the answer otherwise.
      request.resume();
      refuse(response, request, admission.decision);
      return;
    }
    if (admission.sign !== undefined) await this.#sendSigned(pair, { request, response }, admission);
    else startOnward(pair, { request, response }, admission);
  }

  /** The signature covers a body whose digest the client does not say: the body is waited for. */
  async #sendSigned(pair: Pair, { request, response }: Asked, admission: Sending): Promise<void> {
    if (request.headers.expect !== undefined) response.writeContinue();
    const waiting = new WaitingBody(this.#waiting);
    const end = await waiting.read(request);
    if (end === "long" || end === "crowded") {
      const refusal = end === "long" ? unsignableBody(MOST_UNSTATED_BYTES) : crowdedBody(MOST_WAITING_BYTES);
      const decision = await pair.exchanges.refuseUnread(refusal);
      admission.exchange.end(`refused: ${decision.reason}`);
      request.resume();
      // Clients of AWS ask again on their own where a service is busy.
      refuse(response, request, decision, end === "crowded" ? 503 : 403);
    } else if (end === "gone" || response.destroyed) {
      waiting.letGo();
      admission.exchange.end("client: closed");
    } else {
      const { fields, ...rest } = signedFor(admission, waiting.sha256());
      // What `Expect` waits for has come.
      const sent = { ...rest, fields: fields.filter(([name]) => name.toLowerCase() !== "expect") };
      startOnward(pair, { request, response, waiting }, sent);
    }
  }

  async #handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const pair = this.#pairs.get(socket);
    if (pair === undefined) return;
    socket.on("error", () => undefined);
    const admission = await admit(pair, request);
    if (admission.kind === "refuse") {
      socket.end(rawAnswer(refusalAnswer(admission.decision, fieldsOf(request.rawHeaders))));
      return;
    }
    if (head.length > 0) socket.unshift(head);
    try {
      upgrade(pair, request, socket, signedFor(admission));
    } catch (error) {
      admission.exchange.end(`not sent: ${describeError(error)}`);
      throw error;
    }
  }

  async #handleUnreadable(error: Error, socket: Duplex): Promise<void> {
    const pair = this.#pairs.get(socket);
    const why = describeError(error);
    if (pair === undefined || socket.destroyed || CLIENT_LEFT.has(why)) {
      socket.destroy();
      return;
    }
    const refusal = why === "HPE_INVALID_METHOD" ? httpRefusals.notHttp() : httpRefusals.unreadable(why);
    const decision = await pair.exchanges.refuseUnread(refusal);
    if (socket.writable) socket.end(rawAnswer(refusalAnswer(decision, [], 400)));
    else socket.destroy();
  }
}

function startOnward(pair: Pair, asked: Asked, admission: Sending): void {
  if (!asked.response.destroyed && !pair.agent.isClosed) {
    try {
      new Forwarding(pair, asked, admission).start();
    } catch (error) {
      // Node refuses to write some of what it was given: of a credential that is no Latin-1, for one.
      if (!(error instanceof Error)) throw error;
      asked.waiting?.letGo();
      admission.exchange.end(`not sent: ${describeError(error)}`);
      asked.request.resume();
      say(asked.response, `the request could not be written: ${describeError(error)}`);
    }
    return;
  }
  asked.waiting?.letGo();
  admission.exchange.end(asked.response.destroyed ? "client: closed" : "server: closed");
  // As the server would have ended it: a client tries again.
  pair.client.destroy();
}

/** An answer that is still being written goes out whole; a request that would come next finds the end instead. */
function endWith(server: Duplex, pair: Pair): void {
  server.once("close", () => {
    if (pair.waiting === 0) pair.client.end();
  });
}

/** Decides about a request; one that waited for a person goes on over a new connection where the server did not wait. */
async function admit(pair: Pair, request: IncomingMessage): Promise<Admission> {
  pair.waiting++;
  try {
    const admission = await pair.exchanges.admit(sentRequest(request), pair.gone);
    if (admission.kind === "refuse" || !admission.wasAsked || !pair.agent.isClosed) return admission;
    try {
      const server = await pair.redial();
      pair.agent.use(server);
      endWith(server, pair);
    } catch (error) {
      // The connection is found closed, and the client's is then, too.
      if (!(error instanceof Error)) throw error;
    }
    return admission;
  } finally {
    pair.waiting--;
  }
}

/** Aborts when a client has ended its side, or is gone: then it waits for nothing. */
function goneWith(client: Duplex): AbortSignal {
  const gone = new AbortController();
  for (const event of ["end", "close"]) client.once(event, () => gone.abort());
  return gone.signal;
}

function sentRequest(request: IncomingMessage): SentRequest {
  const fields = fieldsOf(request.rawHeaders).map(
    ([name, value]) => [name, name.toLowerCase() === "host" ? plainAuthority(value) : value] as const,
  );
  const upgrade = tokensOf(fields, "upgrade");
  return {
    method: request.method ?? "",
    target: request.url ?? "",
    authorities: valuesOf(fields, "host"),
    fields,
    upgrade: upgrade.length === 0 ? undefined : upgrade.join(", "),
    version: request.httpVersion === "1.0" || request.httpVersion === "1.1" ? request.httpVersion : undefined,
  };
}
