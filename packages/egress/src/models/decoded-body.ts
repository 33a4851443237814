import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress, constants } from "node:zlib";

const FLUSH = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH } as const;

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(FLUSH),
  "x-gzip": () => createGunzip(FLUSH),
  deflate: () => createInflate(FLUSH),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
};

/** What is waiting to be decoded at most; more means that it can't keep up. */
const MOST_WAITING = 8 << 20;

/** Takes a body's bytes as they come and gives them decoded, beside the way that they take. */
export class DecodedBody {
  readonly #decoder: Transform | undefined;
  readonly #take: (bytes: Buffer) => void;
  readonly #fail: (why: string) => void;
  #waiting = 0;
  #drained: (() => void)[] = [];
  #isDone = false;

  /**
   * @param encoding the value of `content-encoding`
   * @param handlers `fail` is called once at most, and then nothing more is given
   */
  constructor(encoding: string, handlers: { take: (bytes: Buffer) => void; fail: (why: string) => void }) {
    this.#take = handlers.take;
    this.#fail = handlers.fail;
    const name = encoding.trim().toLowerCase();
    if (name === "" || name === "identity") return;
    const make = DECODERS[name];
    if (make === undefined) {
      this.#giveUp("it has an encoding that is not read");
      return;
    }
    this.#decoder = make();
    this.#decoder.on("data", (bytes: Buffer) => {
      if (!this.#isDone) this.#take(bytes);
    });
    this.#decoder.on("error", () => this.#giveUp("its encoding is broken"));
  }

  /** Whether bytes were taken that are not decoded yet. */
  get isBehind(): boolean {
    return this.#waiting > 0;
  }

  write(bytes: Buffer): void {
    if (this.#isDone) return;
    if (this.#decoder === undefined) {
      this.#take(bytes);
      return;
    }
    if (this.#decoder.writableLength > MOST_WAITING) {
      this.#giveUp("it came faster than it could be decoded");
      return;
    }
    this.#waiting++;
    this.#decoder.write(bytes, () => {
      this.#waiting--;
      if (this.#waiting === 0) this.#wake();
    });
  }

  /** Resolves when all that was written is decoded, or given up. */
  async drained(): Promise<void> {
    if (this.#waiting === 0) return;
    await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  close(): void {
    this.#isDone = true;
    this.#decoder?.destroy();
    this.#waiting = 0;
    this.#wake();
  }

  #giveUp(why: string): void {
    if (this.#isDone) return;
    this.close();
    this.#fail(why);
  }

  #wake(): void {
    for (const wake of this.#drained.splice(0)) wake();
  }
}
