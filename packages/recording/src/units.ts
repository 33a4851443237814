import { CONTROL, findStringEnd, readControl, type Control } from "./controls.ts";
import { columnAfter, stepOf } from "./positions.ts";

/** What stands between two pieces of text. */
export type Gap =
  /** Control functions that move nothing. */
  | "passed"
  /** A move within the line. */
  | "moved"
  /** The end of a line that fills the terminal's width: what follows may be the rest of a word. */
  | "wrapped";

/** Text without control functions: places in the stream, in UTF-16 code units from its beginning. */
export interface Piece {
  readonly from: number;
  to: number;
  /** Undefined: the first of its unit. */
  readonly gap: Gap | undefined;
}

/** What is looked at as a whole: a line with what it was wrapped into, a row that was drawn at once, or the content of a control string. */
export interface Unit {
  readonly start: number;
  readonly end: number;
  readonly pieces: readonly Piece[];
  /** The content of a control string (OSC, DCS, …), which is not on the screen. */
  readonly isString: boolean;
}

export interface UnitListener {
  /** In the order of their ends. */
  onUnit(unit: Unit): void;
  /** Each piece of text once. A string's content is told apart from what is on the screen; `opens`: the first of its string. */
  onText(from: number, to: number, place: "screen" | "string" | "opens"): void;
}

/** A unit ends here at the latest; the next one then begins {@link OVERLAP} before that, so that a secret across the border is whole in it. */
const LONGEST_UNIT = 32 * 1024;
const OVERLAP = 8 * 1024;
const MOST_LINES = 64;
/** A line this close to the edge is taken to go on in the next one: programs draw boxes. */
const EDGE = 4;

interface OpenUnit {
  start: number;
  pieces: Piece[];
}

/**
 * Cuts a terminal's output into units. Where they begin and end depends on nothing but what is written, so that it does not matter in which
 * chunks it comes. INVARIANT(chunks)
 */
export class UnitReader {
  readonly #listener: UnitListener;
  #columns: number;
  /** Everything before is read. */
  #at = 0;
  #screen: OpenUnit = { start: 0, pieces: [] };
  /** Inside a control string. */
  #string: (OpenUnit & { readonly opener: string }) | undefined;
  #gap: Gap | undefined;
  #lines = 1;
  #column = 0;
  /** Of the screen, where a control function said it. */
  #row: number | undefined;
  /** A carriage return came, and nothing behind it yet. */
  #returned = false;

  constructor(columns: number, listener: UnitListener) {
    this.#columns = columns;
    this.#listener = listener;
  }

  set columns(columns: number) {
    this.#columns = columns;
  }

