/** One event on its way to those who watch: made once, whatever their number. */
export interface Frame {
  readonly seq: number;
  readonly host: number;
  readonly run: string;
  /** As server-sent events have it. */
  readonly bytes: Buffer;
}

/**
 * Events that are kept in memory for those who follow closely; whoever is further behind reads the database, which costs a multiple: so that some
 * seconds of all that a server takes are kept.
 */
const KEPT = 100_000;
const KEPT_BYTES = 64 << 20;

/** The newest frames of those that were added, in their order: as many as memory is for. */
export class NewestFrames {
  #frames: Frame[] = [];
  #bytes = 0;

  get all(): readonly Frame[] {
    return this.#frames;
  }

  /** @returns the place of the last that had to go for them, if any */
  add(frames: readonly Frame[]): number | undefined {
    this.#frames.push(...frames);
    for (const { bytes } of frames) this.#bytes += bytes.length;
    let dropped = 0;
    while (this.#frames.length - dropped > KEPT || this.#bytes > KEPT_BYTES) {
      const frame = this.#frames[dropped];
      if (frame === undefined) break;
      this.#bytes -= frame.bytes.length;
      dropped += 1;
    }
    return this.#frames.splice(0, dropped).at(-1)?.seq;
  }

  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
  }
}
