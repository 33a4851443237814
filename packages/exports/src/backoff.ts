const FIRST_MS = 1000;
const LONGEST_MS = 5 * 60_000;
/** A receiver can ask for more patience than that, and does not get it. */
const LONGEST_ASKED_MS = 60 * 60_000;

/**
 * How long to wait before the next try: exponential with full jitter, so that many exporters whose receiver comes back do not come all
 * at once; never less than the receiver asked for.
 * @param failures in a row, from 1 @param random 0 to 1
 */
export function pauseAfter(failures: number, afterMs: number | undefined, random: number): number {
  const most = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 30), LONGEST_MS);
  const jittered = most / 4 + random * most * 0.75;
  return Math.round(Math.max(jittered, Math.min(afterMs ?? 0, LONGEST_ASKED_MS)));
}

/** `Retry-After` of RFC 9110, section 10.2.3: seconds, or a date. Undefined for what is neither. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = /^[A-Z][a-z]{2},? /.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
