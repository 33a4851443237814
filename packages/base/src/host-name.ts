/**
 * The one parser of host names, whether they come from inside, from a profile or from a policy. Gives the name in lower case without its trailing
 * dot, or `undefined`: 1..253 characters, labels of 1..63 letters, digits, `-` and `_`, none starting or ending with `-`.
 *
 * Strict on purpose: a NUL or a space in a name has made a matcher and a resolver see two different names (CVE-2025-55284
 * and its kin), and a name whose last label is a number (`127.1`, `0x7f000001`, `2130706433`) is an address to `getaddrinfo`.
 * @see https://url.spec.whatwg.org/#ends-in-a-number-checker
 */
export function parseHostName(text: string): string | undefined {
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  if (name.length === 0 || name.length > 253) return undefined;
  // Checked before lower-casing: `toLowerCase` turns the Kelvin sign U+212A into `k`.
  if (!HOST_NAME.test(name)) return undefined;
  const lower = name.toLowerCase();
  return NUMBER.test(lower.slice(lower.lastIndexOf(".") + 1)) ? undefined : lower;
}

const LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
const HOST_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
const NUMBER = /^(?:[0-9]+|0x[0-9a-f]*)$/;
