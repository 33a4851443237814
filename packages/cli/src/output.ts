import { once } from "node:events";

/** Writes lines as fast as the reader takes them. A reader that went away (`| head`) is no error: {@link Output.open} is false then. */
export class Output {
  readonly #stream: NodeJS.WriteStream;
  #open = true;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
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
