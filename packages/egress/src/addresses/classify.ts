import ipaddr from "ipaddr.js";

/** An address as it is dialled: `text` is its canonical form, made from the very bits that were checked. */
export interface CheckedAddress {
  readonly text: string;
  readonly family: 4 | 6;
}

/** What is wrong with an address, in words that follow "is" or "resolves to": `a loopback address`. */
export interface AddressRefusal {
  readonly refusal: string;
}

/**
 * May an address that a resolver gave be dialled? Only global unicast is: what is not known to be public is refused, so a
 * range that nobody thought of is closed. IPv6 forms that carry an IPv4 address are refused whole, whatever they carry
 * (`::ffff:127.0.0.1`, `64:ff9b::7f00:1`, 6to4, Teredo): a name that is served by IPv4 has an IPv4 address.
 */
export function checkResolvedAddress(address: string): CheckedAddress | AddressRefusal {
  const parsed = parseAddress(address);
  if (parsed === undefined) return { refusal: "not an address that can be checked" };
  const refusal = parsed.kind() === "ipv4" ? refuseV4(parsed) : refuseV6(parsed);
  return refusal === undefined ? checked(parsed) : { refusal };
}

/**
 * May an address of the profile's `[network.hosts]` be dialled? The person named it, so it may be loopback, private or
 * link-local; but not one that is no single host (multicast, broadcast) or that means another than it says (`0.0.0.0`).
 */
export function checkStaticAddress(address: string): CheckedAddress | AddressRefusal {
  const parsed = parseAddress(address);
  if (parsed === undefined) return { refusal: "not an IPv4 or IPv6 address" };
  const range: string = parsed.range();
  if (range === "unspecified" || range === "multicast" || range === "broadcast") return { refusal: describe(range) };
  return checked(parsed);
}

type Parsed = ipaddr.IPv4 | ipaddr.IPv6;

/** Four decimal parts or RFC 4291 text; not `127.1`, `0x7f.1`, `010.0.0.1`, which parsers disagree on, and no zone. */
function parseAddress(address: string): Parsed | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return ipaddr.IPv4.parse(address);
  if (!address.includes(":") || address.includes("%") || !ipaddr.IPv6.isValid(address)) return undefined;
  return ipaddr.IPv6.parse(address);
}

function checked(parsed: Parsed): CheckedAddress {
  return { text: parsed.toString(), family: parsed.kind() === "ipv4" ? 4 : 6 };
}

function refuseV4(parsed: Parsed): string | undefined {
  if (parsed.toString() === AZURE_WIRE_SERVER) return "a cloud's metadata address";
  const range: string = parsed.range();
  return range === "unicast" ? undefined : describe(range);
}

function refuseV6(parsed: Parsed): string | undefined {
  const range: string = parsed.range();
  if (range !== "unicast") return describe(range);
  const bytes = parsed.toByteArray();
  // ipaddr.js calls all that it has no range for unicast, also `::127.0.0.1` (IPv4-compatible, RFC 4291 section 2.5.5.1).
  if (((bytes[0] ?? 0) & 0xe0) !== 0x20) return "not a public address";
  // ISATAP (RFC 5214): ::5efe:a.b.c.d and ::200:5efe:a.b.c.d in the lower half.
  if (((bytes[8] ?? 0) & 0xfd) === 0 && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe) {
    return "an address that carries an IPv4 address";
  }
  return undefined;
}

/** Azure's host agent listens on a public address that is routed to the host itself, beside 169.254.169.254. */
const AZURE_WIRE_SERVER = "168.63.129.16";

function describe(range: string): string {
  return DESCRIPTIONS.get(range) ?? "a reserved address";
}

const DESCRIPTIONS: ReadonlyMap<string, string> = new Map([
  ["loopback", "a loopback address"],
  ["linkLocal", "a link-local address (clouds serve their metadata there)"],
  ["private", "a private address"],
  ["uniqueLocal", "a private address"],
  ["deprecatedSiteLocal", "a private address"],
  ["carrierGradeNat", "a shared address (carrier-grade NAT)"],
  ["multicast", "a multicast address"],
  ["broadcast", "the broadcast address"],
  ["unspecified", "the unspecified address, which means this machine"],
  ["ipv4Mapped", "an address that carries an IPv4 address"],
  ["rfc6052", "an address that carries an IPv4 address"],
  ["rfc6145", "an address that carries an IPv4 address"],
  ["6to4", "an address that carries an IPv4 address"],
  ["teredo", "an address that carries an IPv4 address"],
]);
