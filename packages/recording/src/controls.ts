/**
 * Control functions in a terminal's output: ECMA-48 and what xterm adds (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html).
 * One reader for whoever redacts and whoever displays, so that both see the same.
 */

/** One control function that is whole. Indexes are of UTF-16 code units; the character at `end` is the first that is none of it. */
export type Control =
  /** A single character: C0, DEL, or C1. */
  | { readonly kind: "character"; readonly code: number; readonly end: number }
  /** `ESC` and characters that are neither CSI nor a string: `7`, `(B`, `#8`, … */
  | { readonly kind: "escape"; readonly text: string; readonly end: number }
  | {
      readonly kind: "csi";
      readonly parameters: string;
      readonly between: string;
      readonly final: string;
      readonly end: number;
    }
  /** What begins a string: OSC, DCS, SOS, PM or APC; its content follows, up to {@link findStringEnd}. */
  | { readonly kind: "string"; readonly opener: "]" | "P" | "X" | "^" | "_"; readonly end: number };

/** Finds where a control function may begin; a tab is text. Sticky to nothing: set lastIndex. */
export const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;

/** A sequence longer than this is none. */
export const LONGEST_SEQUENCE = 256;

const CSI = /(?:\u001b\[|\u009b)([0-?]*)([ -/]*)([@-~])?/y;
const ESCAPE = /\u001b([ -/]*[0-~])/y;
const PARTIAL_ESCAPE = /\u001b[ -/]*$/y;
const STRING_OPENERS = ["]", "P", "X", "^", "_"] as const;
const C1_STRINGS: Readonly<Record<number, "]" | "P" | "X" | "^" | "_">> = {
  0x90: "P",
  0x98: "X",
  0x9d: "]",
  0x9e: "^",
  0x9f: "_",
};

/**
 * The control function that begins at `at`, where {@link CONTROL} matches. Undefined: more of the text is needed to say.
 * @param isLast no more text comes: what is cut off is a character of its own
 */
export function readControl(text: string, at: number, isLast: boolean): Control | undefined {
  const code = text.charCodeAt(at);
  if (code < 0x1b) return { kind: "character", code, end: at + 1 };
  const opener = C1_STRINGS[code];
  if (opener !== undefined) return { kind: "string", opener, end: at + 1 };
  const alone: Control = { kind: "character", code, end: at + 1 };
  if (code !== 0x1b && code !== 0x9b) return alone;
  const style = readStyle(text, at);
  if (style !== undefined) return style;
  const isCut = (): boolean => !isLast && text.length - at < LONGEST_SEQUENCE;
  const second = text[at + 1];
  if (code === 0x9b || second === "[") {
    CSI.lastIndex = at;
    const [whole = "", parameters = "", between = "", final] = CSI.exec(text) ?? [];
    const end = at + whole.length;
    if (final !== undefined && whole.length <= LONGEST_SEQUENCE)
      return { kind: "csi", parameters, between, final, end };
    if (end === text.length && isCut()) return undefined;
    // What is no sequence is read on behind its first characters; terminals differ in what they make of it.
    return { kind: "character", code, end: Math.min(end, at + LONGEST_SEQUENCE) };
  }
  if (second === undefined) return isLast ? alone : undefined;
  const stringOpener = STRING_OPENERS.find((each) => each === second);
  if (stringOpener !== undefined) return { kind: "string", opener: stringOpener, end: at + 2 };
  ESCAPE.lastIndex = at;
  const escape = ESCAPE.exec(text)?.[1];
  if (escape !== undefined && escape.length < LONGEST_SEQUENCE)
    return { kind: "escape", text: escape, end: at + 1 + escape.length };
  PARTIAL_ESCAPE.lastIndex = at;
  return PARTIAL_ESCAPE.test(text) && isCut() ? undefined : alone;
}

/** SGR, which most sequences are, without a regular expression. */
function readStyle(text: string, at: number): Control | undefined {
  if (text.charCodeAt(at) !== 0x1b || text.charCodeAt(at + 1) !== 0x5b) return undefined;
  let end = at + 2;
  for (let unit = text.charCodeAt(end); (unit >= 0x30 && unit <= 0x39) || unit === 0x3b; unit = text.charCodeAt(end))
    end++;
  if (text.charCodeAt(end) !== 0x6d || end - at >= LONGEST_SEQUENCE) return undefined;
  return { kind: "csi", parameters: text.slice(at + 2, end), between: "", final: "m", end: end + 1 };
}

const STRING_END = /[\u0007\u0018\u001a\u001b\u009c]/g;

/** Where the content of a string ends, and what ends it. */
export interface StringEnd {
  /** First index that is not content. */
  readonly at: number;
  /** First index behind the terminator. `ESC` without a backslash ends a string too, and begins something else. */
  readonly end: number;
}

/** Undefined: the string's end is not in this text, up to whose last but one character all is content. */
export function findStringEnd(text: string, from: number, opener: string, isLast: boolean): StringEnd | undefined {
  for (let search = from; ;) {
    STRING_END.lastIndex = search;
    const at = STRING_END.exec(text)?.index;
    if (at === undefined) return isLast ? { at: text.length, end: text.length } : undefined;
    const code = text.charCodeAt(at);
    if (code === 0x07 && opener !== "]") {
      search = at + 1;
      continue;
    }
    if (code !== 0x1b) return { at, end: at + 1 };
    const next = text[at + 1];
    if (next === undefined && !isLast) return undefined;
    return { at, end: next === "\\" ? at + 2 : at };
  }
}
