import { StringDecoder } from "node:string_decoder";
import { ValueMatcher, type KnownValue, type SecretFinder } from "@bailiwick/secrets";
import { CONTROL, readControl, findStringEnd } from "./controls.ts";
import { KnownValueScanner } from "./known-value-scanner.ts";
import { PrivateKeyFollower } from "./private-key.ts";
import { overviewOf, textsOf } from "./unit-texts.ts";
import { UnitReader, type Unit } from "./units.ts";

/** Text that was written at one time. `at`: milliseconds since 1970. */
export interface Written {
  readonly at: number;
  readonly text: string;
}

export interface RedactorOptions {
  readonly finder: SecretFinder;
  readonly values: readonly KnownValue[];
  readonly columns: number;
}

/** A part of the stream that must not be kept. */
interface Mark {
  readonly from: number;
  to: number;
  /** Undefined: the rest of something that has its sign already. */
  readonly kind: string | undefined;
}

/**
 * Takes secrets out of a terminal's output. What comes out depends only on what was written, not on the chunks in which it came
 * (INVARIANT(chunks)): text is held back until the unit that it belongs to is whole, and as long as it may be the beginning of a known value;
 * at most some 64 KiB. Control functions stay, so that the rest looks as it did; a secret becomes `[redacted: kind]`.
 */
export class Redactor {
  readonly #finder: SecretFinder;
  readonly #units: UnitReader;
  readonly #onScreen: KnownValueScanner | undefined;
  readonly #inStrings: KnownValueScanner | undefined;
  readonly #key = new PrivateKeyFollower();
  #decoder = new StringDecoder("utf8");
  /** The stream from `#base` on, and when each part of it was written. */
  #held = "";
  #base = 0;
  #times: { readonly at: number; readonly to: number }[] = [];
  #waiting: Unit[] = [];
  #marks: Mark[] = [];
  #redactions = 0;
  /** Something was left out before: what comes up to the next unit may be the end of a secret. */
  #skipsUnit = false;

