/** What a ClientHello says about the host that is meant. */
export interface ClientHello {
  /** As written; `undefined` without the extension. */
  readonly serverName: string | undefined;
  /** It has the `encrypted_client_hello` extension, real or GREASE: a second name may be hidden inside. */
  readonly encrypted: boolean;
  /** The protocols that it offers (ALPN), in its order; none without the extension. */
  readonly protocols: readonly string[];
  /** It offers TLS 1.3: the server may ask for a second ClientHello (HelloRetryRequest). */
  readonly mayRetry: boolean;
  /** It announces early data, which may stand before that second ClientHello. */
  readonly earlyData: boolean;
}

export type HelloResult = { readonly hello: ClientHello } | { readonly malformed: string };

const EXTENSION_SERVER_NAME = 0;
const EXTENSION_PROTOCOLS = 16;
const EXTENSION_EARLY_DATA = 42;
const EXTENSION_SUPPORTED_VERSIONS = 43;
const EXTENSION_ENCRYPTED_CLIENT_HELLO = 0xfe0d;
const HOST_NAME = 0;

/**
 * Parses the body of one ClientHello handshake message (without its four bytes of type and length). Strict: every length
 * adds up exactly, no extension stands twice, one name. What a lenient server would read otherwise than this parser is
 * malformed here.
 * @see https://www.rfc-editor.org/rfc/rfc8446#section-4.1.2 (the structure), https://www.rfc-editor.org/rfc/rfc6066#section-3 (SNI)
 */
export function parseClientHello(body: Uint8Array): HelloResult {
  const reader = new Reader(body);
  if (reader.u8() !== 3) return { malformed: "not a TLS version" };
  reader.u8();
  reader.take(32);
  if (reader.vector8().length > 32) return { malformed: "session id of more than 32 bytes" };
  const suites = reader.vector16();
  if (suites.length < 2 || suites.length % 2 !== 0) return { malformed: "no cipher suites" };
  if (reader.vector8().length === 0) return { malformed: "no compression methods" };
  if (reader.failed) return { malformed: "shorter than its lengths say" };
  // TLS 1.2 and before allow a hello that ends here, without extensions.
  if (reader.atEnd)
    return { hello: { serverName: undefined, encrypted: false, protocols: [], mayRetry: false, earlyData: false } };
  const extensions = reader.vector16();
  if (reader.failed || !reader.atEnd) return { malformed: "extensions do not end with the message" };
  return parseExtensions(extensions);
}

function parseExtensions(bytes: Uint8Array): HelloResult {
  const reader = new Reader(bytes);
  const seen = new Set<number>();
  let serverName: string | undefined;
  let protocols: readonly string[] | undefined = [];
  while (!reader.atEnd) {
    const type = reader.u16();
    const data = reader.vector16();
    if (reader.failed) return { malformed: "extensions shorter than their lengths say" };
    if (seen.has(type)) return { malformed: "an extension stands twice" };
    seen.add(type);
    if (type === EXTENSION_PROTOCOLS) protocols = parseProtocols(data);
    if (protocols === undefined) return { malformed: "the protocol extension does not hold a list of names" };
    if (type !== EXTENSION_SERVER_NAME) continue;
    serverName = parseServerName(data);
    if (serverName === undefined) return { malformed: "the server name extension does not hold one host name" };
  }
  return {
    hello: {
      serverName,
      protocols,
      encrypted: seen.has(EXTENSION_ENCRYPTED_CLIENT_HELLO),
      // TLS 1.3 exists only through this extension; which versions it lists is the server's business.
      mayRetry: seen.has(EXTENSION_SUPPORTED_VERSIONS),
      earlyData: seen.has(EXTENSION_EARLY_DATA),
    },
  };
}

/** RFC 7301, section 3.1. */
function parseProtocols(data: Uint8Array): readonly string[] | undefined {
  const outer = new Reader(data);
  const list = new Reader(outer.vector16());
  if (outer.failed || !outer.atEnd) return undefined;
  const protocols: string[] = [];
  while (!list.atEnd) protocols.push(Buffer.from(list.vector8()).toString("latin1"));
  return list.failed || protocols.length === 0 || protocols.includes("") ? undefined : protocols;
}

function parseServerName(data: Uint8Array): string | undefined {
  const outer = new Reader(data);
  const list = new Reader(outer.vector16());
  if (outer.failed || !outer.atEnd) return undefined;
  const type = list.u8();
  const name = list.vector16();
  // RFC 6066 forbids more than one name of a type and defines only this type, so a second entry is never honest.
  if (list.failed || !list.atEnd || type !== HOST_NAME || name.length === 0) return undefined;
  return Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString("latin1");
}

/** Reads big-endian fields; after the first that is not there it only gives zeros and empty vectors, and `failed` is true. */
class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get failed(): boolean {
    return this.#failed;
  }

  get atEnd(): boolean {
    return this.#failed || this.#offset === this.#bytes.length;
  }

  take(length: number): Uint8Array {
    const from = this.#offset;
    if (this.#failed || from + length > this.#bytes.length) {
      this.#failed = true;
      return new Uint8Array(0);
    }
    this.#offset += length;
    return this.#bytes.subarray(from, this.#offset);
  }

  u8(): number {
    return this.take(1)[0] ?? 0;
  }

  u16(): number {
    const [high = 0, low = 0] = this.take(2);
    return (high << 8) | low;
  }

  vector8(): Uint8Array {
    return this.take(this.u8());
  }

  vector16(): Uint8Array {
    return this.take(this.u16());
  }
}
