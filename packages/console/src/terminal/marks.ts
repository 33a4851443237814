/** What happened, as marks on a line of time. */
import type { Row } from "../run/rows.ts";

/** In the order in which they matter when they are at one place. */
export const LANES = ["refused", "asked", "command", "connection", "files"] as const;
export type Lane = (typeof LANES)[number];

export interface Mark {
  readonly lane: Lane;
  /** 0 to {@link PLACES} - 1. */
  readonly place: number;
  /** The first there. */
  readonly row: Row;
  readonly count: number;
}

/** More would be less than a pixel or two apart. */
export const PLACES = 240;

export function laneOf({ type, decision, asked }: Row): Lane | undefined {
  if (decision === "refused") return "refused";
  if (asked) return "asked";
  if (type.startsWith("exec.")) return "command";
  if (/^(host|connection|request)\./.test(type)) return "connection";
  return type === "files.changed" || type === "protection.renewed" ? "files" : undefined;
}

/** @param from milliseconds since 1970 of the beginning @param duration in milliseconds */
export function marksOf(rows: readonly Row[], from: number, duration: number): readonly Mark[] {
  const found = new Map<string, { lane: Lane; place: number; row: Row; count: number }>();
  for (const row of rows) {
    const lane = laneOf(row);
    if (lane === undefined) continue;
    const place = placeOf(row.at - from, duration);
    const key = `${lane} ${String(place)}`;
    const mark = found.get(key);
    if (mark === undefined) found.set(key, { lane, place, row, count: 1 });
    else mark.count += 1;
  }
  return [...found.values()];
}

/** What was before the beginning or after the end is at it. */
function placeOf(at: number, duration: number): number {
  if (duration <= 0) return 0;
  return Math.max(0, Math.min(PLACES - 1, Math.floor((at / duration) * PLACES)));
}

/** The mark that matters most of those near a place: whoever points at one hits it by a hair. */
export function markNear(marks: readonly Mark[], place: number): Mark | undefined {
  const near = marks.filter((mark) => Math.abs(mark.place - place) <= 1);
  return near.toSorted((a, b) => rank(a, place) - rank(b, place))[0];
}

function rank({ lane, place }: Mark, wanted: number): number {
  return LANES.indexOf(lane) * 2 + Math.abs(place - wanted);
}

/** The last that happened by a time; rows are in the order of arrival, in which their times ascend but for a moment. */
export function rowAt(rows: readonly Row[], time: number): Row | undefined {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle]?.at ?? Infinity) <= time) low = middle + 1;
    else high = middle;
  }
  return rows[low - 1];
}
