/** Private keys in their textual form (RFC 7468, PGP's armour), which are lines: they are followed from one to the next. */

const BEGIN = /-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----/;
const END = /-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----/;
const HEADER = /^\s*(?:Proc-Type|DEK-Info|Version|Comment): /;
/** No key has more lines. */
const MOST_LINES = 1_000;

/** Base 64, with what `cat -n`, `diff` or a box puts around it. */
function isBody(text: string): boolean {
  const isAround = (unit: number): boolean =>
    unit <= 0x20 || "0123456789+-|>:\"',".includes(String.fromCharCode(unit)) || (unit >= 0x2500 && unit <= 0x257f);
  let [from, to] = [0, text.length];
  while (from < to && isAround(text.charCodeAt(from))) from++;
  while (to > from && isAround(text.charCodeAt(to - 1))) to--;
  return HEADER.test(text) || /^[A-Za-z0-9+/=\\]*$/.test(text.slice(from, to));
}

/** Where a key, or a part of it, stands in a text. */
export interface KeyPart {
  readonly from: number;
  readonly to: number;
  /** It goes on from the text before. */
  readonly goesOn: boolean;
}

export class PrivateKeyFollower {
  #lines = 0;

  /** In the middle of a key. */
  get isInside(): boolean {
    return this.#lines > 0;
  }

  /** The next text, as it stands on the screen. */
  read(text: string): readonly KeyPart[] {
    const parts: KeyPart[] = [];
    let at = 0;
    if (this.isInside) {
      const end = END.exec(text);
      if (end !== null) {
        at = end.index + end[0].length;
        parts.push({ from: 0, to: at, goesOn: true });
        this.#lines = 0;
      } else if (text.trim() === "") return parts;
      else if (isBody(text) && this.#lines < MOST_LINES) {
        this.#lines += 1;
        return [{ from: 0, to: text.length, goesOn: true }];
      } else this.#lines = 0;
    }
    for (;;) {
      const begin = BEGIN.exec(text.slice(at));
      if (begin === null) return parts;
      const from = at + begin.index;
      const end = END.exec(text.slice(from));
      const to = end === null ? text.length : from + end.index + end[0].length;
      parts.push({ from, to, goesOn: false });
      at = to;
      if (end === null) this.#lines = 1;
    }
  }
}
