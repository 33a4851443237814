import type { Allowance } from "../allowance.ts";

/** A body that is held until it can be read whole. Reading this much takes about 60 ms, of no connection's time but the process's. */
const MOST_BYTES = 16 << 20;

/** Collects a body that is one JSON text. */
export class HeldBody {
  readonly #allowance: Allowance;
  #parts: Buffer[] = [];
  #bytes = 0;
  #problem: string | undefined;

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  add(bytes: Buffer): void {
    if (this.#problem !== undefined) return;
    if (this.#bytes + bytes.length > MOST_BYTES) this.#letGo("is too long");
    else if (!this.#allowance.take(bytes.length)) this.#letGo("came with too many others at once");
    else {
      this.#bytes += bytes.length;
      this.#parts.push(bytes);
    }
  }

  /** Its value, or why there is none. What was held is let go. */
  json(): { readonly value: unknown } | { readonly unread: string } {
    if (this.#problem !== undefined) return { unread: this.#problem };
    try {
      return { value: JSON.parse(Buffer.concat(this.#parts).toString("utf8")) as unknown };
    } catch (error) {
      if (error instanceof SyntaxError) return { unread: "is no JSON" };
      throw error;
    } finally {
      this.#letGo("was read");
    }
  }

  close(): void {
    this.#letGo("was read");
  }

  #letGo(problem: string): void {
    this.#problem ??= problem;
    this.#allowance.giveBack(this.#bytes);
    this.#bytes = 0;
    this.#parts = [];
  }
}
