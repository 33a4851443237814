/** Entries, and salts with personal members, as one piece of bytes each. */
import { decodeBundle } from "../tiles.ts";

/** As an entry bundle of C2SP tlog-tiles, of any number of entries: each after its length as big-endian uint16. */
export function packEntries(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(entries.flatMap((entry) => [Buffer.of(entry.length >> 8, entry.length & 0xff), entry]));
}

/** Undefined when the bytes are not whole entries. */
export function unpackEntries(bytes: Uint8Array, most: number): Uint8Array[] | undefined {
  const entries = decodeBundle(bytes, most);
  const used = entries.reduce((sum, { length }) => sum + 2 + length, 0);
  return used === bytes.length ? entries : undefined;
}

/** For each entry its record after its length as big-endian uint32; 0: none. */
export function packRecords(records: readonly (Uint8Array | undefined)[]): Buffer {
  return Buffer.concat(
    records.flatMap((record) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(record?.length ?? 0);
      return record === undefined ? [length] : [length, record];
    }),
  );
}

/** Undefined when the bytes are not `count` records. */
export function unpackRecords(bytes: Uint8Array, count: number): (Uint8Array | undefined)[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const records: (Uint8Array | undefined)[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + 4 > bytes.length) return undefined;
    const length = view.getUint32(at);
    at += 4;
    if (at + length > bytes.length) return undefined;
    records.push(length === 0 ? undefined : bytes.subarray(at, at + length));
    at += length;
  }
  return at === bytes.length ? records : undefined;
}
