import type { Fields } from "../http/headers.ts";

/** Headers that are named like credentials and are none. */
const HARMLESS: ReadonlySet<string> = new Set([
  "sec-websocket-key",
  "idempotency-key",
  "x-idempotency-key",
  "npm-auth-type",
  "x-github-request-id",
  "surrogate-key",
]);

/** Where a list goes on, in S3. */
const HARMLESS_PARAMETERS: ReadonlySet<string> = new Set(["continuation-token", "key-marker"]);

const WORDS: ReadonlySet<string> = new Set(
  "auth authorization authentication token tokens key apikey secret password passwd pwd credential credentials jwt signature sig cookie cookie2 accesstoken authtoken bearer".split(
    " ",
  ),
);

/** The schemes of `Authorization`, in whatever header they stand. */
const SCHEME =
  /^\s*(?:basic|bearer|token|digest|negotiate|ntlm|apikey|aws4-hmac-sha256|aws4-ecdsa-p256-sha256|hawk|sso-key)\s+\S/i;

/**
 * The first credential that a request carries beside the one that the profile gives it; undefined when there is none. An attacker's own
 * key on a permitted host is the known way out, so what is named or looks like a credential counts, wherever it stands.
 * @param query name and value as written
 */
export function findOtherCredential(
  fields: Fields,
  query: readonly (readonly [name: string, value: string])[],
  own: { readonly headers: readonly string[]; readonly parameter: string | undefined },
): string | undefined {
  for (const [name, value] of fields) {
    const lower = name.toLowerCase();
    if (lower.startsWith(":") || own.headers.includes(lower) || HARMLESS.has(lower) || value.trim() === "") continue;
    if (isNamedLikeOne(lower) || SCHEME.test(value)) return `header \`${lower}\``;
  }
  for (const [name, value] of query) {
    if (name !== own.parameter && value !== "" && !HARMLESS_PARAMETERS.has(name) && isNamedLikeOne(name))
      return `query parameter \`${name}\``;
  }
  return undefined;
}

function isNamedLikeOne(name: string): boolean {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.some((word) => WORDS.has(word)) || WORDS.has(words.join(""));
}
