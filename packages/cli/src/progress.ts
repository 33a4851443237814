const CLEAR = "\r\u001b[K";
const EACH_MS = 100;

/** One line that says how far something is: on a person's terminal only, some ten times a second, and gone when it is done. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  #shownAt = -Infinity;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  /** @param of 1 or less: it is not known how much there is to do */
  show(what: string, done: number, of: number): void {
    const now = performance.now();
    if (!this.#stream.isTTY || now - this.#shownAt < EACH_MS) return;
    this.#shownAt = now;
    const counted = of > 1 ? `: ${done.toLocaleString("en")} of ${of.toLocaleString("en")}` : "";
    this.#stream.write(`${CLEAR}${what}${counted}`);
  }

  end(): void {
    if (this.#stream.isTTY && this.#shownAt > 0) this.#stream.write(CLEAR);
  }
}
