/** The words of texts, as they are kept and as they are looked for: letters and digits without case and accents, whatever stands between them. */

/** More of a text than this is not found: what PostgreSQL takes of one is bounded, and nobody looks there. */
const MOST_CHARACTERS = 100_000;

/** The words of a text, parted by spaces. */
export function wordsOf(text: string): string {
  return text
    .slice(0, MOST_CHARACTERS)
    .toWellFormed()
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .toLowerCase()
    .trim();
}

/**
 * A query of PostgreSQL for these words one behind the other. Nothing in it has a meaning of its own: it is made of letters and digits.
 * @see https://www.postgresql.org/docs/15/datatype-textsearch.html
 */
export function wordQuery(text: string, prefix: boolean): string {
  return `${wordsOf(text).split(" ").join(" <-> ")}${prefix ? ":*" : ""}`;
}

/** Of a pattern in which only `*` has a meaning: what `like` takes. */
export function likePattern(pattern: string): string {
  return pattern.replaceAll(/[\\%_]/g, "\\$&").replaceAll("*", "%");
}
