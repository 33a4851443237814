import { randomInt } from "node:crypto";

/** Fewer random characters than this could be met by chance, or guessed. */
const LEAST_RANDOM = 16;
const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const DIGITS = "0123456789";

/**
 * A value of the same shape for inside: what says which kind of credential it is stays (`sk-ant-api03-`, `ghp_`, `AKIA`), so do length, case
 * and punctuation, and every other letter and digit is drawn anew. Clients that look at the shape are content; nothing can be computed
 * back. A value too short to be unmistakable gets a longer placeholder.
 */
export function placeholderFor(value: string): string {
  const prefix = PREFIX.exec(value)?.[0] ?? "";
  const rest = [...value.slice(prefix.length)].map(drawLike).join("");
  const random = [...rest].filter((character) => /[A-Za-z0-9]/.test(character)).length;
  const missing = Math.max(0, LEAST_RANDOM - random);
  return prefix + rest + Array.from({ length: missing }, () => draw(LOWER + DIGITS)).join("");
}

/** Short lower-case words that end in `-` or `_`, at most four; Amazon's and Google's four letters. */
const PREFIX = /^(?:(?:[a-z]{1,10}[0-9]{0,2}[-_]){1,4}|A(?:KIA|SIA)|AIza)/;

function drawLike(character: string): string {
  if (LOWER.includes(character)) return draw(LOWER);
  if (UPPER.includes(character)) return draw(UPPER);
  if (DIGITS.includes(character)) return draw(DIGITS);
  return character;
}

function draw(alphabet: string): string {
  return alphabet.charAt(randomInt(alphabet.length));
}
