import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono, type Context } from "hono";
import type { z } from "zod";
import { ServerError, STATUS_OF } from "../../contract/errors.ts";
import { ROUTE_NAMES, ROUTES, type Route, type RouteName } from "../../contract/routes.ts";
import { findCaller, isStillKnown, type Caller, type IncomingRequest } from "../identity/callers.ts";
import { readHost, readHostToTell } from "../identity/known-hosts.ts";
import { BELIEVED_MS, permittedFor } from "../live/permitted.ts";
import { stream } from "../live/stream.ts";
import { clearCookie } from "../identity/cookies.ts";
import { errorPage, PAGE_HEADERS } from "../pages/page.ts";
import { readScript, SCRIPT_HEADERS, SCRIPT_PAGE_HEADERS } from "../pages/script-page.ts";
import { streamRecording } from "../recordings/stream.ts";
import { scimProblem } from "../scim/answer.ts";
import { locateConsole, serveConsole } from "./console-files.ts";
import { authorize } from "./authorize.ts";
import type { Edge } from "./edge.ts";
import type {
  CookieAnswer,
  DownloadAnswer,
  Handler,
  RedirectAnswer,
  ScimAnswer,
  Server,
  StreamAnswer,
} from "./handler.ts";
import { readOnly } from "../store/read-only.ts";
import { takesNoWrites } from "../store/takes-no-writes.ts";
import { HANDLERS } from "./handlers.ts";
import { describeApi } from "./openapi.ts";
import { readRequest } from "./read-request.ts";
import { sendDownload } from "./send-download.ts";

type Bindings = { Bindings: HttpBindings };
type Ctx = Context<Bindings>;

/** What a request may carry. Of the route that takes entries: two members of 6 MB, and the rest. */
const MOST_BYTES = 64 << 10;
const MOST_BYTES_OF: Partial<Record<RouteName, number>> = {
  handInTask: 6 << 20,
  appendLog: 13 << 20,
  appendRecording: 512 << 10,
  draftPolicy: 2 << 20,
  // All members of a group.
  ...{ scimAddGroup: 2 << 20, scimReplaceGroup: 2 << 20, scimPatchGroup: 2 << 20 },
};

/** The server's routes, all of them from the one table. */
export function makeApp(server: Server, edge: Edge, say: (text: string) => void): Hono<Bindings> {
  const app = new Hono<Bindings>();
  app.onError((error, context) => answerError(context, error, say));
  app.notFound((context) => answerError(context, new ServerError("SERVER_NOT_FOUND", "there is no such route"), say));
  for (const name of ROUTE_NAMES) {
    const { method, path, answer: given }: Route = ROUTES[name];
    app.on(method.toUpperCase(), path.replaceAll(/\{([a-z]+)\}/g, ":$1"), async (context) => {
      try {
        return await answer(server, edge, name, context);
      } catch (error) {
        if (given === "scim" && error instanceof Error) {
          const known = tellOperator(error, say);
          return context.body(JSON.stringify(scimProblem(known)), STATUS_OF[known.code], SCIM_HEADERS);
        }
        if ((given !== "page" && given !== "redirect") || !(error instanceof Error)) throw error;
        const { code, message, remedy } = tellOperator(error, say);
        return context.body(await errorPage(message, remedy), STATUS_OF[code], PAGE_HEADERS);
      }
    });
  }
  const files = locateConsole();
  if (files === undefined) say("there is no web console here: it was not built; the API works");
  else serveConsole(app, files);
  servePages(app, say);
  const api = JSON.stringify(describeApi());
  app.get("/api/v1/openapi.json", (context) => context.body(api, 200, { "content-type": "application/json" }));
  app.get("/healthz", async (context) => {
    await server.db.selectFrom("server").select("singleton").executeTakeFirstOrThrow();
    return context.text("ok\n");
  });
  return app;
}

function servePages(app: Hono<Bindings>, say: (text: string) => void): void {
  const script = readScript();
  if (script === undefined) say("pages for passkeys have no script here: it was not built; the API works");
  else app.get(script.path, (context) => context.body(new Uint8Array(script.bytes), 200, SCRIPT_HEADERS));
}

