/** Characters of one fingerprinted piece, after {@link NormalText}. */
export const PIECE = 32;
/** Of so many neighbouring pieces one is chosen: a copy of PIECE + WINDOW - 1 characters, some two lines of code, is always found. */
export const WINDOW = 32;

const BASE = 0x01_00_01_93;
/** BASE to the power of PIECE, modulo 2^32: what the oldest character of a piece has been multiplied by when it leaves. */
const LEAVING = Array.from({ length: PIECE }).reduce<number>((power) => Math.imul(power, BASE), 1);

/**
 * Chooses fingerprints of a text by winnowing: the least of each window of hashes, the last of equal ones. A text that shares a long enough part with another shares
 * the fingerprints of that part, wherever it stands.
 * @see https://doi.org/10.1145/872757.872770 (Schleimer, Wilkerson, Aiken, 2003)
 */
export class Winnower {
  readonly #piece = new Uint8Array(PIECE);
  readonly #window = new Uint32Array(WINDOW);
  #count = 0;
  #hash = 0;
  /** Which hash is the least of the window, counted from the text's beginning; -1 before there is one. */
  #least = -1;

  /** @param chosen gets each fingerprint, in order */
  take(units: Uint8Array, chosen: (hash: number) => void): void {
    const [piece, window] = [this.#piece, this.#window];
    let [count, hash, least] = [this.#count, this.#hash, this.#least];
    for (let index = 0; index < units.length; index++) {
      const unit = units[index] ?? 0;
      const at = count % PIECE;
      hash = (Math.imul(hash, BASE) + unit - Math.imul(piece[at] ?? 0, LEAVING)) | 0;
      piece[at] = unit;
      count += 1;
      const number = count - PIECE;
      if (number < 0) continue;
      const mixed = mix(hash);
      window[number % WINDOW] = mixed;
      if (number < WINDOW - 1) continue;
      if (least <= number - WINDOW) least = leastOf(window, number);
      // Of those within only the newest can be less.
      else if (mixed <= (window[least % WINDOW] ?? 0)) least = number;
      else continue;
      chosen(window[least % WINDOW] ?? 0);
    }
    [this.#count, this.#hash, this.#least] = [count, hash, least];
  }
}

/** The last of the least ones, among the WINDOW hashes up to this one. */
function leastOf(window: Uint32Array, number: number): number {
  let least = number - WINDOW + 1;
  for (let each = least + 1; each <= number; each++) {
    if ((window[each % WINDOW] ?? 0) <= (window[least % WINDOW] ?? 0)) least = each;
  }
  return least;
}

/** The low bits of a polynomial hash say little of what came first (murmur3's finalizer). */
function mix(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85eb_ca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
