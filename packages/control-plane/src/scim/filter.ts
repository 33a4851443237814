/** Filters (RFC 7644, 3.4.2.2), as far as directories use them to find somebody: `eq`, joined by `and`. */
import { ServerError } from "../../contract/errors.ts";

export interface Term {
  /** As it was written. */
  readonly path: string;
  readonly value: string | number | boolean | null;
}

const TERM = /^\s*([A-Za-z][\w.:$-]*)\s+eq\s+("(?:[^"\\]|\\.)*"|true|false|null|-?\d+(?:\.\d+)?)\s*(and\s|$)/i;
const MOST_TERMS = 10;

/** @throws ServerError SERVER_FILTER_INVALID */
export function parseFilter(text: string): readonly Term[] {
  const terms: Term[] = [];
  for (let rest = text; ;) {
    const [whole, path, value, joined] = TERM.exec(rest) ?? [];
    if (whole === undefined || path === undefined || value === undefined || terms.length >= MOST_TERMS) {
      throw invalid("it is not made of `attribute eq value`, joined by `and`");
    }
    terms.push({ path, value: valueOf(value) });
    if (joined === "") return terms;
    rest = rest.slice(whole.length);
  }
}

function valueOf(literal: string): Term["value"] {
  if (!literal.startsWith('"')) {
    const word = literal.toLowerCase();
    return word === "null" ? null : word === "true" || word === "false" ? word === "true" : Number(literal);
  }
  try {
    return String(JSON.parse(literal));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalid("a text in it is not as JSON writes it");
  }
}

export function invalid(why: string): ServerError {
  return new ServerError("SERVER_FILTER_INVALID", `the filter can't be used: ${why}`, {
    remedy: 'for example `userName eq "robin"`',
  });
}