async function answer(server: Server, edge: Edge, name: RouteName, context: Ctx): Promise<Response> {
  const route: Route = ROUTES[name];
  const { incoming } = context.env;
  const address = edge.addressOf(incoming);
  try {
    edge.brake(name, address);
    const request = await readRequest(incoming, context.req.raw.url, MOST_BYTES_OF[name] ?? MOST_BYTES);
    const findHost = async (id: string) =>
      await (name === "appendLog"
        ? server.hosts.find(id)
        : (name === "followOrders" ? readHostToTell : readHost)(server.db, server.holding, id));
    const caller =
      "open" in route.needs ? undefined : await findCaller(server.db, request, { ...knowing(server), findHost });
    return await answerKnown(server, { name, route, context, request, caller });
  } catch (error) {
    edge.refused(error, { route: name, open: "open" in route.needs, address });
    throw error;
  }
}

interface Incoming {
  readonly name: RouteName;
  readonly route: Route;
  readonly context: Ctx;
  readonly request: IncomingRequest;
  readonly caller: Caller | undefined;
}

async function answerKnown(server: Server, { name, route, context, request, caller }: Incoming): Promise<Response> {
  const params = parse(route.params, context.req.param());
  const query = parse(route.query, queryOf(context));
  const body = parse(route.body, route.body && parseJson(request.body));
  // What hosts say is their agents', and may hold anything: what is kept of it is made storable.
  if (caller?.type !== "Host") refuseNul([params, query, body]);
  let resource;
  if (!("open" in route.needs)) {
    if (caller === undefined) throw new TypeError("a route that is not open has a caller");
    const objects = { params: asObject(params), body: asObject(body) };
    resource = await authorize(server, { route: name, caller, ...objects });
  }
  // INVARIANT(parsed): the schemas of the route made what its handler gets.
  const handler = HANDLERS[name] as Handler<RouteName>;
  const { socket } = context.env.incoming;
  const isGone = (): boolean => socket.destroyed;
  const given = { params, query, body, caller, resource, headers: request.headers, isGone };
  const answered: unknown = await handler(server, given as Parameters<Handler<RouteName>>[1]); // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- see above
  if (route.answer === "nothing") {
    return context.body(null, 204, name === "signOut" ? { "set-cookie": clearCookie("session") } : {});
  }
  if (route.answer === "redirect") {
    const { location, cookies } = answered as RedirectAnswer; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- the handlers of such routes give nothing else
    return context.body(null, 303, { ...PAGE_HEADERS, location, "set-cookie": [...cookies] });
  }
  if (route.answer === "page" && typeof answered === "string") {
    return context.body(answered, 200, route.script === true ? SCRIPT_PAGE_HEADERS : PAGE_HEADERS);
  }
  if (route.answer === "bytes" && answered instanceof Uint8Array) {
    return context.body(new Uint8Array(answered), 200, { "content-type": "application/octet-stream" });
  }
  if (route.answer === "download") {
    const download = answered as DownloadAnswer; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- the handlers of such routes give nothing else
    await sendDownload(context.env.outgoing as ServerResponse, download, server.signal);
    return RESPONSE_ALREADY_SENT;
  }
  if (route.answer === "scim") {
    const { status, body: resource, headers } = answered as ScimAnswer; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- the handlers of such routes give nothing else
    return context.newResponse(resource === undefined ? null : JSON.stringify(resource), status, {
      ...SCIM_HEADERS,
      ...headers,
    });
  }
  if (route.answer === "events") {
    await streamTo(server, context, answered as StreamAnswer); // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- the handlers of such routes give nothing else
    return RESPONSE_ALREADY_SENT;
  }
  if (route.cookies === true) {
    const { answer: given, cookies } = answered as CookieAnswer; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- the handlers of such routes give nothing else
    return context.body(JSON.stringify(given), 200, { ...JSON_HEADERS, "set-cookie": [...cookies] });
  }
  return answerJson(context, JSON.stringify(answered));
}

/** Written to the connection as it is: by way of the web's Response it would be a stream, which is read again, for each of thousands a second. */
function answerJson(context: Ctx, text: string): Response {
  const { outgoing } = context.env;
  outgoing.writeHead(200, { ...JSON_HEADERS, "content-length": Buffer.byteLength(text) });
  outgoing.end(text);
  return RESPONSE_ALREADY_SENT;
}

