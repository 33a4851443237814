import { createHash } from "node:crypto";
import type { DigestedText } from "./model-call.ts";

/** A text that comes in pieces: its digest, and as much of it as is wanted. */
export class RunningText {
  readonly #hash = createHash("sha256");
  readonly #most: number;
  #bytes = 0;
  #kept = "";

  /** @param most how many characters are kept; 0: none, and then there is no text */
  constructor(most: number) {
    this.#most = most;
  }

  add(piece: string): void {
    this.#hash.update(piece, "utf8");
    this.#bytes += Buffer.byteLength(piece, "utf8");
    const room = this.#most - this.#kept.length;
    if (room > 0) this.#kept += piece.slice(0, room);
  }

  /** Once, at the end. */
  result(): DigestedText {
    const digest = `sha256:${this.#hash.digest("hex")}`;
    return { digest, bytes: this.#bytes, text: this.#most > 0 ? this.#kept.toWellFormed() : undefined };
  }
}
