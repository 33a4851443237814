/**
 * What every answer says, of whatever route, also where nobody thought of it: that it is what it says it is, runs nothing, loads nothing, is
 * in no frame, and that nobody keeps it or is told its address. An answer's own headers go before these.
 */
const OF_ALL = {
  "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  // No page of another site has it as a script or a picture.
  "cross-origin-resource-policy": "same-origin",
} as const;

const YEAR_S = 31_536_000;

/**
 * Where browsers know the server by `https`, they never ask it by anything else again (RFC 6797). Not said elsewhere: of a server to try
 * out at `localhost` it would hold for all that listens there.
 * @param origin of `public-url`
 */
export function headersOfAll(origin: string | undefined): Readonly<Record<string, string>> {
  if (origin?.startsWith("https:") !== true) return OF_ALL;
  return { ...OF_ALL, "strict-transport-security": `max-age=${String(YEAR_S)}; includeSubDomains` };
}
