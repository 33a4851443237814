import { parseHostName } from "@bailiwick/base";
import type { Refusal } from "../refusals.ts";
import { type Fields, nameForPrograms, tokensOf, valuesOf } from "./headers.ts";
import { httpRefusals } from "./refusals.ts";

/** A request as it came, before anything is believed of it. */
export interface SentRequest {
  readonly method: string;
  /** As on the request line, or `:path`. */
  readonly target: string;
  /** `Host` of HTTP/1.1, or `:authority`. */
  readonly authorities: readonly string[];
  readonly fields: Fields;
  /** The protocol that an upgrade asks for, in lower case. */
  readonly upgrade: string | undefined;
  /** As the first line of HTTP/1 says it. */
  readonly version: "1.0" | "1.1" | "2" | undefined;
}

/** Frameworks let these replace the method or path that a rule was asked about. */
const OVERRIDES: ReadonlySet<string> = new Set([
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-original-method",
  "x-original-url",
  "x-rewrite-url",
  "x-original-uri",
  "x-forwarded-host",
  "x-forwarded-prefix",
  "x-forwarded-uri",
  "x-host",
  "forwarded",
]);

/** What these mean the parser has seen to; under a name that only programs behind the server read so, nobody has. */
const FRAMING: ReadonlySet<string> = new Set(["content-length", "transfer-encoding", "host", "expect", "upgrade"]);

const CONNECTION_OPTIONS: ReadonlySet<string> = new Set(["keep-alive", "close", "upgrade", "te"]);
const METHOD = /^[A-Z][A-Z-]{0,31}$/;

/**
 * What is wrong with a request whatever policies say: it is for another host, would be read differently by the server, or would turn the
 * connection into something that cannot be seen. The target's own form is `readRequestTarget`'s.
 */
export function screenRequest(request: SentRequest, host: string, port: number): Refusal | undefined {
  const { method, fields } = request;
  if (method === "CONNECT") return httpRefusals.connect();
  // A server that sends the request back would send the credential back with it.
  if (method === "TRACE" || method === "TRACK") return httpRefusals.method(method);
  if (!METHOD.test(method)) return httpRefusals.unreadable("its method is not a word in capitals");
  const authority = screenAuthority(request.authorities, host, port);
  if (authority !== undefined) return authority;
  const override = fields.find(([name]) => isOverride(name));
  if (override !== undefined) return httpRefusals.override(override[0]);
  const option = tokensOf(fields, "connection").find((token) => !CONNECTION_OPTIONS.has(token));
  if (option !== undefined) return httpRefusals.connectionOption(option);
  // Policies are asked about it, and servers take the first, the last or both.
  if (valuesOf(fields, "content-type").length > 1) return httpRefusals.unreadable("it has several content types");
  return screenFraming(request) ?? screenExpect(fields) ?? screenUpgrade(request);
}

function isOverride(name: string): boolean {
  const read = nameForPrograms(name);
  return OVERRIDES.has(read) || (FRAMING.has(read) && name.toLowerCase() !== read);
}

function screenAuthority(authorities: readonly string[], host: string, port: number): Refusal | undefined {
  const [said] = authorities;
  if (said === undefined || authorities.length !== 1) return httpRefusals.noHost(host);
  const colon = said.lastIndexOf(":");
  const name = colon < 0 ? said : said.slice(0, colon);
  const saidPort = colon < 0 ? undefined : said.slice(colon + 1);
  if (parseHostName(name) !== host) return httpRefusals.otherHost(host, said);
  return saidPort === undefined || saidPort === String(port) ? undefined : httpRefusals.otherHost(host, said);
}

/**
 * A host in one spelling, with its port where it has one: servers that tell hosts apart by case or by a last dot must not see another one than the policies did.
 * What is no host stays as it is, and is refused.
 */
export function plainAuthority(said: string): string {
  const colon = said.lastIndexOf(":");
  const [name, port] = colon < 0 ? [said, ""] : [said.slice(0, colon), said.slice(colon)];
  const host = parseHostName(name);
  return host === undefined ? said : `${host}${port}`;
}

/** The parser refuses what contradicts itself; this refuses what it would still let the server decide. */
function screenFraming({ fields, version }: SentRequest): Refusal | undefined {
  if (version === undefined) return httpRefusals.unreadable("its version is not one of HTTP/1");
  const lengths = valuesOf(fields, "content-length");
  const codings = tokensOf(fields, "transfer-encoding");
  if (lengths.length > 1) return httpRefusals.unreadable("it has several lengths");
  // No zeros before it: they are how some languages write octal.
  if (lengths.length === 1 && !/^(?:0|[1-9][0-9]{0,14})$/.test(lengths[0] ?? "")) {
    return httpRefusals.unreadable("its length is not a number");
  }
  if (codings.length === 0) return undefined;
  if (lengths.length > 0) return httpRefusals.unreadable("it has a length and a transfer encoding");
  if (codings.length > 1 || codings[0] !== "chunked") {
    return httpRefusals.unreadable("its transfer encoding is not just `chunked`");
  }
  // Servers of HTTP/1.0 know of none, and would read the chunks as the next request (RFC 9112, section 6.1).
  return version === "1.1" ? undefined : httpRefusals.unreadable("its version has no transfer encodings");
}

/** Whether a server waits for the body must not depend on how it reads this. */
function screenExpect(fields: Fields): Refusal | undefined {
  const expected = valuesOf(fields, "expect");
  if (expected.length === 0 || (expected.length === 1 && expected[0]?.toLowerCase() === "100-continue")) {
    return undefined;
  }
  return httpRefusals.unreadable("it expects something other than `100-continue`");
}

function screenUpgrade({ method, upgrade, fields }: SentRequest): Refusal | undefined {
  if (upgrade === undefined) return undefined;
  if (upgrade !== "websocket" || method !== "GET") return httpRefusals.upgrade(upgrade);
  // Nobody agrees on whether it comes before the first frame.
  return hasBody(fields) ? httpRefusals.unreadable("it asks for a WebSocket and has a body") : undefined;
}

/** Whether the fields of HTTP/1 say that a body follows. */
export function hasBody(fields: Fields): boolean {
  const [length] = valuesOf(fields, "content-length");
  return (length !== undefined && Number(length) !== 0) || valuesOf(fields, "transfer-encoding").length > 0;
}
