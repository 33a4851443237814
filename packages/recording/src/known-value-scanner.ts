import { isSkipped, type ValueMatcher } from "@bailiwick/secrets";

/** A value whose beginning lies further back, with nothing but white space and control functions between its characters, is let go. */
const WINDOW = 64 * 1024;

/** Looks for known values in the text of a stream, whatever white space, lines or control functions stand in them. */
export class KnownValueScanner {
  readonly #matcher: ValueMatcher;
  readonly #onMatch: (from: number, to: number, kind: string) => void;
  #state = 0;
  #count = 0;
  /** Places of the last characters; as many as the longest value has. */
  readonly #places: Float64Array;

  constructor(matcher: ValueMatcher, onMatch: (from: number, to: number, kind: string) => void) {
    this.#matcher = matcher;
    this.#onMatch = onMatch;
    this.#places = new Float64Array(matcher.longest + 1);
  }

  /** @param text the stream from `base` on */
  scan(text: string, base: number, { from, to }: { readonly from: number; readonly to: number }): void {
    const matcher = this.#matcher;
    for (let place = from; place < to; place++) {
      const unit = text.charCodeAt(place - base);
      if (isSkipped(unit)) continue;
      if (this.#state !== 0 && place - this.#beginning() > WINDOW) this.#state = 0;
      this.#state = matcher.step(this.#state, unit);
      if (this.#state === 0) continue;
      this.#places[this.#count % this.#places.length] = place;
      this.#count += 1;
      const length = matcher.lengthOf(this.#state);
      if (length > 0) this.#onMatch(this.#placeBack(length), place + 1, matcher.kindOf(this.#state));
    }
  }

  reset(): void {
    this.#state = 0;
  }

  /** Everything before this place is decided. @param read the place up to which the stream was read */
  decided(read: number): number {
    return this.#state === 0 ? read : Math.max(this.#beginning(), read - WINDOW);
  }

  #beginning(): number {
    return this.#placeBack(this.#matcher.depthOf(this.#state));
  }

  #placeBack(characters: number): number {
    return this.#places[(this.#count - characters) % this.#places.length] ?? 0;
  }
}
