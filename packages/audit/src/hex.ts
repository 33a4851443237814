const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Lower-case hexadecimal digits, two a byte. Also works in a browser, and costs little for digests. */
export function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += HEX[byte] ?? "";
  return hex;
}

const DIGITS = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
const SHA256 = "sha256:";

/** Whether a text is `sha256:` and the digits of these 32 bytes; a third of the cost of writing them. */
export function isDigestOf(hash: Uint8Array, text: string): boolean {
  if (text.length !== SHA256.length + 2 * hash.length || !text.startsWith(SHA256)) return false;
  let at = SHA256.length;
  for (const byte of hash) {
    if (text.charCodeAt(at) !== DIGITS[byte >> 4] || text.charCodeAt(at + 1) !== DIGITS[byte & 15]) return false;
    at += 2;
  }
  return true;
}
