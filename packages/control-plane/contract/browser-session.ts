/** Who is signed in at the server that a browser has its page from. Browsers load it: it needs nothing of Node. */
import { Client } from "./client.ts";
import type { ServerError } from "./errors.ts";
import type { AnswerOf } from "./routes.ts";

export type Session = AnswerOf<"session">;

export class BrowserSession {
  readonly server: Client;
  #along: Readonly<Record<string, string>> = {};

  /**
   * @param origin of the page
   * @param refused is told what the server refuses
   */
  constructor(origin: string, refused: (error: ServerError) => void = () => undefined) {
    this.server = new Client({ url: origin, by: { sign: () => Promise.resolve({ ...this.#along }) }, refused });
  }

  /** @throws ServerError SERVER_UNKNOWN_CALLER, SERVER_SESSION_OVER when nobody is signed in */
  async read(): Promise<Session> {
    const session = await this.server.call("session", {});
    // Pages of others do not have it: without it the server changes nothing for a browser.
    this.#along = session.csrfToken === undefined ? {} : { "x-bailiwick-csrf": session.csrfToken };
    return session;
  }

  /** As {@link read}, without it counting as something that its person did: an open page alone keeps nobody signed in. */
  async look(): Promise<Session> {
    return await this.server.call("session", {}, { headers: { [LOOKING]: "1" } });
  }
}

/** Of requests that a page makes by itself, to know whether it may go on showing what it shows. */
const LOOKING = "x-bailiwick-looking";

/** Whether a refusal says that nobody is signed in any more. */
export function isSignedOut(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "SERVER_UNKNOWN_CALLER" || code === "SERVER_SESSION_OVER";
}

/** Where a browser is signed in, and comes back from to where it is. */
export function signInPath({ pathname, search }: { readonly pathname: string; readonly search: string }): string {
  // Written anew: the server takes no path with characters that browsers leave as they are, such as brackets.
  const query = new URLSearchParams(search);
  const to = pathname + (query.size === 0 ? "" : `?${query.toString()}`);
  return `/auth/start?${new URLSearchParams({ to }).toString()}`;
}
