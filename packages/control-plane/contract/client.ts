/** The typed client of the server's routes. Browsers load it too: it needs nothing of Node. */
import { isServerErrorCode, ServerError } from "./errors.ts";
import { ROUTES, type AnswerOf, type InputOf, type Route, type RouteName } from "./routes.ts";
import { problem } from "./schemas.ts";
import type { SignedRequest } from "./signing.ts";

export interface Caller {
  /** Base of the server: `https://bailiwick.example`. */
  readonly url: string;
  readonly by:
    | { readonly token: string }
    /** Headers that say who asks. @param nowMs by the server's clock */
    | { readonly sign: (request: SignedRequest, nowMs: number) => Promise<Record<string, string>> }
    | { readonly nobody: true };
  /** Is told whatever the server refuses, before whoever called is. */
  readonly refused?: (error: ServerError) => void;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a call may carry, whatever the route. */
interface Given {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

export class Client {
  readonly #caller: Caller;
  /** The server's clock less this one's, once it has said so. */
  #offsetMs = 0;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /**
   * @throws ServerError with the server's own code, or SERVER_UNREACHABLE; what the signal aborts rejects with its reason
   */
  async call<N extends RouteName>(name: N, input: InputOf<N> & Given, options: CallOptions = {}): Promise<AnswerOf<N>> {
    const route: Route = ROUTES[name];
    const response = await this.open(name, input, options);
    const { answer } = route;
    // The schema of the route has just checked it, or there is none to check.
    /* eslint-disable @typescript-eslint/no-unsafe-type-assertion -- see above */
    if (answer === "nothing" || answer === "events" || answer === "redirect") {
      await response.body?.cancel();
      return undefined as AnswerOf<N>;
    }
    if (answer === "bytes" || answer === "download") return new Uint8Array(await response.arrayBuffer()) as AnswerOf<N>;
    if (answer === "scim") return (await readJson(response)) as AnswerOf<N>;
    if (answer === "page") return (await response.text()) as AnswerOf<N>;
    const parsed = answer.safeParse(await readJson(response));
    if (!parsed.success) throw notAServer(this.#caller.url, "its answer does not have the form of the route");
    return parsed.data as AnswerOf<N>;
    /* eslint-enable @typescript-eslint/no-unsafe-type-assertion */
  }

  /** The answer as it comes, its status checked: for streams. */
  async open<N extends RouteName>(name: N, input: InputOf<N> & Given, options: CallOptions = {}): Promise<Response> {
    if (ROUTES[name].answer === "redirect") {
      throw new ServerError("SERVER_MALFORMED", `\`${name}\` is for browsers`, {
        remedy: "open it in one, or sign in with `bailiwick login`",
      });
    }
    const first = await this.#send(name, input, options);
    if (first.ok) return first;
    const error = await errorOf(first, this.#caller.url);
    if (error.code !== "SERVER_CLOCK_SKEW" || !this.#learnTime(first)) throw this.#refuse(error);
    const second = await this.#send(name, input, options);
    if (second.ok) return second;
    throw this.#refuse(await errorOf(second, this.#caller.url));
  }

  #refuse(error: ServerError): ServerError {
    this.#caller.refused?.(error);
    return error;
  }

  /** Believed only to make a signature that the server takes for fresh: nothing else depends on it. */
  #learnTime(response: Response): boolean {
    const theirs = Date.parse(response.headers.get("date") ?? "");
    if (Number.isNaN(theirs)) return false;
    this.#offsetMs = theirs - Date.now();
    return true;
  }

  async #send(name: RouteName, given: Given, { signal, headers }: CallOptions): Promise<Response> {
    const route: Route = ROUTES[name];
    const url = new URL(pathOf(route, given), this.#caller.url);
    const method = route.method.toUpperCase();
    const body = given.body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(given.body));
    const request = { method, url: url.href, body: body ?? new Uint8Array(0) };
    const sent = {
      ...headers,
      ...(body && { "content-type": "application/json" }),
      ...(await this.#authorize(request)),
    };
    try {
      return await fetch(url, {
        method,
        headers: sent,
        redirect: "error",
        ...(body && { body }),
        ...(signal && { signal }),
      });
    } catch (error) {
      if (signal?.aborted === true) throw error;
      const cause = causeOf(error);
      throw new ServerError("SERVER_UNREACHABLE", `cannot reach \`${this.#caller.url}\`: ${cause}`, {
        cause: error,
        remedy: OF_CERTIFICATES.test(cause)
          ? "its certificate is not trusted here: name the file of its authority (PEM) in NODE_EXTRA_CA_CERTS"
          : "check the address and that the server runs",
      });
    }
  }

  async #authorize(request: SignedRequest): Promise<Record<string, string>> {
    const { by } = this.#caller;
    if ("token" in by) return { authorization: `Bearer ${by.token}` };
    if ("sign" in by) return await by.sign(request, Date.now() + this.#offsetMs);
    return {};
  }
}

function pathOf(route: Route, { params = {}, query = {} }: Given): string {
  const path = route.path.replaceAll(/\{([a-z]+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const each of values) if (each !== undefined) search.append(name, String(each));
  }
  return search.size === 0 ? path : `${path}?${String(search)}`;
}

async function errorOf(response: Response, url: string): Promise<ServerError> {
  const parsed = problem.safeParse(await readJson(response));
  if (!parsed.success || !isServerErrorCode(parsed.data.error.code)) {
    return notAServer(url, `it answered ${String(response.status)}`);
  }
  const { code, message, remedy } = parsed.data.error;
  return new ServerError(code, message, remedy === undefined ? {} : { remedy });
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function notAServer(url: string, why: string): ServerError {
  return new ServerError("SERVER_UNREACHABLE", `what answers at \`${url}\` is no server of Bailiwick: ${why}`, {
    remedy: "check the address",
  });
}

/** Pages of a list, one after the other, until there is none. @param read one page; `after` undefined: the first */
export async function* pages<T extends { readonly next?: number | undefined }>(
  read: (after: number | undefined) => Promise<T>,
): AsyncGenerator<T> {
  for (let after: number | undefined; ;) {
    const page = await read(after);
    yield page;
    if (page.next === undefined) return;
    after = page.next;
  }
}

/** Codes of OpenSSL's verification, as Node has them, and its own for the name. */
const OF_CERTIFICATES = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)/;

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  return cause instanceof Error ? cause.message : String(cause);
}
