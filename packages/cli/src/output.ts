import { once } from "node:events";

/** Writes lines as fast as the reader takes them; {@link Output.open} is false once the reader is gone. */
export class Output {
  readonly #stream: NodeJS.WriteStream;
  #open = true;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on("error", () => {
      this.#open = false;
    });
  }

  get open(): boolean {
    return this.#open;
  }

  async line(text: string): Promise<void> {
    if (!this.#open || this.#stream.write(`${text}\n`)) return;
    await Promise.race([once(this.#stream, "drain"), once(this.#stream, "close")]).catch(() => undefined);
  }
}
