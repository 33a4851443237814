import { BailiwickError } from "@bailiwick/base";

export type ServerErrorCode =
  /** Nobody that the server knows, or no longer. */
  | "SERVER_UNKNOWN_CALLER"
  /** A browser's session that has ended: its person signs in again. */
  | "SERVER_SESSION_OVER"
  /** The caller's clock is too far from the server's: signed requests say when they were made. */
  | "SERVER_CLOCK_SKEW"
  /** No right to do that. */
  | "SERVER_FORBIDDEN"
  /** More than one person has to want it: it waits for others. */
  | "SERVER_NEEDS_OTHERS"
  /** What was named is not there, or not for the caller to see. */
  | "SERVER_NOT_FOUND"
  /** The request does not have the form of its route. */
  | "SERVER_MALFORMED"
  /** The request is too large. */
  | "SERVER_TOO_LARGE"
  /** What is there already excludes it. */
  | "SERVER_CONFLICT"
  /** A filter that the server does not know, or one that is none. */
  | "SERVER_FILTER_INVALID"
  /** What was to be changed has changed meanwhile. */
  | "SERVER_VERSION_CHANGED"
  /** Entries between what the server holds and those that came are missing. */
  | "SERVER_LOG_GAP"
  /** What came is not what the host's record was, or not signed by its key. The server keeps it as evidence. */
  | "SERVER_LOG_REFUSED"
  /** A one-time token that was used, has expired, or never was. */
  | "SERVER_TOKEN_INVALID"
  /** What a passkey signed does not count: it is another's, for something else, or not of this browser. */
  | "SERVER_PROOF_REFUSED"
  /** It has to be proven by a passkey, in a browser. */
  | "SERVER_PROOF_NEEDED"
  /** Too many requests from there. */
  | "SERVER_BUSY"
  /** The server's store can be read, and takes nothing: it is read-only, or full. Nothing was changed. */
  | "SERVER_READ_ONLY"
  /** The server's store does not answer. Nothing was changed. */
  | "SERVER_STORE_FAILED"
  /** The identity provider can't be reached, or answers what it must not. */
  | "SERVER_PROVIDER_FAILED"
  /** The server can't start with what it was given. */
  | "SERVER_CANNOT_START"
  /** The server can't be reached, or what answers is none. */
  | "SERVER_UNREACHABLE";

export class ServerError extends BailiwickError<ServerErrorCode> {
  override readonly name = "ServerError";
}

/** The one table of codes and HTTP statuses. The last two are never answered. */
export const STATUS_OF: Readonly<
  Record<ServerErrorCode, 400 | 401 | 403 | 404 | 409 | 412 | 413 | 422 | 429 | 500 | 503>
> = {
  SERVER_UNKNOWN_CALLER: 401,
  SERVER_SESSION_OVER: 401,
  SERVER_CLOCK_SKEW: 401,
  SERVER_FORBIDDEN: 403,
  SERVER_NEEDS_OTHERS: 403,
  SERVER_NOT_FOUND: 404,
  SERVER_MALFORMED: 400,
  SERVER_TOO_LARGE: 413,
  SERVER_CONFLICT: 409,
  SERVER_FILTER_INVALID: 400,
  SERVER_VERSION_CHANGED: 412,
  SERVER_LOG_GAP: 409,
  SERVER_LOG_REFUSED: 422,
  SERVER_TOKEN_INVALID: 401,
  SERVER_PROOF_REFUSED: 403,
  SERVER_PROOF_NEEDED: 403,
  SERVER_BUSY: 429,
  SERVER_READ_ONLY: 503,
  SERVER_STORE_FAILED: 503,
  SERVER_PROVIDER_FAILED: 503,
  SERVER_CANNOT_START: 500,
  SERVER_UNREACHABLE: 503,
};

export function isServerErrorCode(code: string): code is ServerErrorCode {
  return Object.hasOwn(STATUS_OF, code);
}
