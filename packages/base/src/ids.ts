/** A run's name in every record: 26 characters of Crockford base 32, time first, so that they sort by start (ULID specification). */
export type RunId = string & { readonly brand: "RunId" };

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * Makes a run id from its start and 10 random bytes; both are arguments, so that the same inputs give the same id.
 * @param timeMs milliseconds since 1970, 0 .. 2^48 - 1
 */
export function makeRunId(timeMs: number, random: Uint8Array): RunId {
  if (random.length !== 10) throw new RangeError("a run id needs 10 random bytes");
  let value = BigInt(timeMs);
  for (const byte of random) value = (value << 8n) | BigInt(byte);
  let text = "";
  for (let index = 0; index < 26; index++) {
    text = (ALPHABET[Number(value & 31n)] ?? "") + text;
    value >>= 5n;
  }
  return text as RunId; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- made just above, in this form
}

/** The one parser of run ids. */
export function isRunId(text: string): text is RunId {
  return /^[0-9a-hjkmnp-tv-z]{26}$/.test(text);
}
