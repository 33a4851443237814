/** One policy of a text, found without parsing it. */
export interface Statement {
  /** Where it begins and ends, in UTF-16 units; the `;` included. */
  readonly start: number;
  readonly end: number;
  /** The deepest nesting of brackets, with every `if` counted as a level. */
  readonly depth: number;
}

/** More than anyone writes, less than half of what makes Cedar's parser overflow its stack (about 130). */
export const MAX_DEPTH = 64;

/**
 * Cuts a Cedar text into its statements, looking only at strings, comments, brackets, `if` and `;`. A text nested too
 * deeply traps Cedar's WebAssembly and poisons the instance, so this is looked at before Cedar sees the text.
 */
export function findStatements(text: string): readonly Statement[] {
  const statements: Statement[] = [];
  let start = -1;
  let open = 0;
  let ifs = 0;
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if (token.startsWith("//") || token.trim() === "") continue;
    if (start < 0) start = index;
    if (token === "(" || token === "[" || token === "{") open += 1;
    else if (token === ")" || token === "]" || token === "}") open -= 1;
    else if (token === "if") ifs += 1;
    depth = Math.max(depth, open + ifs);
    if (token === ";") {
      statements.push({ start, end: index + 1, depth });
      [start, open, ifs, depth] = [-1, 0, 0, 0];
    }
  }
  if (start >= 0) statements.push({ start, end: text.length, depth });
  return statements;
}

/** Comments, strings (also unterminated), words, white space, and every other character by itself. */
const TOKENS = /\/\/[^\n]*|"(?:[^"\\]|\\.)*"?|[\p{L}\p{N}_]+|\s+|[^]/gsu;

/** Line and column (both from 1) of an offset in UTF-16 units. */
export function locate(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}
