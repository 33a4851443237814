/** A recording in memory, as its bytes come. */
import { parseEvent, parseHeader, type CastEvent, type CastHeader, type Played } from "@bailiwick/recording/picture";

export class MemoryCast implements Played {
  readonly #decoder = new TextDecoder();
  readonly #events: CastEvent[] = [];
  #header: CastHeader | undefined;
  #rest = "";
  #time = 0;

  /** Undefined until it is there. */
  get header(): CastHeader {
    if (this.#header === undefined) throw new TypeError("the recording has not begun yet");
    return this.#header;
  }

  get hasBegun(): boolean {
    return this.#header !== undefined;
  }

  get length(): number {
    return this.#events.length;
  }

  /** Milliseconds from the beginning to the last event. */
  get duration(): number {
    return this.#events.at(-1)?.at ?? 0;
  }

  /** @param bytes that follow those before; what is cut waits for the rest */
  add(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (this.#header === undefined) {
        this.#header = parseHeader(line);
        continue;
      }
      const event = parseEvent(line);
      if (event === undefined) continue;
      this.#time += event.interval;
      this.#events.push({ at: this.#time, code: event.code, data: event.data });
    }
  }

  /** Index of the first event that is later than a time. */
  after(time: number): number {
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle]?.at ?? 0) > time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  async *events(from: number, to: number): AsyncGenerator<CastEvent> {
    // What is shown next is in one turn of the loop: it is in memory.
    await Promise.resolve();
    for (let index = from; index < to; index++) {
      const event = this.#events[index];
      if (event !== undefined) yield event;
    }
  }
}
