import type { OnReadOpts, Socket } from "node:net";

const FIRST_BUFFER_BYTES = 16_384;
const LARGE_BUFFER_BYTES = 262_144;

/**
 * The server → client direction without an allocation per chunk: the kernel writes into one buffer, which is used again
 * as soon as the client's socket took all of it, which it mostly does at once. Starts small, so that a thousand idle
 * connections cost little, and grows when a read fills it.
 */
export class Downstream {
  readonly #client: Socket;
  #buffer = Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES);
  #received = 0;
  #server: Socket | undefined;

  constructor(client: Socket) {
    this.#client = client;
  }

  get bytesReceived(): number {
    return this.#received;
  }

  /** For the attempts to connect; only the one that {@link start} is told of ever reads. */
  get onread(): OnReadOpts {
    return { buffer: () => this.#buffer, callback: (length) => this.#take(length) };
  }

  /** Call in the turn in which the server's socket connected. */
  start(server: Socket): void {
    this.#server = server;
    this.#client.on("drain", () => server.resume());
    server.once("end", () => this.#client.end());
  }

  /** False pauses the server's socket. Called before the next buffer is asked for. */
  #take(length: number): boolean {
    if (this.#server === undefined || !this.#client.writable) return false;
    this.#received += length;
    const buffer = this.#buffer;
    const goOn = this.#client.write(buffer.subarray(0, length));
    const pending = this.#client.writableLength > 0;
    if (length === buffer.length && length < LARGE_BUFFER_BYTES) {
      this.#buffer = Buffer.allocUnsafeSlow(LARGE_BUFFER_BYTES);
    } else if (pending) {
      // The kernel did not take all of it: this buffer belongs to the write now.
      this.#buffer = Buffer.allocUnsafeSlow(buffer.length);
    }
    return goOn;
  }
}
