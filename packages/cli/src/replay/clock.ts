/** Where a replay stands: a time in the recording, in milliseconds from its beginning. */
export class ReplayClock {
  readonly #happenings: readonly number[];
  readonly #idleLimit: number;
  readonly duration: number;
  #time: number;
  #speed: number;
  #isPaused = false;

  /** @param happenings times at which something is to be seen, sorted */
  constructor(
    happenings: readonly number[],
    { from, speed, idleLimit }: { readonly from: number; readonly speed: number; readonly idleLimit: number },
  ) {
    this.#happenings = happenings;
    this.duration = happenings.at(-1) ?? 0;
    this.#time = Math.min(from, this.duration);
    this.#speed = speed;
    this.#idleLimit = idleLimit;
  }

  get time(): number {
    return this.#time;
  }

  get speed(): number {
    return this.#speed;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isOver(): boolean {
    return this.#time >= this.duration;
  }

  /** Goes on by so many milliseconds of the person's time. Nothing happens for longer than the idle limit. */
  advance(passed: number): void {
    if (this.#isPaused || this.isOver) return;
    let time = this.#time + passed * this.#speed;
    const [last, next] = this.#around(this.#time);
    // What is left of a long wait is left out; the limit is of the person's time.
    if (next !== undefined && time - last > this.#idleLimit * this.#speed && next > time) time = next;
    this.#time = Math.min(time, this.duration);
  }

  togglePause(): void {
    if (this.isOver) {
      this.#time = 0;
      this.#isPaused = false;
    } else this.#isPaused = !this.#isPaused;
  }

  seek(time: number): void {
    this.#time = Math.max(0, Math.min(time, this.duration));
  }

  changeSpeed(factor: number): void {
    this.#speed = Math.max(0.1, Math.min(100, this.#speed * factor));
  }

  /** The last time at which something happened, and the next. */
  #around(time: number): readonly [last: number, next: number | undefined] {
    let [low, high] = [0, this.#happenings.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#happenings[middle] ?? 0) > time) high = middle;
      else low = middle + 1;
    }
    return [this.#happenings[low - 1] ?? 0, this.#happenings[low]];
  }
}
