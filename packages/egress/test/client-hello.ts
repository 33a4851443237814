/** Builds ClientHello messages and records as a client could send them, right and wrong. */
import { Buffer } from "node:buffer";

export interface HelloParts {
  /** `undefined`: no extension. Several: several entries in the one extension. */
  readonly serverNames?: readonly string[] | undefined;
  /** More extensions, by type. */
  readonly extensions?: readonly (readonly [type: number, data: Buffer])[];
  readonly sessionId?: Buffer;
}

export const SUPPORTED_VERSIONS = [43, Buffer.from([2, 3, 4])] as const;
export const EARLY_DATA = [42, Buffer.alloc(0)] as const;
export const ENCRYPTED_CLIENT_HELLO = [0xfe0d, Buffer.alloc(40, 7)] as const;

/** The body of the handshake message. */
export function helloBody(parts: HelloParts): Buffer {
  const names = parts.serverNames?.map((name) => Buffer.concat([Buffer.of(0), vector16(Buffer.from(name, "latin1"))]));
  const all = [
    ...(names === undefined ? [] : [extension(0, vector16(Buffer.concat(names)))]),
    ...(parts.extensions ?? []).map(([type, data]) => extension(type, data)),
  ];
  return Buffer.concat([
    Buffer.of(3, 3),
    Buffer.alloc(32, 0x5a),
    vector8(parts.sessionId ?? Buffer.alloc(32, 1)),
    vector16(Buffer.from([0x13, 0x01, 0xc0, 0x2f])),
    vector8(Buffer.of(0)),
    vector16(Buffer.concat(all)),
  ]);
}

/** The handshake message: type, length, body. */
export function handshake(body: Buffer, type = 1): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  header[0] = type;
  return Buffer.concat([header, body]);
}

export function record(content: Buffer, type = 0x16): Buffer {
  const header = Buffer.from([type, 3, 1, 0, 0]);
  header.writeUInt16BE(content.length, 3);
  return Buffer.concat([header, content]);
}

/** One record with one ClientHello. */
export function hello(parts: HelloParts): Buffer {
  return record(handshake(helloBody(parts)));
}

/** The same message spread over records of at most `size` bytes. */
export function fragmented(parts: HelloParts, size: number): Buffer {
  const message = handshake(helloBody(parts));
  const records: Buffer[] = [];
  for (let from = 0; from < message.length; from += size) records.push(record(message.subarray(from, from + size)));
  return Buffer.concat(records);
}

function extension(type: number, data: Buffer): Buffer {
  const header = Buffer.alloc(2);
  header.writeUInt16BE(type);
  return Buffer.concat([header, vector16(data)]);
}

function vector8(data: Buffer): Buffer {
  return Buffer.concat([Buffer.of(data.length), data]);
}

function vector16(data: Buffer): Buffer {
  const header = Buffer.alloc(2);
  header.writeUInt16BE(data.length);
  return Buffer.concat([header, data]);
}
