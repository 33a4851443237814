import { decodeRecords, RECORDS_WIDTH, recordsPath } from "./private-records.ts";
import type { RecordSource } from "./verify/source.ts";

const NONE: ReadonlyMap<number, Uint8Array> = new Map();
/** What is kept in memory of the files read last. */
const CACHED_BYTES = 64 << 20;

interface RecordsFile {
  readonly records: ReadonlyMap<number, Uint8Array>;
  readonly bytes: number;
}

/** Salts and personal members of entries, for one reading of the log: a run that goes on writes what a later reading will find. Browser-safe. */
export class PrivateReader {
  readonly #source: RecordSource;
  readonly #files = new Map<string, RecordsFile>();
  #bytes = 0;

  constructor(source: RecordSource) {
    this.#source = source;
  }

  /** Salt and members of an entry; undefined when they are gone. They are read, not proven: see the entry's `private`. */
  async find(run: string, index: number): Promise<Uint8Array | undefined> {
    return this.loaded(run, index) ?? (await this.file(run, index)).get(index % RECORDS_WIDTH);
  }

  /** As {@link find}, of the files that {@link find} has read already. */
  loaded(run: string, index: number): Uint8Array | undefined {
    return this.#files.get(recordsPath(run, index))?.records.get(index % RECORDS_WIDTH);
  }

  /** What {@link find} gives for all entries of a run near an index, those with the same RECORDS_WIDTH-th part: by their places in it. */
  async file(run: string, index: number): Promise<ReadonlyMap<number, Uint8Array>> {
    const path = recordsPath(run, index);
    const known = this.#files.get(path);
    if (known !== undefined) return known.records;
    const bytes = await this.#source.read(path);
    const file = { records: bytes ? decodeRecords(bytes) : NONE, bytes: bytes?.length ?? 0 };
    this.#files.set(path, file);
    this.#bytes += file.bytes;
    for (const [oldest, { bytes: size }] of this.#files) {
      if (this.#bytes <= CACHED_BYTES || oldest === path) break;
      this.#files.delete(oldest);
      this.#bytes -= size;
    }
    return file.records;
  }
}
