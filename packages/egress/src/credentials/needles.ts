/** Something that must not be in a stream, and whose it is. */
export interface Needle {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Looks for needles in a stream that comes in pieces: also for those that lie across two. */
export class NeedleScan {
  readonly #needles: readonly Needle[];
  readonly #overlap: number;
  #tail: Buffer = Buffer.alloc(0);

  constructor(needles: readonly Needle[]) {
    this.#needles = needles;
    this.#overlap = Math.max(0, ...needles.map(({ bytes }) => bytes.length)) - 1;
  }

  /** The name of the first needle that these bytes complete. */
  take(chunk: Buffer): string | undefined {
    if (this.#overlap < 0) return undefined;
    const seam = Buffer.concat([this.#tail, chunk.subarray(0, this.#overlap)]);
    this.#tail =
      chunk.length >= this.#overlap
        ? Buffer.from(chunk.subarray(chunk.length - this.#overlap))
        : Buffer.from(seam.subarray(Math.max(0, seam.length - this.#overlap)));
    return this.#find(seam) ?? this.#find(chunk);
  }

  #find(bytes: Buffer): string | undefined {
    return this.#needles.find((needle) => bytes.includes(needle.bytes))?.name;
  }
}
