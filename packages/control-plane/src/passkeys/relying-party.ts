import { createHash } from "node:crypto";
import { ServerError } from "../../contract/errors.ts";
import type { SessionSettings } from "../identity/sessions.ts";

/** The server as browsers and passkeys know it (WebAuthn: relying party). */
export interface RelyingParty {
  /** Where pages have to be of. */
  readonly origin: string;
  /** A passkey is for this name, and signs for no other. */
  readonly id: string;
}

/** Never made from what a request says its host is: that is anybody's to choose. @throws ServerError SERVER_NOT_FOUND */
export function relyingPartyOf({ origin }: Pick<SessionSettings, "origin">): RelyingParty {
  const id = origin === undefined ? "" : new URL(origin).hostname;
  // Of a number, browsers make no passkeys: `[::1]`, and IPv4 as URLs write it.
  if (origin !== undefined && !/^(\[.*\]|[0-9.]+)$/.test(id)) return { origin, id };
  throw new ServerError("SERVER_NOT_FOUND", "there are no passkeys here: the server has no name of its own", {
    remedy: "set `public-url` to a name, not a number, in the file of `bailiwick serve --config`",
  });
}

/** What a passkey keeps of whose it is. Nobody's name: whoever finds the authenticator can read it. */
export function userHandleOf(person: string): Buffer {
  return createHash("sha256").update(`bailiwick passkey\n${person}`).digest();
}
