/** Bytes of a frame's head at most: two, eight of length, four of mask (RFC 6455, section 5.2). */
const LONGEST_HEAD = 14;
const [CONTINUATION, TEXT, BINARY] = [0, 1, 2];
const CONTROL: ReadonlySet<number> = new Set([8, 9, 10]);

/** Some of what a frame carries, unmasked. */
export interface FramePiece {
  /** Of a message, or of a ping, pong or close, which may stand between the frames of one. */
  readonly kind: "text" | "binary" | "control";
  readonly bytes: Buffer;
  /** With it the message, or the control frame, is whole. */
  readonly isEnd: boolean;
}

/**
 * What one side of a WebSocket sends, without extensions: the payloads of its frames as they come, cut anywhere.
 * What no peer may send is {@link broken}: it would be read in two ways, or not at all.
 */
export class WebSocketFrames {
  #head = Buffer.alloc(0);
  #left = 0n;
  #mask = Buffer.alloc(4);
  #masked = 0;
  /** Of the frame that is read. */
  #kind: FramePiece["kind"] = "binary";
  #isFinal = false;
  /** Of the message whose frames come; undefined between messages. */
  #message: "text" | "binary" | undefined;

  /** What is wrong, and then nothing more is read. */
  broken: string | undefined;

  take(chunk: Buffer): FramePiece[] {
    const pieces: FramePiece[] = [];
    for (let rest = chunk; rest.length > 0 && this.broken === undefined;) {
      if (this.#left > 0n) {
        const size = this.#left < BigInt(rest.length) ? Number(this.#left) : rest.length;
        this.#left -= BigInt(size);
        pieces.push(this.#piece(this.#unmask(rest.subarray(0, size))));
        rest = rest.subarray(size);
        continue;
      }
      const before = this.#head.length;
      const joined = Buffer.concat([this.#head, rest.subarray(0, LONGEST_HEAD)]);
      const length = this.#readHead(joined);
      this.#head = length === undefined ? joined : Buffer.alloc(0);
      if (length === undefined) break;
      rest = rest.subarray(length - before);
      if (this.#left === 0n && this.broken === undefined) pieces.push(this.#piece(Buffer.alloc(0)));
    }
    return pieces;
  }

  #piece(bytes: Buffer): FramePiece {
    const isEnd = this.#left === 0n && this.#isFinal;
    if (isEnd && this.#kind !== "control") this.#message = undefined;
    return { kind: this.#kind, bytes, isEnd };
  }

  /** The length of a head that is whole; then its frame's payload is awaited. */
  #readHead(bytes: Buffer): number | undefined {
    const [first, second] = bytes;
    if (first === undefined || second === undefined) return undefined;
    const short = second & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    const isMasked = (second & 0x80) !== 0;
    const length = 2 + extended + (isMasked ? 4 : 0);
    if (bytes.length < length) return undefined;
    this.#left =
      extended === 0 ? BigInt(short) : extended === 2 ? BigInt(bytes.readUInt16BE(2)) : bytes.readBigUInt64BE(2);
    this.#mask = isMasked ? Buffer.from(bytes.subarray(2 + extended, length)) : Buffer.alloc(4);
    this.#masked = 0;
    this.broken = this.#begin(first);
    return length;
  }

  #begin(first: number): string | undefined {
    const opcode = first & 0x0f;
    this.#isFinal = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0) return "a frame of an extension that was not agreed on";
    if (CONTROL.has(opcode)) {
      if (!this.#isFinal || this.#left > 125n) return "a control frame in parts, or too long for one";
      this.#kind = "control";
      return undefined;
    }
    if (opcode === CONTINUATION) {
      if (this.#message === undefined) return "a frame that continues nothing";
    } else {
      if (opcode !== TEXT && opcode !== BINARY) return "a frame of no known kind";
      if (this.#message !== undefined) return "a message within a message";
      this.#message = opcode === TEXT ? "text" : "binary";
    }
    this.#kind = this.#message;
    return undefined;
  }

  #unmask(bytes: Buffer): Buffer {
    const plain = Buffer.from(bytes);
    for (let index = 0; index < plain.length; index++)
      plain[index] = (plain[index] ?? 0) ^ (this.#mask[(this.#masked + index) % 4] ?? 0);
    this.#masked = (this.#masked + plain.length) % 4;
    return plain;
  }
}
