/** A stretch of time, as far as it was said; milliseconds since 1970, both ends included. */
export interface Moment {
  readonly from: number;
  readonly to: number;
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z)?)?$/;

/**
 * `30m`, `2h`, `3d`, `1w` ago; `today`, `yesterday`; a day or a time of ISO 8601 in the local time zone, or a time in UTC that ends in `Z`.
 * @returns undefined for what is no time
 */
export function parseMoment(text: string, now: number): Moment | undefined {
  const [, amount, unit = ""] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  if (amount !== undefined) return point(now - Number(amount) * (UNITS[unit] ?? 0));
  if (text === "today") return dayOf(now, 0);
  if (text === "yesterday") return dayOf(now, -1);
  return parseIso(text);
}

function parseIso(text: string): Moment | undefined {
  const parts = ISO.exec(text);
  if (parts === null) return undefined;
  const [year = 0, month = 0, day = 0, hour, minute = 0, second, fraction] = parts
    .slice(1, 8)
    .map((part) => (part === undefined ? undefined : Number(part)));
  const milliseconds = Math.floor((fraction ?? 0) * 1000);
  const fields = [year, month - 1, day, hour ?? 0, minute, second ?? 0, milliseconds] as const;
  const utc = new Date(Date.UTC(...fields));
  const isDay = utc.getUTCMonth() === month - 1 && utc.getUTCDate() === day;
  if (!isDay || (hour ?? 0) > 23 || minute > 59 || (second ?? 0) > 59) return undefined;
  const from = parts[8] === "Z" ? utc.getTime() : new Date(...fields).getTime();
  if (hour === undefined) return dayOf(from, 0);
  if (fraction !== undefined) return point(from);
  return { from, to: from + (second === undefined ? 60_000 : 1_000) - 1 };
}

function dayOf(at: number, days: number): Moment {
  const date = new Date(at);
  const start = (offset: number): number =>
    new Date(date.getFullYear(), date.getMonth(), date.getDate() + offset).getTime();
  return { from: start(days), to: start(days + 1) - 1 };
}

function point(at: number): Moment {
  return { from: at, to: at };
}
