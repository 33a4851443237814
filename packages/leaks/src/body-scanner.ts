import { once } from "node:events";
import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import { CodeMeter } from "./code-index.ts";
import type { Destination } from "./destination.ts";
import type { Leak, TextScanner } from "./text-scanner.ts";

/** Longer than any secret that is found by its form: what lies across two pieces is looked at twice. */
const OVERLAP = 8_192;
/** What a body may grow to, and how many times its length: a few bytes of zeros must not keep this process busy. */
const MOST_INFLATED = 256 << 20;
const MOST_RATIO = 200;
const FREE_INFLATED = 4 << 20;

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(),
  "x-gzip": () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
};

export interface BodyScannerOptions {
  readonly texts: TextScanner;
  readonly destination: Destination;
  /** The content codings in the order in which they were applied (RFC 9110, section 8.4). */
  readonly codings: readonly string[];
}

/** One body as it passes: what of it should not leave. Each call resolves when all that the bytes so far hold was looked at. */
export class BodyScanner {
  readonly #texts: TextScanner;
  readonly #destination: Destination;
  readonly #meter: CodeMeter | undefined;
  readonly #decoders: readonly Transform[];
  readonly #known = new Set<string>();
  #found: Leak[] = [];
  #tail: Uint8Array = new Uint8Array(0);
  #received = 0;
  #inflated = 0;
  #isUnreadable = false;
  /** Resolves when decoding was given up: then nothing that was written is ever answered. */
  readonly #broken = Promise.withResolvers<void>();

  constructor({ texts, destination, codings }: BodyScannerOptions) {
    this.#texts = texts;
    this.#destination = destination;
    this.#meter = destination.meter();
    const wanted = codings.filter((coding) => coding !== "identity");
    const decoders = wanted.toReversed().map((coding) => DECODERS[coding]?.());
    this.#decoders = decoders.filter((decoder) => decoder !== undefined);
    if (this.#decoders.length < wanted.length) this.#giveUp(`content coding ${wanted.join(", ").slice(0, 40)}`);
    else this.#chain();
  }

  /** What was found since the last call; each kind once. At once where nothing is to be decoded. */
  take(bytes: Uint8Array): readonly Leak[] | Promise<readonly Leak[]> {
    this.#received += bytes.length;
    const [first] = this.#decoders;
    if (first === undefined || this.#isUnreadable) {
      this.#look(bytes);
      return this.#drain();
    }
    return this.#decode(first, bytes);
  }

  /** Nothing follows. */
  async finish(): Promise<readonly Leak[]> {
    const [first] = this.#decoders;
    const last = this.#decoders.at(-1);
    if (first !== undefined && last !== undefined && !this.#isUnreadable && this.#received > 0) {
      const ended = once(last, "end").catch(() => undefined);
      first.end();
      await Promise.race([ended, this.#broken.promise]);
    }
    this.close();
    return this.#drain();
  }

  close(): void {
    for (const decoder of this.#decoders) decoder.destroy();
  }

  async #decode(first: Transform, bytes: Uint8Array): Promise<readonly Leak[]> {
    const taken = new Promise<void>((resolve) => {
      first.write(bytes, () => {
        resolve();
      });
    });
    await Promise.race([taken, this.#broken.promise]);
    // What the first one gave the next ones have taken when they have nothing waiting.
    for (const decoder of this.#decoders.slice(1)) {
      while (decoder.writableLength > 0 && !this.#isUnreadable) await new Promise((resolve) => setImmediate(resolve));
    }
    return this.#drain();
  }

  #chain(): void {
    for (const [index, decoder] of this.#decoders.entries()) {
      const next = this.#decoders[index + 1];
      decoder.on("error", () => {
        this.#giveUp("damaged content coding");
      });
      decoder.on("data", (piece: Buffer) => {
        this.#inflated += piece.length;
        const most = Math.min(MOST_INFLATED, FREE_INFLATED + MOST_RATIO * this.#received);
        if (this.#inflated > most) this.#giveUp("content coding that grows without end");
        else if (next === undefined) this.#look(piece);
        else next.write(piece);
      });
      if (next !== undefined) decoder.on("end", () => next.end());
    }
  }

  #giveUp(why: string): void {
    if (this.#isUnreadable) return;
    this.#isUnreadable = true;
    this.#broken.resolve();
    this.#note([{ kind: "unreadable", what: why, sample: "" }]);
    for (const decoder of this.#decoders) decoder.destroy();
  }

  #look(bytes: Uint8Array): void {
    const whole = this.#tail.length === 0 ? bytes : Buffer.concat([this.#tail, bytes]);
    const decoded = (inner: Uint8Array): void => this.#destination.meter()?.take(inner);
    this.#note(this.#texts.scan(whole, decoded));
    this.#tail = Uint8Array.from(whole.subarray(-OVERLAP));
    this.#meter?.take(bytes);
    this.#note(this.#destination.overBudget());
  }

  #note(leaks: readonly Leak[]): void {
    for (const leak of leaks) {
      const key = `${leak.kind} ${leak.what}`;
      if (this.#known.has(key)) continue;
      this.#known.add(key);
      this.#found.push(leak);
    }
  }

  #drain(): readonly Leak[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }
}
