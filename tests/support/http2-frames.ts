/** HTTP/2 said frame by frame (RFC 9113), header fields byte by byte (RFC 7541): what no library would send. */
import { once } from "node:events";
import type { Duplex } from "node:stream";

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** `ack` of SETTINGS and PING is the bit of `endStream`. */
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

export const ERROR = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** @param length what the frame says of its length, where that is to be a lie */
export function frame(
  type: number,
  { flags = 0, stream = 0, payload = Buffer.alloc(0), length = payload.length }: Partial<Frame> & { length?: number },
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Unsigned, in 4 bytes. */
export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, 4 * index));
  return bytes;
}

export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.concat(
    pairs.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id & 0xff]), uint32(value)])),
  );
  return frame(TYPE.settings, { payload });
}

export type FieldLine = readonly [name: string, value: string];

/** Literal fields without indexing and without Huffman codes (RFC 7541, section 6.2.2), each character one byte. */
export function fieldBlock(fields: readonly FieldLine[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), stringLiteral(name), stringLiteral(value)]),
  );
}

function stringLiteral(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  return Buffer.concat([integer(bytes.length), bytes]);
}

/** With a prefix of 7 bits (RFC 7541, section 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** Whole HEADERS, which end the stream unless said otherwise. */
export function headers(
  stream: number,
  fields: readonly FieldLine[],
  flags: number = FLAG.endStream | FLAG.endHeaders,
): Buffer {
  return frame(TYPE.headers, { stream, flags, payload: fieldBlock(fields) });
}

export function data(stream: number, text: string, flags: number = FLAG.endStream): Buffer {
  return frame(TYPE.data, { stream, flags, payload: Buffer.from(text, "latin1") });
}

/** One side of a connection; what the other side says is kept, and SETTINGS are acknowledged. */
export class FrameConnection {
  readonly frames: Frame[] = [];
  readonly #socket: Duplex;
  #rest = Buffer.alloc(0);
  #isOver = false;
  #tell: (() => void)[] = [];

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    for (const event of ["end", "close"]) {
      socket.once(event, () => {
        this.#isOver = true;
        this.#wake();
      });
    }
  }

  send(...bytes: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(bytes));
  }

  /** The first frame for which this holds; undefined: the connection ended without one. */
  async first(isIt: (frame: Frame) => boolean): Promise<Frame | undefined> {
    for (;;) {
      const found = this.frames.find(isIt);
      if (found !== undefined || this.#isOver) return found;
      await new Promise<void>((resolve) => this.#tell.push(resolve));
    }
  }

  /** Ends it, after what is written has gone. */
  async close(): Promise<void> {
    if (this.#socket.destroyed) return;
    this.#socket.destroy();
    await once(this.#socket, "close");
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    if (this.#rest.subarray(0, PREFACE.length).equals(PREFACE)) this.#rest = this.#rest.subarray(PREFACE.length);
    for (;;) {
      if (this.#rest.length < 9) break;
      const end = 9 + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) break;
      const [type, flags] = [this.#rest.readUInt8(3), this.#rest.readUInt8(4)];
      const stream = this.#rest.readUInt32BE(5) & 0x7fff_ffff;
      this.frames.push({ type, flags, stream, payload: this.#rest.subarray(9, end) });
      this.#rest = this.#rest.subarray(end);
      if (type === TYPE.settings && (flags & FLAG.ack) === 0) this.send(frame(TYPE.settings, { flags: FLAG.ack }));
    }
    this.#wake();
  }

  #wake(): void {
    for (const tell of this.#tell.splice(0)) tell();
  }
}
