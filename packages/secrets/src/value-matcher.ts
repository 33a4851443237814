import { SHORTEST, spellings } from "./spellings.ts";

/** A secret that is known by what it is. */
export interface KnownValue {
  readonly value: string;
  /** What a redaction calls it: the name of a variable or of a file. */
  readonly kind: string;
}

/** Every known value in any spelling, as an automaton: one step a character, however many there are. */
export class ValueMatcher {
  /** node * 65536 + code unit → node. */
  readonly #next = new Map<number, number>();
  readonly #failure: number[] = [0];
  readonly #depth: number[] = [0];
  /** Of the longest value that ends at a node, 0 for none, and its kind. */
  readonly #length: number[] = [0];
  readonly #kind: string[] = [""];
  readonly #begins = new Uint8Array(0x1_0000);
  readonly #longest: number;

  /** White space in values is left out, as {@link isSkipped} leaves it out of what is read. */
  constructor(values: readonly KnownValue[]) {
    let longest = 0;
    for (const { value, kind } of values) {
      for (const spelling of spellings(value)) {
        const squeezed = squeeze(spelling);
        if (squeezed.length >= SHORTEST) this.#add(squeezed, kind);
        longest = Math.max(longest, squeezed.length);
      }
    }
    this.#longest = longest;
    this.#link();
  }

  get isEmpty(): boolean {
    return this.#depth.length === 1;
  }

  /** Characters of the longest spelling. */
  get longest(): number {
    return this.#longest;
  }

  /** The state after another character; 0 is the beginning. */
  step(state: number, unit: number): number {
    if (state === 0) return this.#begins[unit] === 0 ? 0 : (this.#next.get(unit) ?? 0);
    for (let at = state; ; at = this.#failure[at] ?? 0) {
      const next = this.#next.get(at * 0x1_0000 + unit);
      if (next !== undefined) return next;
      if (at === 0) return 0;
    }
  }

  /** The kinds of the values that stand in these bytes, each of which stands for a character; white space within counts for nothing. */
  kindsIn(bytes: Uint8Array): Set<string> {
    const kinds = new Set<string>();
    const begins = this.#begins;
    let state = 0;
    for (let index = 0; index < bytes.length; index++) {
      const unit = bytes[index] ?? 0;
      if ((state === 0 && begins[unit] === 0) || isSkipped(unit)) continue;
      state = this.step(state, unit);
      if (state !== 0 && this.lengthOf(state) > 0) kinds.add(this.kindOf(state));
    }
    return kinds;
  }

  /** How many of the last characters may be the beginning of a value. */
  depthOf(state: number): number {
    return this.#depth[state] ?? 0;
  }

  /** How many of the last characters are a value; 0 for none. */
  lengthOf(state: number): number {
    return this.#length[state] ?? 0;
  }

  kindOf(state: number): string {
    return this.#kind[state] ?? "";
  }

  #add(text: string, kind: string): void {
    this.#begins[text.charCodeAt(0)] = 1;
    let node = 0;
    for (let index = 0; index < text.length; index++) {
      const key = node * 0x1_0000 + text.charCodeAt(index);
      let next = this.#next.get(key);
      if (next === undefined) {
        next = this.#depth.length;
        this.#next.set(key, next);
        this.#depth.push(index + 1);
        this.#length.push(0);
        this.#kind.push("");
        this.#failure.push(0);
      }
      node = next;
    }
    this.#length[node] = text.length;
    this.#kind[node] = kind;
  }

  /** Aho and Corasick, 1975: where to go on when the next character does not fit. Keys are in the order in which nodes were made, so sorted by depth first. */
  #link(): void {
    const edges = [...this.#next].map(([key, to]) => ({ from: Math.floor(key / 0x1_0000), unit: key % 0x1_0000, to }));
    edges.sort((a, b) => (this.#depth[a.to] ?? 0) - (this.#depth[b.to] ?? 0));
    for (const { from, unit, to } of edges) {
      const failure = from === 0 ? 0 : this.step(this.#failure[from] ?? 0, unit);
      this.#failure[to] = failure;
      if (this.lengthOf(to) === 0 && this.lengthOf(failure) > 0) {
        this.#length[to] = this.lengthOf(failure);
        this.#kind[to] = this.kindOf(failure);
      }
    }
  }
}

/** White space, and what programs draw boxes with: a value may be written across lines, in a box. */
export function isSkipped(unit: number): boolean {
  return unit <= 0x20 || unit === 0xa0 || unit === 0x7c || (unit >= 0x2500 && unit <= 0x257f);
}

function squeeze(text: string): string {
  let squeezed = "";
  for (let index = 0; index < text.length; index++)
    if (!isSkipped(text.charCodeAt(index))) squeezed += text[index] ?? "";
  return squeezed;
}
