/** Where a caller is, behind proxies that are trusted to say it. */

/** The proxies in front of the server. */
export interface Proxies {
  /** Whether this is the address of one of them; false of what is no address. */
  has(address: string): boolean;
  isAddress(text: string): boolean;
}

/** Proxies in a row that are believed; nobody has more. */
const MOST_HOPS = 16;

/**
 * The address that connects, unless it is a proxy's: then the last one that the proxies' headers say and that is none of theirs. What stands before it
 * was said by the caller, and could be anything.
 * @param headers `x-forwarded-for` or `forwarded` (RFC 7239). Proxies write one of them; where both are there and say different things, the caller wrote
 * one, and neither counts.
 */
export function callerAddress(
  peer: string,
  { "x-forwarded-for": listed, forwarded }: Readonly<Record<string, string | undefined>>,
  proxies: Proxies,
): string {
  const from = plain(peer);
  if (!proxies.has(from)) return from;
  const said = [listed?.split(",").map(trimmed), forwarded === undefined ? undefined : forOf(forwarded)];
  const [first = from, second = first] = said.flatMap((hops) =>
    hops === undefined ? [] : [firstOther(from, hops, proxies)],
  );
  return first === second ? first : from;
}

/** From the right: each was added by who stands right of it. @returns the last that is known when one is no address */
function firstOther(peer: string, hops: readonly string[], proxies: Proxies): string {
  let known = peer;
  for (const hop of hops.slice(-MOST_HOPS).reverse()) {
    const address = plain(withoutPort(hop));
    if (!proxies.isAddress(address)) return known;
    known = address;
    if (!proxies.has(address)) return known;
  }
  return known;
}

/** The `for` of each element: `for=192.0.2.60;proto=https, for="[2001:db8::1]:4711"`. An element without one is no address. */
function forOf(forwarded: string): string[] {
  return forwarded.split(",").map((element) => {
    const pairs = element.split(";").map(trimmed);
    const [, quoted, token] = pairs.map((pair) => /^for=(?:"([^"\\]*)"|([^"\s]+))$/i.exec(pair)).find(Boolean) ?? [];
    return quoted ?? token ?? "";
  });
}

/** `192.0.2.60:4711` and `[2001:db8::1]:4711`; an address of IPv6 alone has no brackets. */
function withoutPort(text: string): string {
  const [, six, four] = /^(?:\[([^\]]*)\]|([0-9.]+))(?::[0-9]{1,5})?$/.exec(text) ?? [];
  return six ?? four ?? text;
}

/** One way to write an address of IPv4, however it came. */
function plain(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=[0-9.]+$)/, "");
}

function trimmed(text: string): string {
  return text.trim();
}
