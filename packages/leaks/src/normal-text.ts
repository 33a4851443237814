/** What a backslash leaves out together with the letter behind it: line ends and tabs. */
const BLANKS: ReadonlySet<number> = new Set([0x6e, 0x72, 0x74, 0x62, 0x66]);
const BACKSLASH = 0x5c;
const PERCENT = 0x25;
const LETTER_U = 0x75;

/** Of a byte: itself in lower case for a letter, a digit or `_`, else 0. */
const KEPT = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[a-z0-9_]/i.test(character) ? character.toLowerCase().charCodeAt(0) : 0;
});
/** Of a byte: its value as a hexadecimal digit, else 255. */
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? 255 : value;
});

/**
 * Reads a text as what is left of it in every spelling: letters, digits and `_`, in lower case. The same code is the same whether it stands in a file, in a
 * string of JSON, in a form or in another style of white space. Comes in pieces; at most five bytes are held.
 */
export class NormalText {
  /** Bytes of an escape that is not whole yet, the first of them `\` or `%`. */
  #escape: number[] = [];
  #out = new Uint8Array(0);
  #length = 0;

  /** What is left of a piece; valid until the next call. */
  take(bytes: Uint8Array): Uint8Array {
    if (this.#out.length < bytes.length + 8) this.#out = new Uint8Array(2 * bytes.length + 8);
    this.#length = 0;
    const out = this.#out;
    let length = 0;
    for (let index = 0; index < bytes.length; index++) {
      const byte = bytes[index] ?? 0;
      if (this.#escape.length === 0 && byte !== BACKSLASH && byte !== PERCENT) {
        const kept = KEPT[byte] ?? 0;
        out[length] = kept;
        if (kept !== 0) length += 1;
        continue;
      }
      this.#length = length;
      if (this.#escape.length > 0) this.#continue(byte);
      else this.#escape.push(byte);
      length = this.#length;
    }
    return out.subarray(0, length);
  }

  #keep(byte: number): void {
    const kept = KEPT[byte] ?? 0;
    if (kept !== 0) this.#out[this.#length++] = kept;
  }

  #continue(byte: number): void {
    const [first, second] = this.#escape;
    const isUnicode = first === BACKSLASH && second === LETTER_U;
    if (first === BACKSLASH && second === undefined) {
      if (byte === LETTER_U) this.#escape.push(byte);
      else if (BLANKS.has(byte)) this.#escape = [];
      else this.#abandon(byte);
      return;
    }
    if ((HEX[byte] ?? 255) === 255) {
      this.#abandon(byte);
      return;
    }
    this.#escape.push(byte);
    const whole = isUnicode ? 6 : 3;
    if (this.#escape.length < whole) return;
    const code = this.#escape.slice(isUnicode ? 2 : 1).reduce((value, digit) => value * 16 + (HEX[digit] ?? 0), 0);
    this.#escape = [];
    if (code < 0x80) this.#keep(code);
  }

  /** It was no escape: what was held stands for itself, and `byte` is read anew. */
  #abandon(byte: number): void {
    const held = this.#escape.slice(1);
    this.#escape = [];
    for (const each of held) this.#keep(each);
    // Of two backslashes only the first is done with.
    if (byte === BACKSLASH || byte === PERCENT) this.#escape.push(byte);
    else this.#keep(byte);
  }
}
