/** Rows in the order of a tree, to which others are added anywhere: a million of them cost no more than a thousand. */
export interface Chunk<Row> {
  readonly rows: Row[];
  /** Index of its first row, as of the last time that it was looked for. */
  start: number;
  /** Its place among the chunks. */
  place: number;
}

const LARGEST = 1_024;

/** What a row keeps for its list, and nobody else touches. */
export interface Listed {
  chunk: Chunk<this> | undefined;
}

export class RowList<Row extends Listed> {
  readonly #chunks: Chunk<Row>[] = [];
  /** Starts and places of the chunks from this one on are not known. */
  #stale = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  at(index: number): Row | undefined {
    this.#renew();
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#chunks[middle]?.start ?? Infinity) <= index) low = middle;
      else high = middle - 1;
    }
    const chunk = this.#chunks[low];
    return chunk?.rows[index - chunk.start];
  }

  indexOf(row: Row): number {
    this.#renew();
    const index = row.chunk?.rows.indexOf(row) ?? -1;
    return row.chunk === undefined || index < 0 ? -1 : row.chunk.start + index;
  }

  /** @param before undefined: it becomes the first */
  insertAfter(before: Row | undefined, row: Row): void {
    const chunk = before?.chunk ?? this.#chunks[0] ?? this.#addChunk(0, []);
    const last = chunk.rows.length - 1;
    // Mostly what comes is the last of what there is.
    const index = before === undefined ? 0 : chunk.rows[last] === before ? last + 1 : chunk.rows.indexOf(before) + 1;
    chunk.rows.splice(index, 0, row);
    row.chunk = chunk;
    this.#length += 1;
    this.#renew();
    this.#stale = Math.min(this.#stale, chunk.place + 1);
    if (chunk.rows.length > LARGEST) this.#split(chunk);
  }

  #split(chunk: Chunk<Row>): void {
    const rows = chunk.rows.splice(LARGEST >> 1);
    const next = this.#addChunk(chunk.place + 1, rows);
    for (const row of rows) row.chunk = next;
  }

  #addChunk(place: number, rows: Row[]): Chunk<Row> {
    const chunk = { rows, start: 0, place };
    this.#chunks.splice(place, 0, chunk);
    this.#stale = Math.min(this.#stale, place);
    return chunk;
  }

  #renew(): void {
    for (; this.#stale < this.#chunks.length; this.#stale++) {
      const chunk = this.#chunks[this.#stale];
      const before = this.#chunks[this.#stale - 1];
      if (chunk === undefined) return;
      chunk.place = this.#stale;
      chunk.start = before === undefined ? 0 : before.start + before.rows.length;
    }
  }
}
