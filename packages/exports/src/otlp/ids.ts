import { createHash } from "node:crypto";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** The run's id itself: 128 bits, of which the first 48 are its start. 32 hexadecimal digits. */
export function traceIdOf(run: string): string {
  let value = 0n;
  for (const character of run) value = (value << 5n) | BigInt(ALPHABET.indexOf(character));
  return (value & ((1n << 128n) - 1n)).toString(16).padStart(32, "0");
}

/** The same exec has the same span whoever exports it, so that what comes twice is one. 16 hexadecimal digits; exec 0 is the run. */
export function spanIdOf(run: string, exec: number): string {
  return createHash("sha256")
    .update(`${run}/${String(exec)}`)
    .digest("hex")
    .slice(0, 16);
}

/** Nanoseconds since 1970, as the decimal string that 64-bit integers are in the JSON of protobuf. The fraction of `ms` holds microseconds. */
export function nanosOf(ms: number): string {
  return String(BigInt(Math.round(ms * 1000)) * 1000n);
}
