/** Counts how often in a row a model calls the same tool with the same input, and that fails. Another call in between begins anew: trying again after a change is work. */
export class RepeatedFailures {
  #key: string | undefined;
  readonly #calls = new Map<number, "open" | "failed">();

  /** @param key the same for calls that are the same */
  called(call: number, key: string): void {
    if (key !== this.#key) this.#calls.clear();
    this.#key = key;
    this.#calls.set(call, "open");
  }

  /** @returns how many of the row have failed, when this is one more of them */
  failed(call: number): number | undefined {
    if (this.#calls.get(call) !== "open") return undefined;
    this.#calls.set(call, "failed");
    return [...this.#calls.values()].filter((state) => state === "failed").length;
  }

  succeeded(call: number): undefined {
    if (this.#calls.get(call) === "open") this.#key = undefined;
    return undefined;
  }
}
