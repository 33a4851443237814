import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { brotliDecompressSync, constants, createGzip, gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import { anthropic } from "./anthropic.ts";
import { chat } from "./chat.ts";
import { gemini } from "./gemini.ts";
import { responses } from "./responses.ts";
import { makeId } from "./protocol.ts";
import type { Protocol, Reply } from "./protocol.ts";
import { planAnswer } from "./script.ts";
import type { ScriptSet } from "./script.ts";

const PROTOCOLS: readonly Protocol[] = [anthropic, responses, chat, gemini];

/** One request as it came, and what was answered. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON; text where it is not JSON. */
  readonly body: unknown;
  readonly status: number;
  readonly protocol: Protocol["name"] | undefined;
  readonly script: string | undefined;
  readonly kind: "turn" | "final" | "side" | "error" | undefined;
  /** 0-based. */
  readonly turn: number | undefined;
  readonly tools: readonly string[];
  /** Texts of the tool results in the request's history, oldest first. */
  readonly results: readonly string[];
  readonly reply: Pick<Reply, "text" | "calls"> | undefined;
}

export interface ScriptedModel {
  readonly port: number;
  /** Every request so far, oldest first; it grows. Each is there before its answer is sent. */
  readonly requests: readonly RecordedRequest[];
  close(): Promise<void>;
}

export interface ScriptedModelOptions {
  readonly script: ScriptSet;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** Default: any free one. */
  readonly port?: number;
  readonly onRequest?: (request: RecordedRequest) => void;
  /** Then it speaks TLS. */
  readonly identity?: { readonly key: string; readonly cert: string };
  /** Answers to those who take it are compressed, as hosted models do. */
  readonly compressed?: boolean;
}

/**
 * A scripted stand-in for a hosted model: Anthropic Messages, OpenAI Responses and Chat Completions, and Gemini on one port,
 * chosen by path, streaming and whole. Whatever else an agent asks for is answered with 404 and recorded.
 */
export async function startScriptedModel(options: ScriptedModelOptions): Promise<ScriptedModel> {
  const requests: RecordedRequest[] = [];
  const asked = new Map<string, number>();
  const record = (request: RecordedRequest): void => {
    requests.push(request);
    options.onRequest?.(request);
  };
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const compressed = options.compressed === true && /\bgzip\b/.test(String(request.headers["accept-encoding"]));
    answer(request, response, { set: options.script, asked, record, compressed }).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  };
  const server = options.identity === undefined ? createServer(serve) : createSecureServer(options.identity, serve);
  // Codex tries a websocket with its built-in providers; it must be declined, not hung.
  server.on("upgrade", (request, socket) => {
    record({ ...entryOf(request, undefined), status: 426 });
    socket.end("HTTP/1.1 426 Upgrade Required\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the scripted model has no port");
  return {
    port: address.port,
    requests,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
    },
  };
}

interface Session {
  readonly set: ScriptSet;
  readonly asked: Map<string, number>;
  readonly record: (request: RecordedRequest) => void;
  readonly compressed: boolean;
}

async function answer(request: IncomingMessage, response: ServerResponse, session: Session): Promise<void> {
  const body = await readBody(request);
  const path = new URL(request.url ?? "/", "http://model").pathname.replace(/\/{2,}/g, "/");
  const entry = entryOf(request, body);
  const protocol = request.method === "POST" ? PROTOCOLS.find((each) => each.serves(path)) : undefined;
  if (protocol === undefined) {
    const [status, value] = answerBesides(request.method ?? "GET", path);
    session.record({ ...entry, status });
    sendJson(response, status, value);
    return;
  }
  const asked = protocol.read(body ?? {}, request.url ?? "/");
  const plan = planAnswer(session.set, asked, session.asked);
  const status = plan.kind === "error" ? plan.status : 200;
  if (plan.delayMs !== undefined) await delay(plan.delayMs);
  session.record({
    ...entry,
    status,
    protocol: protocol.name,
    script: plan.script,
    kind: plan.kind,
    turn: plan.turn,
    tools: [...asked.tools.keys()],
    results: asked.results,
    reply: plan.kind === "error" ? undefined : plan.reply,
  });
  if (plan.kind === "error") {
    sendJson(response, status, protocol.error(status, plan.message));
  } else if (!asked.stream) {
    sendJson(response, 200, protocol.whole(asked, plan.reply));
  } else {
    const id = makeId("req_");
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      "x-request-id": id,
      "request-id": id,
      ...(session.compressed && { "content-encoding": "gzip" }),
    });
    if (!session.compressed) {
      for (const frame of protocol.stream(asked, plan.reply)) response.write(frame);
      response.end();
      return;
    }
    const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
    gzip.pipe(response);
    for (const frame of protocol.stream(asked, plan.reply)) gzip.write(frame);
    gzip.end();
  }
}

function entryOf(request: IncomingMessage, body: unknown): RecordedRequest {
  return {
    method: request.method ?? "GET",
    path: request.url ?? "/",
    headers: request.headers,
    body,
    status: 0,
    protocol: undefined,
    script: undefined,
    kind: undefined,
    turn: undefined,
    tools: [],
    results: [],
    reply: undefined,
  };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const received: Buffer[] = [];
  for await (const part of request) received.push(part as Buffer);
  const text = decompress(Buffer.concat(received), request.headers["content-encoding"]).toString("utf8");
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

function decompress(bytes: Buffer, encoding: string | undefined): Buffer {
  switch (encoding) {
    case "gzip":
      return gunzipSync(bytes);
    case "br":
      return brotliDecompressSync(bytes);
    case "deflate":
      return inflateSync(bytes);
    case "zstd":
      return zstdDecompressSync(bytes);
    case undefined:
    default:
      return bytes;
  }
}

/** What agents ask for beside answers: token counts, embeddings, the list of models. */
function answerBesides(method: string, path: string): readonly [status: number, value: unknown] {
  if (method === "HEAD") return [200, undefined];
  if (method === "POST" && path.endsWith("/count_tokens")) return [200, { input_tokens: 100 }];
  if (method === "POST" && path.endsWith(":countTokens")) return [200, { totalTokens: 100 }];
  if (method === "POST" && path.endsWith(":embedContent")) return [200, { embedding: { values: [0, 0, 0] } }];
  if (method === "POST" && path.endsWith(":batchEmbedContents")) return [200, { embeddings: [] }];
  if (method === "GET" && path.endsWith("/models")) {
    const model = { id: "scripted", type: "model", object: "model", display_name: "scripted", created: 0 };
    return [200, { object: "list", data: [model], models: [], has_more: false }];
  }
  return [404, { error: { type: "not_found_error", message: `the scripted model has no ${method} ${path}` } }];
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(value === undefined ? undefined : JSON.stringify(value));
}
