/**
 * Counts callers that were refused, or begin to sign in, by where they come from: whoever guesses tokens is told to wait. Of an instance, in memory: it is a brake, not
 * a boundary, since what is guessed has 256 bits.
 */
export class Attempts {
  readonly #counts = new Map<string, { count: number; until: number }>();
  readonly #now: () => number;
  readonly #most: number;

  constructor(now: () => number, most = 30) {
    this.#now = now;
    this.#most = most;
  }

  isBraked(address: string): boolean {
    const known = this.#counts.get(address);
    return known !== undefined && known.until > this.#now() && known.count >= this.#most;
  }

  count(address: string): void {
    const now = this.#now();
    const known = this.#counts.get(address);
    if (known !== undefined && known.until > now) {
      known.count += 1;
      return;
    }
    if (this.#counts.size >= MOST_ADDRESSES) this.#forget(now);
    this.#counts.set(address, { count: 1, until: now + WINDOW_MS });
  }

  #forget(now: number): void {
    for (const [address, { until }] of this.#counts) if (until <= now) this.#counts.delete(address);
    // All of them are of this minute: somebody has many addresses, and remembering them would only fill the memory.
    if (this.#counts.size >= MOST_ADDRESSES) this.#counts.clear();
  }
}

const WINDOW_MS = 60_000;
const MOST_ADDRESSES = 100_000;
