import { once } from "node:events";

/** Writes as fast as the reader takes them; {@link Output.open} is false once the reader is gone. */
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
    await this.text(`${text}\n`);
  }

  async text(text: string): Promise<void> {
    if (text === "" || !this.#open || this.#stream.write(text)) return;
    await Promise.race([once(this.#stream, "drain"), once(this.#stream, "close")]).catch(() => undefined);
  }
}
