import { NormalText } from "./normal-text.ts";
import { Winnower, WINDOW } from "./winnow.ts";

/** Beyond that the workspace is not read any further: 4 bytes each, and one for some 16 characters of code. */
const MOST_FINGERPRINTS = 1 << 22;
const FREE = 0;

/** The fingerprints of a workspace's code: a set of 32-bit hashes in one array, addressed openly. */
export class CodeIndex {
  #table = new Uint32Array(1 << 12);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= MOST_FINGERPRINTS;
  }

  add(text: Uint8Array): void {
    new Winnower().take(new NormalText().take(text), (hash) => {
      if (this.isFull) return;
      if (this.#size * 2 >= this.#table.length) this.#grow();
      if (put(this.#table, hash || 1)) this.#size += 1;
    });
  }

  has(hash: number): boolean {
    const wanted = hash || 1;
    const mask = this.#table.length - 1;
    for (let at = wanted & mask; ; at = (at + 1) & mask) {
      const found = this.#table[at];
      if (found === wanted) return true;
      if (found === FREE) return false;
    }
  }

  #grow(): void {
    const before = this.#table;
    this.#table = new Uint32Array(before.length * 2);
    for (const hash of before) if (hash !== FREE) put(this.#table, hash);
  }
}

function put(table: Uint32Array, hash: number): boolean {
  const mask = table.length - 1;
  for (let at = hash & mask; ; at = (at + 1) & mask) {
    if (table[at] === hash) return false;
    if (table[at] !== FREE) continue;
    table[at] = hash;
    return true;
  }
}

/** On average so many characters lie between two fingerprints. */
const APART = (WINDOW + 1) / 2;

/**
 * Finds code of the workspace in a stream: the fingerprints that it has in common with the index. One alone counts for nothing: of the 2^32 one in some
 * thousand is there by chance; two in a row are a copy.
 */
export class CodeMeter {
  readonly #text = new NormalText();
  readonly #winnower = new Winnower();
  readonly #index: CodeIndex;
  readonly #seen: Set<number>;
  #before: number | undefined;

  /** @param seen takes what is found; the same code twice is there once */
  constructor(index: CodeIndex, seen: Set<number>) {
    this.#index = index;
    this.#seen = seen;
  }

  take(bytes: Uint8Array): void {
    this.#winnower.take(this.#text.take(bytes), (hash) => {
      if (!this.#index.has(hash)) {
        this.#before = undefined;
        return;
      }
      if (this.#before !== undefined && this.#seen.size < MOST_FINGERPRINTS) this.#seen.add(this.#before).add(hash);
      this.#before = hash;
    });
  }
}

/** About how many characters of {@link NormalText} so many fingerprints stand for. */
export function charactersOf(fingerprints: number): number {
  return Math.round(fingerprints * APART);
}