const JSON_HEADERS = { "content-type": "application/json" } as const;
const SCIM_HEADERS = { "content-type": "application/scim+json" } as const;

function knowing({ now, sessions }: Server) {
  return { now: now(), settings: sessions };
}

async function streamTo(server: Server, context: Ctx, answered: StreamAnswer): Promise<void> {
  const { caller, action } = answered;
  const response = context.env.outgoing as ServerResponse;
  const over = new AbortController();
  const watching = setInterval(() => {
    // An error of the database is no yes.
    isStillKnown(server.db, caller, knowing(server)).then(
      (known) => known || over.abort(),
      () => over.abort(),
    );
  }, BELIEVED_MS).unref();
  try {
    const signal = AbortSignal.any([server.signal, over.signal]);
    if ("recording" in answered) {
      const { recording, from } = answered;
      await streamRecording(server, response, { key: recording, from, caller, action, signal });
      return;
    }
    const { after, run } = answered;
    await stream(response, {
      ...{ hub: server.hub, after, run, signal },
      permitted: permittedFor(server, caller, action),
      alarms: run === undefined ? alarmsFor(server, caller) : async () => await Promise.resolve([]),
    });
  } finally {
    clearInterval(watching);
  }
}

/** Who opened the role break-glass, for who may see that: each once. */
function alarmsFor(server: Server, caller: Caller): () => Promise<readonly Buffer[]> {
  const sent = new Set<string>();
  return async () => {
    const fresh = (await server.alarms.breakGlassesFor(caller)).filter(({ id }) => !sent.has(id));
    return fresh.map((breakGlass) => {
      sent.add(breakGlass.id);
      return Buffer.from(`event: alarm\ndata: ${JSON.stringify({ breakGlass })}\n\n`);
    });
  };
}

type ServerResponse = Parameters<typeof stream>[0];

function parse(schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join(".") ?? "";
  throw new ServerError(
    "SERVER_MALFORMED",
    `the request does not have the form of its route: ${where}: ${issue?.message ?? ""}`,
  );
}

/** PostgreSQL keeps no NUL in a text. @throws ServerError SERVER_MALFORMED */
function refuseNul(values: unknown[]): void {
  for (let value = values.pop(); value !== undefined || values.length > 0; value = values.pop()) {
    if (typeof value === "string" && value.includes("\0")) {
      throw new ServerError("SERVER_MALFORMED", "the request has a NUL (U+0000) in a text, which no text may hold");
    }
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) continue;
    for (const [name, member] of Object.entries(value)) values.push(name, member);
  }
}

/** What is given again is a list, which most parameters can't be. */
function queryOf(context: Ctx): Readonly<Record<string, unknown>> {
  const given = Object.entries(context.req.queries());
  return Object.fromEntries(given.map(([name, values]) => [name, values.length === 1 ? values[0] : values]));
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) throw new ServerError("SERVER_MALFORMED", "the request is not JSON");
    throw error;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function answerError(context: Ctx, error: Error, say: (text: string) => void): Response {
  const { code, message, remedy } = tellOperator(error, say);
  const body = JSON.stringify({ error: { code, message, ...(remedy !== undefined && { remedy }) } });
  return context.body(body, STATUS_OF[code], JSON_HEADERS);
}

function tellOperator(error: Error, say: (text: string) => void): ServerError {
  const known = error instanceof ServerError ? error : storeFailed(error);
  // What callers did wrong is theirs; what the server can't do, its operator should know.
  if (
    known.code === "SERVER_STORE_FAILED" ||
    known.code === "SERVER_READ_ONLY" ||
    known.code === "SERVER_PROVIDER_FAILED"
  ) {
    say(`${known.message}: ${reasonOf(known.cause)}`);
  }
  return known;
}

/** What no route foresaw is never told to who calls: it may hold anything. */
function storeFailed(cause: Error): ServerError {
  if (takesNoWrites(cause)) return readOnly(cause);
  return new ServerError("SERVER_STORE_FAILED", "the server could not do this", { cause, remedy: "try again later" });
}

/** What the system or the database says has a code and is known; of anything else a report of the defect needs the stack. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return "code" in cause ? cause.message : (cause.stack ?? cause.message);
}
