/** A request target in the readings that a server could give it. */
export interface RequestTarget {
  /** Decoded segments, once as written and, where some servers read it otherwise, once as those do. At least one. */
  readonly paths: readonly (readonly string[])[];
  /** The names in the query, decoded, in order; both `&` and `;` separate. */
  readonly query: readonly string[];
}

export interface UnreadableTarget {
  /** Follows "the request target ". */
  readonly unreadable: string;
}

const LONGEST = 16_384;

/**
 * Reads a request target in origin form (RFC 9112, section 3.2.1). Policies must see what the server will: a text that servers are known
 * to read differently is refused (dot segments, backslashes, NUL and other controls, percent signs that decode to more of them, empty
 * segments), and where honest clients need such a text (`/@scope%2fname` of npm, matrix parameters, full-width letters) every reading is given.
 */
export function readRequestTarget(target: string): RequestTarget | UnreadableTarget {
  if (!target.startsWith("/")) return { unreadable: "does not begin with a slash" };
  if (target.length > LONGEST) return { unreadable: `is longer than ${String(LONGEST)} characters` };
  if (/[^!-~]/.test(target)) return { unreadable: "holds a character that must be percent-encoded" };
  if (target.includes("#")) return { unreadable: "holds a fragment" };
  if (target.includes("\\")) return { unreadable: "holds a backslash" };
  const mark = target.indexOf("?");
  const path = readPath(mark < 0 ? target : target.slice(0, mark));
  if ("unreadable" in path) return path;
  const query = readQueryNames(mark < 0 ? "" : target.slice(mark + 1));
  return "unreadable" in query ? query : { paths: path.paths, query: query.names };
}

function readPath(text: string): Pick<RequestTarget, "paths"> | UnreadableTarget {
  const written: string[] = [];
  const parts = text.slice(1).split("/");
  if (parts.at(-1) === "") parts.pop();
  for (const part of parts) {
    const segment = decode(part);
    if (segment === undefined) return { unreadable: "holds a percent sign that encodes no UTF-8" };
    const problem = problemOf(segment);
    if (problem !== undefined) return { unreadable: problem };
    written.push(segment);
  }
  // Some fold letters when the path is decoded already, and find slashes and dots then: U+FF0F, U+FF0E, U+2025 ("best fit", Unicode normalisation).
  const folded = written.flatMap((segment) => segment.normalize("NFKC").split("/"));
  const lenient = folded.map((segment) => segment.split(";", 1)[0] ?? "");
  const differs = lenient.length !== written.length || lenient.some((segment, index) => segment !== written[index]);
  if (!differs) return { paths: [written] };
  const problem = [...folded, ...lenient].map(problemOf).find((found) => found !== undefined);
  return problem === undefined ? { paths: [written, lenient] } : { unreadable: problem };
}

/** Why a decoded segment could be read as something else further on. */
function problemOf(segment: string): string | undefined {
  if (segment === "") return "has an empty segment";
  if (segment === "." || segment === "..") return "has a dot segment";
  if (/[\u0000-\u001f\u007f]/.test(segment)) return "encodes a control character";
  if (segment.includes("\\")) return "encodes a backslash";
  if (/%[0-9a-f]{2}/i.test(segment)) return "is encoded twice";
  return undefined;
}

function readQueryNames(text: string): { readonly names: readonly string[] } | UnreadableTarget {
  const names: string[] = [];
  for (const part of text.split(/[&;]/)) {
    if (part === "") continue;
    const name = decode((part.split("=", 1)[0] ?? "").replaceAll("+", " "));
    if (name === undefined) return { unreadable: "holds a percent sign that encodes no UTF-8" };
    if (/[\u0000-\u001f\u007f]/.test(name)) return { unreadable: "encodes a control character" };
    names.push(name);
  }
  return { names };
}

function decode(text: string): string | undefined {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
