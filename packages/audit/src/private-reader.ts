import { recordsPath } from "./layout.ts";
import { decodeRecords } from "./private-records.ts";
import { TILE_WIDTH } from "./tiles.ts";
import type { RecordSource } from "./verify/source.ts";

const NONE: ReadonlyMap<number, Uint8Array> = new Map();

/** Salts and personal members of the entries of one bundle, each run's read when it is first asked for. Browser-safe. */
export class BundleRecords {
  readonly #source: RecordSource;
  readonly #bundle: number;
  readonly #runs = new Map<string, Promise<ReadonlyMap<number, Uint8Array>>>();

  constructor(source: RecordSource, bundle: number) {
    this.#source = source;
    this.#bundle = bundle;
  }

  /** Salt and members of an entry; undefined when they are gone. They are read, not proven: see the entry's `private`. */
  async find(run: string, index: number): Promise<Uint8Array | undefined> {
    const records = await this.ofRun(run);
    return records.get(index % TILE_WIDTH);
  }

  /** All of a run in this bundle, by place. */
  ofRun(run: string): Promise<ReadonlyMap<number, Uint8Array>> {
    let records = this.#runs.get(run);
    if (records === undefined) {
      records = this.#source
        .read(recordsPath(run, this.#bundle))
        .then((bytes) => (bytes ? decodeRecords(bytes) : NONE));
      this.#runs.set(run, records);
    }
    return records;
  }
}
