/**
 * Personal members beside the log: in `private/RUN/N` those of the run's entries from index 4,096 N on, one record after the other:
 * the entry's place in this file (2 bytes), the length of what follows (4 bytes, both big endian), 32 bytes of salt, and the members as
 * one JSON object in UTF-8. The entry's `private` is SHA-256 over salt and members. Browser-safe.
 */

/** Entries whose records lie in one file: few enough to be read for one of them, many enough that files are no burden. */
export const RECORDS_WIDTH = 4_096;

export const RECORD_HEADER_BYTES = 6;
/** Bytes of salt before the members of an entry. */
export const SALT_BYTES = 32;

/** `private/RUN`: all that is personal of a run, and nothing else. */
export function privateDirectory(run: string): string {
  return `private/${run}`;
}

/** `private/RUN/N`: the personal members of a run's entries, of that at an index and those near it. */
export function recordsPath(run: string, index: number): string {
  return `${privateDirectory(run)}/${String(Math.floor(index / RECORDS_WIDTH))}`;
}

/** `private/RUN/whole/abcd…` for `sha256:abcd…`: what was too long for an event of the run. */
export function wholePath(run: string, digest: string): string {
  return `${privateDirectory(run)}/whole/${digest.slice("sha256:".length)}`;
}

/** `private/RUN/terminal.cast`: the recording of the run's terminal. */
export function recordingPath(run: string): string {
  return `${privateDirectory(run)}/${RECORDING_NAME}`;
}

export const RECORDING_NAME = "terminal.cast";

/** One record without its place, which {@link placeRecord} gives it when its index is known. `fillSalt` writes SALT_BYTES at an offset. */
export function encodeRecord(members: Uint8Array, fillSalt: (into: Uint8Array, at: number) => void): Uint8Array {
  const record = new Uint8Array(RECORD_HEADER_BYTES + SALT_BYTES + members.length);
  const length = SALT_BYTES + members.length;
  for (let byte = 0; byte < 4; byte++) record[2 + byte] = (length >>> (24 - 8 * byte)) & 0xff;
  fillSalt(record, RECORD_HEADER_BYTES);
  record.set(members, RECORD_HEADER_BYTES + SALT_BYTES);
  return record;
}

export function placeRecord(record: Uint8Array, index: number): void {
  const place = index % RECORDS_WIDTH;
  record[0] = place >> 8;
  record[1] = place & 0xff;
}

/** What the digest is over: salt and members. */
export function committedBytes(record: Uint8Array): Uint8Array {
  return record.subarray(RECORD_HEADER_BYTES);
}

/** The members of a record, from what its digest is over. */
export function membersOf(committed: Uint8Array): Uint8Array {
  return committed.subarray(SALT_BYTES);
}

/**
 * Salt and members by place in the file. What follows the last whole record is of a batch that was never acknowledged; so is a second
 * record of a place. Never throws.
 */
export function decodeRecords(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const records = new Map<number, Uint8Array>();
  for (let at = 0; at + RECORD_HEADER_BYTES + SALT_BYTES <= bytes.length;) {
    const start = at + RECORD_HEADER_BYTES;
    let length = 0;
    for (let byte = 2; byte < RECORD_HEADER_BYTES; byte++) length = length * 256 + (bytes[at + byte] ?? 0);
    if (length < SALT_BYTES || start + length > bytes.length) break;
    const place = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    if (!records.has(place)) records.set(place, bytes.subarray(start, start + length));
    at = start + length;
  }
  return records;
}
