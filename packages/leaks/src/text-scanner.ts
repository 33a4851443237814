import { ValueMatcher, type KnownValue, type SecretFinder } from "@bailiwick/secrets";
import { unwrapped } from "./unwrapped.ts";

/** Something in a text that should not leave. */
export interface Leak {
  /** `secret`: it looks like one. `masked`: it stands in a file or variable that the run must not read. `code`: of the workspace. `unreadable`: cannot be looked into. */
  readonly kind: LeakKind;
  /** `github`, `private key`; the name of the file or variable. */
  readonly what: string;
  /** What it looks like, without what it says: the first characters, and how many. */
  readonly sample: string;
}

export type LeakKind = "secret" | "masked" | "code" | "unreadable";

/** Encodings within encodings: deeper is not looked. */
const DEEPEST = 3;
/** All that is unwrapped of a text is at most so many times its length. */
const MOST_GROWTH = 4;

/** Finds secrets by their form and known values, in a text and in whatever is encoded in it. Work is linear in the text's length. */
export class TextScanner {
  readonly #finder: SecretFinder;
  readonly #values: ValueMatcher;

  constructor(finder: SecretFinder, values: readonly KnownValue[]) {
    this.#finder = finder;
    // Texts here are bytes.
    this.#values = new ValueMatcher(
      values.map(({ value, kind }) => ({ value: Buffer.from(value, "utf8").toString("latin1"), kind })),
    );
  }

  /** @param decoded gets each text that base 64 and the like hid */
  scan(bytes: Uint8Array, decoded?: (inner: Uint8Array) => void): Leak[] {
    const found = new Map<string, Leak>();
    let room = MOST_GROWTH * bytes.length + 65_536;
    const look = (part: Uint8Array, depth: number): void => {
      this.#look(part, found);
      if (depth === DEEPEST) return;
      for (const inner of unwrapped(part)) {
        room -= inner.bytes.length;
        if (room < 0) return;
        if (inner.isDecoded) decoded?.(inner.bytes);
        look(inner.bytes, depth + 1);
      }
    };
    look(bytes, 0);
    return [...found.values()];
  }

  #look(bytes: Uint8Array, found: Map<string, Leak>): void {
    const note = (kind: LeakKind, what: string, sample: string): void => {
      const key = `${kind} ${what}`;
      if (!found.has(key)) found.set(key, { kind, what, sample });
    };
    if (this.#finder.mayHold(bytes)) {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
      for (const { from, to, kind } of this.#finder.find(text)) note("secret", kind, sampleOf(text.slice(from, to)));
    }
    // A value of a masked file is not shown, not even in part.
    if (!this.#values.isEmpty) for (const kind of this.#values.kindsIn(bytes)) note("masked", kind, "");
  }
}

const SHOWN = 4;

/** Enough to know which one it is, and too little to use it. */
function sampleOf(secret: string): string {
  const shown = secret.length >= 16 ? secret.slice(0, SHOWN).replaceAll(/[^\x20-\x7e]/g, "?") : "";
  return `${shown}… (${String(secret.length)} characters)`;
}
