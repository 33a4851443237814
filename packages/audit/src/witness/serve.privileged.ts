// SAFETY: listens where the operator said, on plain HTTP; whoever reaches it can only send bytes, which are bounded here and
// parsed in full by Witness before anything is done. TLS and rate limits are those of a proxy in front of it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AuditError } from "../errors.ts";
import { isAnyErrno } from "../files.ts";
import type { Witness, WitnessAnswer } from "./witness.ts";

/** A proof of 63 hashes and a checkpoint with 100 signatures fit in. */
const MAX_BODY_BYTES = 128 << 10;
/** For a whole request: a client that sends a byte now and then is gone after this. */
const REQUEST_MS = 10_000;
const HEADERS_MS = 5_000;
const IDLE_MS = 5_000;
const MAX_CONNECTIONS = 256;

export interface WitnessServer {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** One line for each request that was answered, for the operator; holds nothing that the client wrote. */
  readonly onAnswer: (line: string) => void;
  /** For tests: milliseconds a request may take. */
  readonly requestMs?: number;
}

/** @throws AuditError AUDIT_LISTEN_FAILED */
export async function serveWitness(witness: Witness, options: ServeOptions): Promise<WitnessServer> {
  const requestMs = options.requestMs ?? REQUEST_MS;
  const server = createServer(
    {
      maxHeaderSize: 8_192,
      requestTimeout: requestMs,
      headersTimeout: Math.min(HEADERS_MS, requestMs),
      keepAliveTimeout: IDLE_MS,
      // Node's own default would let a slow client stay for half a minute more.
      connectionsCheckingInterval: Math.min(1_000, requestMs),
    },
    (request, response) => {
      void answer(witness, request, response, options.onAnswer);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, options);
  return {
    url: urlOf(server, options.host),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      witness.close();
    },
  };
}

type Answer = Omit<WitnessAnswer, "status"> & { readonly status: number };

async function answer(
  witness: Witness,
  request: IncomingMessage,
  response: ServerResponse,
  onAnswer: (line: string) => void,
): Promise<void> {
  request.on("error", () => undefined); // it went away; there is nobody left to tell
  response.on("error", () => undefined);
  const { status, type, body } = await decide(witness, request);
  onAnswer(
    `${request.method === "POST" ? "add-checkpoint" : "checkpoint"} ${String(status)} ${status === 200 ? "" : body.trim()}`.trim(),
  );
  // What was not read of a request would be taken for the next one.
  const rest = request.complete ? {} : { connection: "close" };
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body), ...rest });
  response.end(body);
}

async function decide(witness: Witness, request: IncomingMessage): Promise<Answer> {
  const { method, url = "" } = request;
  const [, origin] = /^\/([0-9a-f]{64})\/checkpoint$/.exec(url) ?? [];
  if (origin !== undefined) {
    if (method !== "GET") return text(405, "a checkpoint is got with GET");
    const note = witness.latest(origin);
    return note === undefined ? text(404, "nothing of this log was cosigned") : text(200, note);
  }
  if (url !== "/add-checkpoint") return text(404, "there is nothing here");
  if (method !== "POST") return text(405, "a checkpoint is added with POST");
  const body = await readBody(request);
  if (body === undefined) return text(413, `more than ${String(MAX_BODY_BYTES)} bytes`);
  try {
    return await witness.addCheckpoint(body);
  } catch (error) {
    if (!(error instanceof AuditError) && !isAnyErrno(error)) throw error;
    // For the operator in full, for the client only that it is not its fault.
    process.stderr.write(`bailiwick: ${error.message}\n`);
    return text(503, "the witness cannot cosign at present");
  }
}

/** Undefined when it is too long. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_BODY_BYTES) return undefined;
      chunks.push(chunk);
    }
  } catch (error) {
    // Broken off: what came of it is no request either.
    if (!(error instanceof Error)) throw error;
  }
  return Buffer.concat(chunks);
}

async function listen(server: Server, { host, port }: ServeOptions): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    if (!isAnyErrno(error)) throw error;
    throw new AuditError("AUDIT_LISTEN_FAILED", `cannot listen on \`${host}:${String(port)}\`: ${error.code ?? ""}`, {
      cause: error,
      remedy: "name an address of this host and a port that is free",
    });
  }
}

function urlOf(server: Server, host: string): string {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- a server that listens on TCP has such an address
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
}

function text(status: number, body: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body: body.endsWith("\n") ? body : `${body}\n` };
}
