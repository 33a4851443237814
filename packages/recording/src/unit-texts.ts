import { isSkipped } from "@bailiwick/secrets";
import type { Piece, Unit } from "./units.ts";

/** A text in which something is looked for, and where it stands in the stream. */
export interface UnitText {
  readonly text: string;
  /** The place in the stream of the character at an index. */
  placeOf(index: number): number;
}

type Slice = (from: number, to: number) => string;

/**
 * A unit as it may have been meant: with its lines put together, and each for itself; with what stands between pieces left out, and as a
 * blank. A secret that colours cut in two is whole in one of them, and one that touches something else on the screen only is alone in another.
 */
export function textsOf(unit: Unit, slice: Slice): UnitText[] {
  const lines = linesOf(unit);
  const joined =
    lines.length > 1 ? [joinLines(lines, slice, ""), ...(hasGaps(unit) ? [joinLines(lines, slice, " ")] : [])] : [];
  const single = lines.flatMap((line) => [
    joinLines([line], slice, ""),
    ...(line.length > 1 ? [joinLines([line], slice, " ")] : []),
  ]);
  return [...joined, ...single, ...(unit.isString ? withoutFunction(unit, slice) : [])];
}

/** A device control string (DCS) begins with its function, whose last letter would make one word with what follows. */
function withoutFunction({ pieces }: Unit, slice: Slice): UnitText[] {
  const [first] = pieces;
  if (first === undefined) return [];
  const text = slice(first.from, first.to);
  const length = /^[0-9;:<=>?]{0,64}[ -/]{0,4}[@-~]/.exec(text)?.[0].length ?? 0;
  return length === 0 ? [] : [new JoinedText([{ from: first.from + length, text: text.slice(length) }])];
}

/** One text that holds whatever the texts of {@link textsOf} hold, for a first look. */
export function overviewOf(unit: Unit, slice: Slice): string {
  const [only] = unit.pieces;
  if (only === undefined) return "";
  if (unit.pieces.length === 1) return slice(only.from, only.to);
  if (unit.pieces.some(({ gap }) => gap === "wrapped")) {
    const lines = linesOf(unit);
    return `${joinLines(lines, slice, "").text}\n${joinLines(lines, slice, " ").text}`;
  }
  let [joined, apart] = ["", ""];
  for (const { from, to } of unit.pieces) {
    const text = slice(from, to);
    joined += text;
    apart += `${text} `;
  }
  return `${joined}\n${apart}`;
}

function hasGaps(unit: Unit): boolean {
  return unit.pieces.some(({ gap }) => gap === "passed" || gap === "moved");
}

function linesOf(unit: Unit): Piece[][] {
  const lines: Piece[][] = [];
  let line: Piece[] = [];
  for (const piece of unit.pieces) {
    if (piece.gap === "wrapped") {
      lines.push(line);
      line = [];
    }
    line.push(piece);
  }
  lines.push(line);
  return lines;
}

interface Part {
  readonly from: number;
  readonly text: string;
}

function joinLines(lines: readonly (readonly Piece[])[], slice: Slice, between: "" | " "): UnitText {
  const parts: Part[] = [];
  for (const [number, line] of lines.entries()) {
    const own = line.map(({ from, to }): Part => ({ from, text: slice(from, to) }));
    if (number > 0) trimStart(own);
    if (number < lines.length - 1) trimEnd(own);
    for (const part of own) {
      // A blank belongs to no place of its own: it takes that of what follows.
      if (between !== "" && parts.length > 0 && part !== own[0]) parts.push({ from: part.from, text: between });
      parts.push(part);
    }
  }
  return new JoinedText(parts);
}

/** What may stand at the edge of a line that goes on is no part of a word: white space, and what programs draw boxes with. */
function trimEnd(parts: Part[]): void {
  for (let last = parts.pop(); last !== undefined; last = parts.pop()) {
    let to = last.text.length;
    while (to > 0 && isSkipped(last.text.charCodeAt(to - 1))) to--;
    if (to === 0) continue;
    parts.push({ from: last.from, text: last.text.slice(0, to) });
    return;
  }
}

function trimStart(parts: Part[]): void {
  for (let first = parts.shift(); first !== undefined; first = parts.shift()) {
    let from = 0;
    while (from < first.text.length && isSkipped(first.text.charCodeAt(from))) from++;
    if (from === first.text.length) continue;
    parts.unshift({ from: first.from + from, text: first.text.slice(from) });
    return;
  }
}

class JoinedText implements UnitText {
  readonly text: string;
  readonly #parts: readonly (Part & { readonly at: number })[];

  constructor(parts: readonly Part[]) {
    let at = 0;
    this.#parts = parts.map((part) => {
      const placed = { ...part, at };
      at += part.text.length;
      return placed;
    });
    this.text = parts.map(({ text }) => text).join("");
  }

  placeOf(index: number): number {
    let [low, high] = [0, this.#parts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#parts[middle]?.at ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    const part = this.#parts[low];
    return part === undefined ? 0 : part.from + (index - part.at);
  }
}
