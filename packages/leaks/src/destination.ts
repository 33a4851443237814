import { CodeMeter, charactersOf, type CodeIndex } from "./code-index.ts";
import type { Leak, TextScanner } from "./text-scanner.ts";

/** Of what was sent to one host in small pieces: a secret that is sent a few letters a request is whole here. */
const REMEMBERED = 4_096;
/** Longer pieces are looked at by themselves. */
const SMALL = 512;

/** What one host was sent in a run. */
export class Destination {
  readonly #code: CodeIndex | undefined;
  readonly #budget: number | undefined;
  readonly #seen = new Set<number>();
  #pieces: Uint8Array = new Uint8Array(0);

  /** @param budget characters of the workspace's code that may go there; undefined: as many as there are */
  constructor(code: CodeIndex | undefined, budget: number | undefined) {
    this.#code = code;
    this.#budget = budget;
  }

  /** Undefined where any amount of code may go. */
  meter(): CodeMeter | undefined {
    if (this.#code === undefined || this.#code.size === 0 || this.#budget === undefined) return undefined;
    return new CodeMeter(this.#code, this.#seen);
  }

  /** The leak, once more code was sent than may be. */
  overBudget(): readonly Leak[] {
    const sent = charactersOf(this.#seen.size);
    if (this.#budget === undefined || sent <= this.#budget) return [];
    return [
      {
        kind: "code",
        what: "workspace",
        sample: `about ${String(sent)} characters, ${String(this.#budget)} may be sent`,
      },
    ];
  }

  /** What a small piece and those before it say together. */
  join(piece: Uint8Array, texts: TextScanner): readonly Leak[] {
    if (piece.length === 0 || piece.length > SMALL) return [];
    this.#pieces = Buffer.concat([this.#pieces, piece]).subarray(-REMEMBERED);
    return texts.scan(this.#pieces);
  }
}
