interface Stoppable {
  freeze(): void;
  thaw(): void;
}

/** Stops everything inside for as long as anybody wants it stopped: the record that can't be written, a question about the run. */
export class Freezes {
  readonly #parts: readonly Stoppable[];
  #holders = 0;

  /** @param parts what stands still meanwhile, in this order */
  constructor(parts: readonly Stoppable[]) {
    this.#parts = parts;
  }

  /** @returns what lets it go again; only its first call counts */
  hold(): () => void {
    if (this.#holders++ === 0) for (const part of this.#parts) part.freeze();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      if (--this.#holders === 0) for (const part of this.#parts) part.thaw();
    };
  }
}
