import { loadSecretFinder, type KnownValue } from "@bailiwick/secrets";
import { CastLines, headerLine, type CastCode } from "./asciicast.ts";
import { RecordingFile, type Prefix } from "./recording-file.ts";
import { Redactor, type Written } from "./redactor.ts";

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface CastWriterOptions {
  /** Must not exist yet. */
  readonly path: string;
  readonly size: TerminalSize;
  /** Of the terminal: TERM. */
  readonly terminal: string | undefined;
  /** Milliseconds since 1970: what times in the recording are counted from. */
  readonly startedAt: number;
  /** The file is never longer. */
  readonly maxBytes: number;
  /** Secrets that are known by their value. */
  readonly values: readonly KnownValue[];
}

/** Tries a write until it succeeds, or throws what the system said. */
export type Patiently = (write: () => Promise<void>) => Promise<void>;

/** Kept free for the last marks and the exit status. */
const RESERVE = 1_024;

/**
 * Output, redacted, as lines of an asciicast. Everything throws what the system said when the file can't be written; `patiently` decides how
 * often it is tried. Text that the redactor holds back is in no file yet.
 */
export class CastWriter {
  readonly #options: CastWriterOptions;
  readonly #file: RecordingFile;
  readonly #redactor: Redactor;
  readonly #patiently: Patiently;
  readonly #lines = new CastLines();
  #frames = 0;
  #left = 0;
  #isFull = false;

  private constructor(options: CastWriterOptions, file: RecordingFile, redactor: Redactor, patiently: Patiently) {
    this.#options = options;
    this.#file = file;
    this.#redactor = redactor;
    this.#patiently = patiently;
  }

  static async open(options: CastWriterOptions, patiently: Patiently): Promise<CastWriter> {
    const { path, size, terminal, startedAt, values } = options;
    const redactor = new Redactor({ finder: await loadSecretFinder(), values, columns: size.columns });
    let file: RecordingFile | undefined;
    await patiently(async () => {
      file = await RecordingFile.create(path);
    });
    if (file === undefined) throw new Error("the file of the recording was not made");
    const writer = new CastWriter(options, file, redactor, patiently);
    await writer.#append(headerLine({ ...size, terminal, startedAt }));
    return writer;
  }

  get frames(): number {
    return this.#frames;
  }

  get redactions(): number {
    return this.#redactor.redactions;
  }

  /** Bytes of text that came here and are in no file, because it would have become too long. */
  get left(): number {
    return this.#left;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  get unproven(): number {
    return this.#file.unproven;
  }

  /** @param lost bytes before these that are not there */
  async output(at: number, bytes: Uint8Array, lost: number): Promise<void> {
    if (lost > 0) {
      this.#left += this.#redactor.skip();
      await this.mark(at, `${String(lost)} bytes were not recorded`);
    }
    await this.#write(this.#redactor.push(at, bytes));
  }

  async resize(at: number, size: TerminalSize): Promise<void> {
    this.#redactor.columns = size.columns;
    await this.#events([{ at, code: "r", data: `${String(size.columns)}x${String(size.rows)}` }]);
  }

  async mark(at: number, text: string): Promise<void> {
    await this.#events([{ at, code: "m", data: text }], 0);
  }

  /** Everything that is held back, and the exit status. */
  async end(at: number, status: number | undefined): Promise<void> {
    await this.#write(this.#redactor.finish(at));
    if (status !== undefined) await this.#events([{ at, code: "x", data: String(status) }], 0);
  }

  async prove(): Promise<Prefix> {
    return await this.#file.prove();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #write(written: readonly Written[]): Promise<void> {
    if (written.length > 0) await this.#events(written.map(({ at, text }) => ({ at, code: "o", data: text })));
  }

  async #events(events: readonly { at: number; code: CastCode; data: string }[], reserve = RESERVE): Promise<void> {
    let text = "";
    let bytes = this.#file.bytes + reserve;
    for (const { at, code, data } of events) {
      const line =
        this.#isFull && reserve > 0 ? undefined : this.#lines.line({ at: at - this.#options.startedAt, code, data });
      bytes += line === undefined ? 0 : Buffer.byteLength(line);
      if (line !== undefined && bytes <= this.#options.maxBytes) {
        text += line;
        this.#frames += 1;
        continue;
      }
      this.#isFull = true;
      this.#left += Buffer.byteLength(data);
    }
    if (text !== "") await this.#append(text);
  }

  async #append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    await this.#patiently(() => this.#file.append(bytes));
  }
}
