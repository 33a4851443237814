/** Header fields in the order in which they came. Names as written in HTTP/1.1, in lower case in HTTP/2. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** From Node's flat list of names and values. */
export function fieldsOf(raw: readonly string[]): Fields {
  const fields: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) fields.push([raw[index] ?? "", raw[index + 1] ?? ""]);
  return fields;
}

/** The values of one field, in order. @param name in lower case */
export function valuesOf(fields: Fields, name: string): readonly string[] {
  return fields.filter(([known]) => known.toLowerCase() === name).map(([, value]) => value);
}

/** The elements of a field that is a list of tokens, in lower case. */
export function tokensOf(fields: Fields, name: string): readonly string[] {
  return valuesOf(fields, name)
    .flatMap((value) => value.split(","))
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== "");
}

/** As gateways to programs (CGI, WSGI, Rack) read a name: there `x_forwarded_host` is `x-forwarded-host`. */
export function nameForPrograms(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/** Between two neighbours only (RFC 9110, section 7.6.1); each side makes its own. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "te",
  // Only announces: requests have none here, and answers have theirs whether announced or not.
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Answers name other ways to the host, which are not there inside (HTTP/3 by `alt-svc`). */
const NOT_FOR_INSIDE: ReadonlySet<string> = new Set(["alt-svc"]);

export function withoutHopByHop(fields: Fields): Fields {
  return fields.filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase()));
}

export function answerFields(fields: Fields): Fields {
  return withoutHopByHop(fields).filter(([name]) => !NOT_FOR_INSIDE.has(name.toLowerCase()));
}

export function flat(fields: Fields): string[] {
  return fields.flatMap(([name, value]) => [name, value]);
}
