import { parseHostName } from "@bailiwick/base";
import { type Refusal, refusals } from "../refusals.ts";
import { type ClientInspector, HOLD, PASS, PASS_ALL, type Verdict } from "../tcp/client-inspector.ts";
import { type ClientHello, parseClientHello } from "./client-hello.ts";

const RECORD_HEADER_BYTES = 5;
const MOST_RECORD_BYTES = 16_384;
/** A ClientHello with its header; real ones have 200 to 2,000 bytes. */
const MOST_HELLO_BYTES = 65_536;
const HANDSHAKE = 0x16;
const APPLICATION_DATA = 0x17;
const CLIENT_HELLO = 1;

/**
 * Lets TLS through only when its ClientHello names the host that the connection was made to, and everything that is not
 * TLS as it is. Without this, a connection to an allowed name could ask the content network behind it for any other.
 *
 * States: `start` (which protocol?) → `first` (its ClientHello is held until it is complete and right) → `retry` → done.
 * In `retry` bytes pass, but a second ClientHello in plain sight, as after a HelloRetryRequest, is held and checked as the
 * first: servers act on the name in the second. `retry` ends with the first record that can't come before such a hello,
 * and is left out when the hello does not offer TLS 1.3.
 */
export class ServerNameGate implements ClientInspector {
  readonly #name: string;
  #state: "start" | "first" | "retry" = "start";
  /** The header of the record that is being read: bytes so far, then what is left of its content. */
  readonly #header = new Uint8Array(RECORD_HEADER_BYTES);
  #headerFill = 0;
  #recordLeft = 0;
  /** The handshake message so far; it may be spread over records. */
  #message = new Uint8Array(512);
  #messageFill = 0;
  /** In `retry`: the message is a ClientHello, so it is held. */
  #holding = false;
  #earlyData = false;

  #protocols: readonly string[] = [];

  /** @param name as {@link parseHostName} gives it */
  constructor(name: string) {
    this.#name = name;
  }

  /** True once the first bytes were of TLS. */
  get isTls(): boolean {
    return this.#state !== "start";
  }

  /** What the ClientHello offered by ALPN; known when it was let through. */
  get protocols(): readonly string[] {
    return this.#protocols;
  }

  inspect(chunk: Uint8Array): Verdict {
    let offset = 0;
    while (offset < chunk.length) {
      let verdict: Verdict | undefined;
      if (this.#recordLeft === 0) {
        this.#header[this.#headerFill++] = chunk[offset++] ?? 0;
        verdict = this.#state === "start" ? this.#recogniseProtocol() : undefined;
        if (verdict === undefined && this.#headerFill === RECORD_HEADER_BYTES) verdict = this.#startRecord();
      } else {
        const content = chunk.subarray(offset, offset + this.#recordLeft);
        offset += content.length;
        this.#recordLeft -= content.length;
        if (this.#header[0] === HANDSHAKE) verdict = this.#takeHandshake(content);
      }
      if (verdict !== undefined) return verdict;
    }
    return this.#state === "retry" && !this.#holding ? PASS : HOLD;
  }

  giveUp(why: string): Refusal {
    return refusals.helloMalformed(this.#name, why);
  }

  /** `undefined` while it may still be TLS. */
  #recogniseProtocol(): Verdict | undefined {
    const [first = 0, , third, fourth] = this.#header;
    if (first === HANDSHAKE) {
      this.#state = "first";
      return undefined;
    }
    // A ClientHello in SSL 2 form, which some servers still take as the start of TLS 1.2: 15-bit length, type 1, version
    // 3.x. It can't hold a server name. Servers take at most one record buffer of it, hence the bound.
    if (first < 0x80 || first > 0xce) return PASS_ALL;
    if (this.#headerFill >= 3 && third !== CLIENT_HELLO) return PASS_ALL;
    if (this.#headerFill < 4) return undefined;
    return fourth === 3 ? refuse(refusals.serverNameMissing(this.#name)) : PASS_ALL;
  }

  #startRecord(): Verdict | undefined {
    this.#headerFill = 0;
    const [type, major, , high = 0, low = 0] = this.#header;
    this.#recordLeft = (high << 8) | low;
    if (this.#state === "retry" && type === APPLICATION_DATA && !this.#earlyData) return PASS_ALL;
    if (this.#state === "first" || this.#holding) {
      if (type !== HANDSHAKE || major !== 3) return this.#malformed("a record that is not of the handshake");
      if (this.#recordLeft === 0) return this.#malformed("an empty record");
      if (this.#recordLeft > MOST_RECORD_BYTES) return this.#malformed("a record of more than 16384 bytes");
    }
    return undefined;
  }

  #takeHandshake(content: Uint8Array): Verdict | undefined {
    if (this.#messageFill + content.length > MOST_HELLO_BYTES) return this.#malformed("more than 65536 bytes");
    this.#append(content);
    const [type, high = 0, middle = 0, low = 0, version] = this.#message.subarray(0, this.#messageFill);
    if (this.#state === "retry" && !this.#holding) {
      // After ChangeCipherSpec a record of TLS 1.2 is encrypted and starts with anything, so more than the type is asked.
      if (type !== CLIENT_HELLO) return PASS_ALL;
      if (this.#messageFill < 5) return undefined;
      if (version !== 3) return PASS_ALL;
      this.#holding = true;
    }
    if (type !== CLIENT_HELLO) return this.#malformed("a handshake that does not start with it");
    if (this.#messageFill < 4) return undefined;
    const length = 4 + ((high << 16) | (middle << 8) | low);
    if (length > MOST_HELLO_BYTES) return this.#malformed("more than 65536 bytes");
    if (this.#messageFill < length) return undefined;
    if (this.#messageFill > length || this.#recordLeft > 0) return this.#malformed("more bytes after it in its record");
    return this.#checkHello(this.#message.subarray(4, length));
  }

  #checkHello(body: Uint8Array): Verdict | undefined {
    const result = parseClientHello(body);
    if ("malformed" in result) return this.#malformed(result.malformed);
    const refusal = this.#refusalOf(result.hello);
    if (refusal !== undefined) return refuse(refusal);
    this.#protocols = result.hello.protocols;
    // There is only one retry (RFC 8446, section 4.1.4); without TLS 1.3 there is none.
    if (this.#state === "retry" || !result.hello.mayRetry) return PASS_ALL;
    this.#state = "retry";
    this.#earlyData = result.hello.earlyData;
    this.#messageFill = 0;
    return undefined;
  }

  #refusalOf(hello: ClientHello): Refusal | undefined {
    if (hello.serverName === undefined) return refusals.serverNameMissing(this.#name);
    if (parseHostName(hello.serverName) !== this.#name) return refusals.serverNameDiffers(this.#name, hello.serverName);
    return hello.encrypted ? refusals.serverNameHidden(this.#name) : undefined;
  }

  #append(content: Uint8Array): void {
    const needed = this.#messageFill + content.length;
    if (needed > this.#message.length) {
      const grown = new Uint8Array(Math.min(MOST_HELLO_BYTES, Math.max(needed, this.#message.length * 2)));
      grown.set(this.#message.subarray(0, this.#messageFill));
      this.#message = grown;
    }
    this.#message.set(content, this.#messageFill);
    this.#messageFill = needed;
  }

  #malformed(what: string): Verdict {
    return refuse(refusals.helloMalformed(this.#name, what));
  }
}

function refuse(refusal: Refusal): Verdict {
  return { kind: "refuse", refusal };
}
