import { open, type FileHandle } from "node:fs/promises";
import { parseEvent, parseHeader, type CastEvent, type CastHeader } from "./asciicast.ts";
import { RecordingError } from "./errors.ts";

const CHUNK_BYTES = 1 << 20;
/** No line is longer: text comes in pieces of at most some 100 KiB. */
const LONGEST_LINE = 16 << 20;

/** A recording, by the times of its events: what is in them is read when it is wanted. */
export class CastFile {
  readonly header: CastHeader;
  readonly #handle: FileHandle;
  /** Milliseconds since the beginning, and where in the file each event begins. */
  readonly #times: readonly number[];
  readonly #places: readonly number[];
  readonly #end: number;

  private constructor(handle: FileHandle, header: CastHeader, index: Index) {
    this.#handle = handle;
    this.header = header;
    this.#times = index.times;
    this.#places = index.places;
    this.#end = index.end;
  }

  /** @throws RecordingError RECORDING_MALFORMED, Error of the system */
  static async open(path: string): Promise<CastFile> {
    const handle = await open(path);
    try {
      const { header, index } = await readIndex(handle);
      if (header === undefined) {
        throw new RecordingError("RECORDING_MALFORMED", "the recording does not begin as an asciicast of version 3", {
          remedy: "see whether it is what was recorded: `bailiwick audit verify`",
        });
      }
      return new CastFile(handle, header, index);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** How many events there are. */
  get length(): number {
    return this.#times.length;
  }

  /** Milliseconds from the beginning to the last event. */
  get duration(): number {
    return this.#times.at(-1) ?? 0;
  }

  timeOf(index: number): number | undefined {
    return this.#times[index];
  }

  /** Index of the first event that is later than a time; the number of events when there is none. */
  after(time: number): number {
    let [low, high] = [0, this.#times.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle] ?? 0) > time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Events from one index up to another, which is not among them. */
  async *events(from: number, to: number): AsyncGenerator<CastEvent> {
    const end = this.#places[to] ?? this.#end;
    let index = from;
    for await (const line of linesOf(this.#handle, this.#places[from] ?? end, end)) {
      const event = parseEvent(line.text);
      if (event === undefined) continue;
      yield { at: this.#times[index] ?? 0, code: event.code, data: event.data };
      index++;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

interface Index {
  readonly times: readonly number[];
  readonly places: readonly number[];
  readonly end: number;
}

async function readIndex(
  handle: FileHandle,
): Promise<{ readonly header: CastHeader | undefined; readonly index: Index }> {
  const times: number[] = [];
  const places: number[] = [];
  let header: CastHeader | undefined;
  let time = 0;
  let end = 0;
  for await (const { text, place, next } of linesOf(handle, 0, Infinity)) {
    end = next;
    if (place === 0) {
      header = parseHeader(text);
      if (header === undefined) break;
      continue;
    }
    const event = parseEvent(text);
    if (event === undefined) continue;
    time += event.interval;
    times.push(time);
    places.push(place);
  }
  return { header, index: { times, places, end } };
}

interface Line {
  readonly text: string;
  readonly place: number;
  /** Where the next one begins. */
  readonly next: number;
}

/** Whole lines only: one that has no end was cut off by a crash. */
async function* linesOf(handle: FileHandle, from: number, to: number): AsyncGenerator<Line> {
  let rest = Buffer.alloc(0);
  let place = from;
  for (let at = from; at < to && rest.length < LONGEST_LINE;) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, to - at));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    rest = rest.length === 0 ? chunk.subarray(0, bytesRead) : Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    let begin = 0;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, begin)) {
      const next = place + end + 1 - begin;
      yield { text: rest.toString("utf8", begin, end), place, next };
      place = next;
      begin = end + 1;
    }
    rest = rest.subarray(begin);
  }
}
