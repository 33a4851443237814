/** One parameter; `written` is how it stood there, and is given up when its value changes. */
export interface Parameter {
  readonly name: string;
  value: string;
  readonly written: { readonly text: string; readonly value: string } | undefined;
}

export type Query = Parameter[];

/** Reads a query that `readRequestTarget` has read before. Only `&` separates, as the server of a query credential reads it. */
export function readQuery(text: string): Query {
  if (text === "") return [];
  return text.split("&").map((part) => {
    const equals = part.indexOf("=");
    const name = decode(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? "" : decode(part.slice(equals + 1));
    return { name, value, written: { text: part, value } };
  });
}

/** As it was written, but for what has changed. */
export function writeQuery(query: Query): string {
  return query
    .map(({ name, value, written }) =>
      written?.value === value ? written.text : `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
    )
    .join("&");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (error) {
    // A value may hold a stray percent sign; names were read before.
    if (error instanceof URIError) return text;
    throw error;
  }
}
