/**
 * What the kernel gives as bytes (paths, arguments) as a string that loses nothing: valid UTF-8 as itself, every other
 * byte as `\udcXX` (the lone surrogate of Python's `surrogateescape`, PEP 383). {@link encodeOsString} turns it back.
 */
export function decodeOsString(bytes: Uint8Array): string {
  const text = utf8.decode(bytes);
  if (!text.includes("\ufffd")) return text;
  return decodeSlowly(bytes);
}

/** The bytes of a string made by {@link decodeOsString}. */
export function encodeOsString(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, "utf8");
  const parts: Buffer[] = [];
  let from = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0xdc80 || unit > 0xdcff || isHighSurrogate(text.charCodeAt(index - 1))) continue;
    parts.push(Buffer.from(text.slice(from, index), "utf8"), Buffer.of(unit & 0xff));
    from = index + 1;
  }
  parts.push(Buffer.from(text.slice(from), "utf8"));
  return Buffer.concat(parts);
}

/** The same text for those who refuse lone surrogates (Cedar, JSON consumers): each becomes U+FFFD. */
export function toWellFormed(text: string): string {
  return text.toWellFormed();
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function decodeSlowly(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.length;) {
    const length = sequenceLength(bytes, index);
    if (length > 0) text += strict.decode(bytes.subarray(index, index + length));
    else text += String.fromCharCode(0xdc00 | (bytes[index] ?? 0));
    index += Math.max(length, 1);
  }
  return text;
}

/** How many bytes the valid UTF-8 sequence at `index` has; 0 when there is none. */
function sequenceLength(bytes: Uint8Array, index: number): number {
  const lead = bytes[index] ?? 0;
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  try {
    strict.decode(bytes.subarray(index, index + length));
    return index + length <= bytes.length ? length : 0;
  } catch (error) {
    if (error instanceof TypeError) return 0;
    throw error;
  }
}
