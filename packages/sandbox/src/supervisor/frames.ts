import { decodeOsString } from "@bailiwick/base";

/** The longest frame of the protocol: type and payload. */
export const FRAME_MAX = 16 * 1024 * 1024;

/** Bytes that are not the protocol's. The message is for {@link SandboxError}; it never holds what was sent. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/**
 * Cuts a byte stream into frames. A frame that lies in one chunk is given as a view of it, so it must be read before the call
 * returns; only one that spans chunks is copied, once. Keeps at most one frame.
 */
export class FrameReader {
  #pending: Buffer | undefined;
  #filled = 0;
  readonly #header = Buffer.alloc(4);
  #headerFilled = 0;

  /** @throws FrameError when a length is outside 1..{@link FRAME_MAX} */
  push(chunk: Buffer, onFrame: (type: number, payload: Buffer) => void): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#pending !== undefined) {
        offset += this.#fill(this.#pending, chunk, offset, onFrame);
        continue;
      }
      const left = chunk.length - offset;
      if (this.#headerFilled === 0 && left >= 4) {
        const length = checkedLength(chunk.readUInt32LE(offset));
        const end = offset + 4 + length;
        if (end <= chunk.length) {
          onFrame(chunk[offset + 4] ?? 0, chunk.subarray(offset + 5, end));
          offset = end;
          continue;
        }
        this.#expect(length);
        offset += 4;
        continue;
      }
      const taken = Math.min(4 - this.#headerFilled, left);
      chunk.copy(this.#header, this.#headerFilled, offset, offset + taken);
      this.#headerFilled += taken;
      offset += taken;
      if (this.#headerFilled === 4) this.#expect(checkedLength(this.#header.readUInt32LE(0)));
    }
  }

  #expect(length: number): void {
    this.#headerFilled = 0;
    this.#pending = Buffer.allocUnsafe(length);
    this.#filled = 0;
  }

  #fill(pending: Buffer, chunk: Buffer, offset: number, onFrame: (type: number, payload: Buffer) => void): number {
    const taken = Math.min(pending.length - this.#filled, chunk.length - offset);
    chunk.copy(pending, this.#filled, offset, offset + taken);
    this.#filled += taken;
    if (this.#filled === pending.length) {
      this.#pending = undefined;
      onFrame(pending[0] ?? 0, pending.subarray(1));
    }
    return taken;
  }
}

function checkedLength(length: number): number {
  if (length < 1 || length > FRAME_MAX) throw new FrameError("frame of a forbidden length");
  return length;
}

/** Reads a payload from front to back. Every method throws FrameError past the end; {@link PayloadReader.done} checks that nothing is left. */
export class PayloadReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  #take(length: number): number {
    const from = this.#at;
    if (length > this.#bytes.length - from) throw new FrameError("frame ends early");
    this.#at = from + length;
    return from;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }
  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }
  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }
  i32(): number {
    return this.#bytes.readInt32LE(this.#take(4));
  }
  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }
  /** An id: 0 .. 2^53 - 1. */
  id(): number {
    const from = this.#take(8);
    const high = this.#bytes.readUInt32LE(from + 4);
    if (high > 0x1f_ffff) throw new FrameError("id out of range");
    return high * 0x1_0000_0000 + this.#bytes.readUInt32LE(from);
  }
  /** Milliseconds since 1970, from nanoseconds. */
  time(): number {
    return Number(this.u64()) / 1e6;
  }
  /** A view of the payload. */
  bytes(): Buffer {
    const length = this.u32();
    const from = this.#take(length);
    return this.#bytes.subarray(from, from + length);
  }
  str(): string {
    const length = this.u32();
    const from = this.#take(length);
    // The common case at full speed; a replacement character says that the slow, lossless decoder must look.
    const text = this.#bytes.toString("utf8", from, from + length);
    return text.includes("\ufffd") ? decodeOsString(this.#bytes.subarray(from, from + length)) : text;
  }
  /** @param leastBytes the shortest an item can be, so that a count alone cannot make us allocate */
  list<T>(leastBytes: number, item: () => T): T[] {
    const count = this.u32();
    if (count * leastBytes > this.#bytes.length - this.#at) throw new FrameError("list longer than its frame");
    const items: T[] = [];
    for (let index = 0; index < count; index++) items.push(item());
    return items;
  }
  done(): void {
    if (this.#at !== this.#bytes.length) throw new FrameError("frame has bytes left over");
  }
}

/** A frame to the launcher. */
export function frame(type: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 1;
  for (const part of parts) length += part.length;
  if (length > FRAME_MAX) throw new FrameError("frame too long");
  const bytes = Buffer.allocUnsafe(4 + length);
  bytes.writeUInt32LE(length, 0);
  bytes[4] = type;
  let at = 5;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