  constructor({ finder, values, columns }: RedactorOptions) {
    this.#finder = finder;
    const matcher = new ValueMatcher(values);
    const mark = (from: number, to: number, kind: string): void => {
      this.#marks.push({ from, to, kind });
    };
    if (!matcher.isEmpty) {
      this.#onScreen = new KnownValueScanner(matcher, mark);
      this.#inStrings = new KnownValueScanner(matcher, mark);
    }
    this.#units = new UnitReader(columns, {
      onUnit: (unit) => this.#waiting.push(unit),
      onText: (from, to, place) => {
        if (place === "opens") this.#inStrings?.reset();
        else (place === "screen" ? this.#onScreen : this.#inStrings)?.scan(this.#held, this.#base, { from, to });
      },
    });
  }

  /** How many secrets were taken out of what was given back. */
  get redactions(): number {
    return this.#redactions;
  }

  /** Of the terminal, from here on. */
  set columns(columns: number) {
    this.#units.columns = columns;
  }

  /** Takes bytes and gives back what is decided. What is not UTF-8 becomes U+FFFD. */
  push(at: number, bytes: Uint8Array): Written[] {
    return this.#take(at, this.#decoder.write(bytes), false);
  }

  /** Nothing follows. */
  finish(at: number): Written[] {
    return this.#take(at, this.#decoder.end(), true);
  }

  /**
   * Something that was written next is not there. What is held back, and what comes up to the end of its unit, is left out as well: there may be one half
   * of a secret on either side.
   * @returns how many characters of what was held back are left out
   */
  skip(): number {
    const lost = this.#held.length;
    this.#units.feed(this.#held, this.#base, true);
    this.#decoder = new StringDecoder("utf8");
    this.#base += this.#held.length;
    this.#held = "";
    this.#times = [];
    this.#waiting = [];
    this.#marks = [];
    this.#onScreen?.reset();
    this.#inStrings?.reset();
    this.#skipsUnit = true;
    return lost;
  }

  #take(at: number, text: string, isLast: boolean): Written[] {
    if (text === "" && !isLast) return [];
    this.#held += text;
    this.#times.push({ at, to: this.#base + this.#held.length });
    this.#units.feed(this.#held, this.#base, isLast);
    this.#lookAt(this.#waiting.splice(0));
    const read = this.#units.read;
    const decided = Math.min(
      this.#units.decided,
      this.#onScreen?.decided(read) ?? read,
      this.#inStrings?.decided(read) ?? read,
    );
    return this.#release(isLast ? this.#base + this.#held.length : decided);
  }

  /** Each unit for itself where one of them may hold something; what most output is made of costs one look at all of it. */
  #lookAt(units: readonly Unit[]): void {
    const slice = (from: number, to: number): string => this.#held.slice(from - this.#base, to - this.#base);
    const overviews = units.map((unit) => overviewOf(unit, slice));
    if (!this.#key.isInside && !this.#skipsUnit && !this.#finder.mayHold(overviews.join("\n"))) return;
    for (const [index, unit] of units.entries()) {
      const overview = overviews[index] ?? "";
      if (this.#skipsUnit && !unit.isString) {
        this.#skipsUnit = false;
        this.#marks.push({ from: unit.start, to: unit.end, kind: undefined });
      }
      if (this.#key.isInside || this.#finder.mayHold(overview)) this.#lookInto(unit, slice);
    }
  }

  #lookInto(unit: Unit, slice: (from: number, to: number) => string): void {
    const texts = textsOf(unit, slice);
    for (const { text, placeOf } of texts.map((each) => ({ text: each.text, placeOf: each.placeOf.bind(each) }))) {
      for (const { from, to, kind } of this.#finder.find(text)) {
        this.#marks.push({ from: placeOf(from), to: placeOf(to - 1) + 1, kind });
      }
    }
    const [whole] = texts;
    if (unit.isString || whole === undefined) return;
    for (const { from, to, goesOn } of this.#key.read(whole.text)) {
      if (to > from)
        this.#marks.push({
          from: whole.placeOf(from),
          to: whole.placeOf(to - 1) + 1,
          kind: goesOn ? undefined : "private key",
        });
    }
  }

  /** Gives back the stream up to a place, without what is marked; a mark that goes beyond it waits. */
  #release(decided: number): Written[] {
    const marks = mergeMarks(this.#marks);
    const open = marks.find(({ from, to }) => from < decided && to > decided);
    const until = open?.from ?? decided;
    const written: Written[] = [];
    let place = this.#base;
    for (const mark of marks) {
      if (mark.from >= until) break;
      this.#copy(place, mark.from, written);
      const sign = mark.kind === undefined ? "" : `[redacted: ${mark.kind}]`;
      if (mark.kind !== undefined) this.#redactions += 1;
      const kept = controlsIn(this.#held.slice(mark.from - this.#base, mark.to - this.#base));
      this.#write(this.#timeOf(mark.from), sign + kept, written);
      place = mark.to;
    }
    this.#copy(place, until, written);
    this.#marks = marks.filter(({ from }) => from >= until);
    this.#held = this.#held.slice(until - this.#base);
    this.#base = until;
    while ((this.#times[0]?.to ?? Infinity) <= until) this.#times.shift();
    return written;
  }

  #copy(from: number, to: number, written: Written[]): void {
    let place = from;
    for (const { at, to: end } of this.#times) {
      if (place >= to) return;
      if (end <= place) continue;
      const until = Math.min(end, to);
      this.#write(at, this.#held.slice(place - this.#base, until - this.#base), written);
      place = until;
    }
  }

  #write(at: number, text: string, written: Written[]): void {
    if (text !== "") written.push({ at, text });
  }

  #timeOf(place: number): number {
    return this.#times.find(({ to }) => to > place)?.at ?? 0;
  }
}

/** Sorted, and none touching another: of what overlaps, what begins first gives its name. */
function mergeMarks(marks: readonly Mark[]): Mark[] {
  if (marks.length < 2) return [...marks];
  const merged: Mark[] = [];
  for (const mark of marks.toSorted((a, b) => a.from - b.from || b.to - a.to)) {
    const last = merged.at(-1);
    if (last !== undefined && mark.from < last.to) last.to = Math.max(last.to, mark.to);
    else merged.push({ ...mark });
  }
  return merged;
}

/** What stays of a part that is taken out: control functions but strings, so that colours and lines are as they were. */
function controlsIn(text: string): string {
  let kept = "";
  for (let at = 0; ;) {
    CONTROL.lastIndex = at;
    const found = CONTROL.exec(text)?.index;
    if (found === undefined) return kept;
    const control = readControl(text, found, true);
    if (control === undefined) return kept;
    at =
      control.kind === "string"
        ? (findStringEnd(text, control.end, control.opener, true)?.end ?? text.length)
        : control.end;
    if (control.kind !== "string") kept += text.slice(found, control.end);
  }
}
