import { gunzipSync, inflateSync } from "node:zlib";

/** Of base 64 and hexadecimal digits: shorter runs hold nothing that is looked for. */
const LEAST_RUN = 24;
/** A line of a run that goes on in the next. */
const LEAST_LINE = 16;
const DIGITS = /(?:[0-9A-Fa-f]{2}){16,}/g;
/** A run of letters is a word far more often than something encoded; then it decodes to anything but text. */
const LEAST_TEXT = 0.85;
/** Of what a compressed piece within a text may grow to. */
const MOST_INFLATED = 1 << 20;

const BACKSLASH = 0x5c;
const PERCENT = 0x25;

/** Of a byte: 1 for a digit of base 64 of either alphabet, which hexadecimal digits are, too. */
const ENCODED = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(/[A-Za-z0-9+/_-]/.test(String.fromCharCode(byte))),
);
/** Of a byte: 1 for a control that no text has. */
const BINARY = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number((byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) || byte === 0x7f),
);

export interface Unwrapped {
  readonly bytes: Uint8Array;
  /** Not the same text in another spelling, but one that cannot be read there at all. */
  readonly isDecoded: boolean;
}

/**
 * What else a text says once an encoding is undone: strings of JSON, forms and URLs, base 64 of either alphabet, hexadecimal digits, and gzip or zlib within
 * those. Each of them one step; in no order.
 */
export function unwrapped(bytes: Uint8Array): Unwrapped[] {
  const found: Unwrapped[] = [];
  // A run holds one of every sixteenth byte: most of a text is never looked at here.
  for (let index = LEAST_LINE - 1; index < bytes.length; index += LEAST_LINE) {
    if (ENCODED[bytes[index] ?? 0] !== 1) continue;
    const run = runAround(bytes, index);
    if (run.length >= LEAST_RUN) found.push(...decoded(run));
    index = Math.max(index, run.byteOffset - bytes.byteOffset + run.length);
  }
  if (bytes.includes(BACKSLASH) || bytes.includes(PERCENT)) {
    // Compressed pictures are full of what could be escapes; what is text among them is looked at by itself.
    const text = bytes.includes(0) ? textOnly(bytes) : bytes;
    if (text.includes(BACKSLASH)) found.push({ bytes: withoutEscapes(text), isDecoded: false });
    if (text.includes(PERCENT)) found.push({ bytes: withoutPercents(text), isDecoded: false });
  }
  return found;
}

/** The encoded bytes around a place, over line ends as long as the lines are not words. */
function runAround(bytes: Uint8Array, index: number): Uint8Array {
  let start = index;
  while (start > 0 && ENCODED[bytes[start - 1] ?? 0] === 1) start -= 1;
  let end = index + 1;
  for (let line = start; ;) {
    while (end < bytes.length && ENCODED[bytes[end] ?? 0] === 1) end += 1;
    if (end - line < LEAST_LINE) return bytes.subarray(start, line === start ? end : line);
    let next = end;
    if (bytes[next] === 0x0d) next += 1;
    if (bytes[next] !== 0x0a || ENCODED[bytes[next + 1] ?? 0] !== 1) return bytes.subarray(start, end);
    line = next + 1;
    end = line;
  }
}

/** The stretches between controls that no text has, but those that are too short to hold anything. */
function textOnly(bytes: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(bytes.length + 1);
  let [length, start] = [0, 0];
  for (let index = 0; index <= bytes.length; index++) {
    const byte = index < bytes.length ? (bytes[index] ?? 0) : 0;
    if (BINARY[byte] !== 1) continue;
    if (index - start >= LEAST_LINE) {
      out.set(bytes.subarray(start, index), length);
      length += index - start;
      out[length++] = 0x0a;
    }
    start = index + 1;
  }
  return out.subarray(0, length);
}

const CONTROLS: Readonly<Record<number, number>> = { 0x62: 0x20, 0x66: 0x20, 0x6e: 0x0a, 0x72: 0x0d, 0x74: 0x09 };
const LETTER_U = 0x75;

/** Strings of JSON (RFC 8259, section 7). */
function withoutEscapes(bytes: Uint8Array): Uint8Array {
  return replaced(bytes, BACKSLASH, (at, out, length) => {
    const next = bytes[at + 1] ?? 0;
    const code = next === LETTER_U ? hexAt(bytes, at + 2, 4) : -1;
    // At most three bytes, for six.
    if (code >= 0) return { read: 6, written: out.write(String.fromCharCode(code), length, "utf8") };
    out[length] = CONTROLS[next] ?? next;
    return { read: 2, written: 1 };
  });
}

function withoutPercents(bytes: Uint8Array): Uint8Array {
  return replaced(bytes, PERCENT, (at, out, length) => {
    const code = hexAt(bytes, at + 1, 2);
    out[length] = code < 0 ? PERCENT : code;
    return { read: code < 0 ? 1 : 3, written: 1 };
  });
}

/** What stands between escapes is copied as a whole: that is most of a text. */
function replaced(
  bytes: Uint8Array,
  mark: number,
  replace: (at: number, out: Buffer, length: number) => { readonly read: number; readonly written: number },
): Uint8Array {
  const out = Buffer.allocUnsafe(bytes.length + 1);
  let [length, from] = [0, 0];
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, from)) {
    for (; from < at; from++) out[length++] = bytes[from] ?? 0;
    const { read, written } = replace(at, out, length);
    from = at + read;
    length += written;
  }
  out.set(bytes.subarray(from), length);
  return out.subarray(0, length + Math.max(0, bytes.length - from));
}

/** -1 where there is no such number. */
function hexAt(bytes: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let index = at; index < at + digits; index++) {
    const byte = bytes[index] ?? 0;
    const digit =
      byte >= 0x30 && byte <= 0x39
        ? byte - 0x30
        : byte >= 0x41 && byte <= 0x46
          ? byte - 0x37
          : byte >= 0x61 && byte <= 0x66
            ? byte - 0x57
            : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function decoded(run: Uint8Array): Unwrapped[] {
  const text = Buffer.from(run.buffer, run.byteOffset, run.length).toString("latin1").replaceAll(/\s/g, "");
  const pieces = [Buffer.from(text, "base64")];
  for (const [digits] of text.matchAll(DIGITS)) pieces.push(Buffer.from(digits, "hex"));
  return pieces.flatMap((bytes) => {
    const plain = inflate(bytes) ?? (isText(bytes) ? bytes : undefined);
    return plain === undefined ? [] : [{ bytes: plain, isDecoded: true }];
  });
}

function inflate(bytes: Buffer): Buffer | undefined {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const isZlib = bytes[0] === 0x78 && ((bytes[0] << 8) | (bytes[1] ?? 0)) % 31 === 0;
  if (!isGzip && !isZlib) return undefined;
  try {
    return (isGzip ? gunzipSync : inflateSync)(bytes, { maxOutputLength: MOST_INFLATED });
  } catch {
    return undefined; // it only looked like it, or grows without end: then its bytes are what was sent
  }
}

function isText(bytes: Uint8Array): boolean {
  let text = 0;
  for (const byte of bytes)
    if ((byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09) text += 1;
  return text >= LEAST_TEXT * bytes.length;
}
