/** Before a request is read: where it comes from, and whether from there too much was refused. */
import type { IncomingMessage } from "node:http";
import { ServerError, type ServerErrorCode } from "../../contract/errors.ts";
import type { RouteName } from "../../contract/routes.ts";
import { Attempts } from "./attempts.ts";
import { callerAddress, type Proxies } from "./caller-address.ts";
import type { Refusals } from "./refusals.ts";

/** What anybody may begin: each makes the provider, or the database, do something. */
const STARTS: ReadonlySet<RouteName> = new Set(["startSignIn", "startBrowserSignIn", "startPasskeySignIn"]);

/** Who is refused by these may be guessing. */
const GUESSES: ReadonlySet<ServerErrorCode> = new Set([
  "SERVER_UNKNOWN_CALLER",
  "SERVER_TOKEN_INVALID",
  "SERVER_PROOF_REFUSED",
]);

export interface EdgeOptions {
  readonly refusals: Refusals;
  readonly proxies: Proxies;
  readonly now: () => number;
}

export class Edge {
  readonly #refusals: Refusals;
  readonly #proxies: Proxies;
  readonly #refused: Attempts;
  readonly #signIns: Attempts;

  constructor({ refusals, proxies, now }: EdgeOptions) {
    this.#refusals = refusals;
    this.#proxies = proxies;
    this.#refused = new Attempts(now);
    this.#signIns = new Attempts(now);
  }

  addressOf({ headers, headersDistinct, socket }: IncomingMessage): string {
    // A header that comes twice is one list (RFC 9110, 5.3), which Node makes of this one and not of the other.
    const listed = headers["x-forwarded-for"];
    const forwarded = headersDistinct["forwarded"]?.join(",");
    const said = { "x-forwarded-for": Array.isArray(listed) ? listed.join(",") : listed, forwarded };
    return callerAddress(socket.remoteAddress ?? "", said, this.#proxies);
  }

  /** @throws ServerError SERVER_BUSY */
  brake(name: RouteName, address: string): void {
    const starts = STARTS.has(name);
    if (this.#refused.isBraked(address) || (starts && this.#signIns.isBraked(address))) {
      throw new ServerError("SERVER_BUSY", "too many refused requests or sign-ins from there", {
        remedy: "wait a minute",
      });
    }
    if (starts) this.#signIns.count(address);
  }

  /** @param open the route has nobody whose right is looked at */
  refused(error: unknown, { route, open, address }: { route: RouteName; open: boolean; address: string }): void {
    if (!(error instanceof ServerError)) return;
    const { code } = error;
    if (GUESSES.has(code)) this.#refused.count(address);
    this.#refusals.count({ route, code, open, address });
  }
}
