/** As many arguments as a call surely takes. */
const CHUNK = 8_192;

/** Standard base 64 that also works in a browser; `Buffer` does not exist there. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

/** Undefined for anything that {@link encodeBase64} would not have written: one value has one spelling. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return encodeBase64(bytes) === text ? bytes : undefined;
}