  /** Everything before this place is in units that were told. */
  get decided(): number {
    return Math.min(this.#screen.start, this.#string?.start ?? Infinity);
  }

  /** Everything before this place was read: what is behind it is the beginning of a control function. */
  get read(): number {
    return this.#at;
  }

  /** Reads on. @param text the stream from `base` on, of which the part before {@link read} was read already */
  feed(text: string, base: number, isLast: boolean): void {
    let at = this.#at - base;
    while (at < text.length) {
      const next =
        this.#string === undefined ? this.#onScreen(text, base, at, isLast) : this.#inString(text, base, at, isLast);
      if (next === at) break;
      at = next;
      this.#at = base + at;
    }
    if (!isLast) return;
    if (this.#string !== undefined) this.#endString(this.#at);
    this.#endUnit(this.#at);
  }

  #onScreen(text: string, base: number, at: number, isLast: boolean): number {
    CONTROL.lastIndex = at;
    const found = CONTROL.exec(text)?.index ?? text.length;
    if (found > at) {
      this.#addText(base + at, base + found);
      return found;
    }
    const control = readControl(text, at, isLast);
    if (control === undefined) return at;
    const end = base + control.end;
    if (control.kind === "string") {
      this.#gap ??= "passed";
      this.#string = { start: end, pieces: [], opener: control.opener };
      this.#listener.onText(end, end, "opens");
    } else this.#apply(control, end);
    if (end - this.#screen.start >= LONGEST_UNIT) this.#cutUnit(end);
    return control.end;
  }

  #inString(text: string, base: number, at: number, isLast: boolean): number {
    const string = this.#string;
    if (string === undefined) return at;
    const found = findStringEnd(text, at, string.opener, isLast);
    // An escape character at the end may begin the terminator.
    const to = found?.at ?? (text.endsWith("\u001b") ? text.length - 1 : text.length);
    if (to > at) this.#addString(string, base + at, base + to);
    if (found === undefined) return to;
    this.#endString(base + found.at);
    // Nothing was taken of an ESC that begins something else: the screen's turn.
    if (found.end === at) return this.#onScreen(text, base, at, isLast);
    return found.end;
  }

  #addText(from: number, to: number): void {
    if (this.#returned) this.#breakLine(from);
    this.#returned = false;
    this.#listener.onText(from, to, "screen");
    for (let at = from; at < to;) {
      if (at - this.#screen.start >= LONGEST_UNIT) this.#cutUnit(at);
      const until = Math.min(to, this.#screen.start + LONGEST_UNIT);
      addPiece(this.#screen, at, until, this.#gap);
      this.#gap = undefined;
      if (until === this.#screen.start + LONGEST_UNIT) this.#cutUnit(until);
      at = until;
    }
    this.#column += to - from;
  }

  #addString(string: OpenUnit, from: number, to: number): void {
    this.#listener.onText(from, to, "string");
    for (let at = from; at < to;) {
      const until = Math.min(to, string.start + LONGEST_UNIT);
      addPiece(string, at, until, undefined);
      if (until === string.start + LONGEST_UNIT) {
        this.#tell(string, until, true);
        Object.assign(string, rest(string, until));
        this.#cutUnit(until);
      }
      at = until;
    }
  }

  #endString(at: number): void {
    if (this.#string !== undefined) this.#tell(this.#string, at, true);
    this.#string = undefined;
  }

  #apply(control: Exclude<Control, { kind: "string" }>, end: number): void {
    const step = this.#isHere(control) ? "stay" : stepOf(control);
    switch (step) {
      case "stay":
        this.#gap ??= "passed";
        return;
      case "along":
        if (this.#gap !== "wrapped") this.#gap = "moved";
        this.#column = columnAfter(control, this.#column);
        return;
      case "back":
        takeBack(this.#screen);
        this.#column = Math.max(0, this.#column - 1);
        this.#gap ??= "passed";
        return;
      case "return":
        this.#returned = true;
        return;
      case "away": {
        const column = columnAfter(control, this.#column);
        this.#breakLine(end);
        this.#returned = false;
        this.#column = column;
        this.#row = rowAfter(control);
      }
    }
  }

  /** It names the place at which the next character stands anyway. */
  #isHere(control: Exclude<Control, { kind: "string" }>): boolean {
    if (this.#row === undefined || this.#returned || rowAfter(control) !== this.#row) return false;
    return columnAfter(control, this.#column) === this.#column;
  }

  /** The next character stands in another line. */
  #breakLine(at: number): void {
    const last = ((this.#column - 1) % this.#columns) + 1;
    const isFilled = this.#column > 0 && last >= this.#columns - EDGE;
    this.#column = 0;
    if (isFilled && this.#lines < MOST_LINES) {
      this.#gap = "wrapped";
      this.#lines += 1;
    } else this.#endUnit(at);
  }

  #endUnit(at: number): void {
    this.#tell(this.#screen, at, false);
    this.#screen = { start: at, pieces: [] };
    this.#gap = undefined;
    this.#lines = 1;
  }

  #cutUnit(at: number): void {
    if (at - this.#screen.start <= OVERLAP) return;
    this.#tell(this.#screen, at, false);
    this.#screen = rest(this.#screen, at);
  }

  #tell({ start, pieces }: OpenUnit, end: number, isString: boolean): void {
    if (end > start) this.#listener.onUnit({ start, end, pieces, isString });
  }
}

function addPiece(unit: OpenUnit, from: number, to: number, gap: Gap | undefined): void {
  const last = unit.pieces.at(-1);
  if (last?.to === from && gap === undefined) last.to = to;
  else unit.pieces.push({ from, to, gap: last === undefined ? undefined : (gap ?? "passed") });
}

/** What an overlap keeps of a unit. */
function rest(unit: OpenUnit, cut: number): OpenUnit {
  const start = Math.max(unit.start, cut - OVERLAP);
  const kept = unit.pieces
    .filter(({ to }) => to > start)
    .map((piece) => ({ ...piece, from: Math.max(piece.from, start) }));
  return { start, pieces: kept };
}

/** A backspace: the last character is written over, or erased. */
function takeBack(unit: OpenUnit): void {
  const last = unit.pieces.at(-1);
  if (last === undefined) return;
  last.to -= 1;
  if (last.to === last.from) unit.pieces.pop();
}

/** The row that a control function names, from 0. */
function rowAfter(control: Exclude<Control, { kind: "string" }>): number | undefined {
  if (control.kind !== "csi" || !"Hfd".includes(control.final)) return undefined;
  return (Number(control.parameters.split(";")[0]) || 1) - 1;
}
