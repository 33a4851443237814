const DURATION_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_BYTES = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const;

export const DURATION_PATTERN = "^([0-9]+(ms|s|m|h|d))+$";
export const SIZE_PATTERN = "^[0-9]+(\\.[0-9]+)? ?(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$";

/** `2h`, `1h30m`, `500ms` in milliseconds; undefined when it is none, or is zero or beyond what a timer can wait (24 days). */
export function parseDuration(text: string): number | undefined {
  if (!new RegExp(DURATION_PATTERN).test(text)) return undefined;
  let total = 0;
  for (const [, number = "", unit = ""] of text.matchAll(/([0-9]+)(ms|s|m|h|d)/g)) {
    total += Number(number) * (Object.entries(DURATION_MS).find(([name]) => name === unit)?.[1] ?? NaN);
  }
  return total > 0 && total < 2 ** 31 ? total : undefined;
}

/** `512MB` (powers of ten) or `512MiB` (powers of two) in whole bytes; undefined when it is none or is zero. */
export function parseSize(text: string): number | undefined {
  if (!new RegExp(SIZE_PATTERN).test(text)) return undefined;
  const [, number = "", unit = ""] = /^([0-9.]+) ?([A-Za-z]+)$/.exec(text) ?? [];
  const bytes = Math.floor(Number(number) * (Object.entries(SIZE_BYTES).find(([name]) => name === unit)?.[1] ?? NaN));
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
