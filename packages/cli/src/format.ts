import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Paints text, or leaves it alone: decided once per stream. */
export type Paint = (style: Style, text: string) => string;

/** Colours where `stream` is a terminal and neither `NO_COLOR` nor a dumb terminal says otherwise. */
export function paintFor(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): Paint {
  const wanted = environment["NO_COLOR"] === undefined || environment["NO_COLOR"] === "";
  const forced = (environment["FORCE_COLOR"] ?? "0") !== "0";
  const colors = wanted && (forced || (stream.isTTY && environment["TERM"] !== "dumb"));
  return colors ? (style, text) => styleText(style, text, { validateStream: false }) : plain;
}

export const plain: Paint = (_style, text) => text;

/** `12 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${milliseconds.toFixed(0)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${String(minutes)} min ${String(seconds % 60)} s`;
  return `${String(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
}

/** `812 B`, `1.2 kB`, `3.4 MB`: powers of 1000. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? value.toFixed(0) : value.toFixed(1)} ${units[unit] ?? ""}`;
}

/** `2026-11-24 03:45:16`, local time. */
export function formatTime(milliseconds: number): string {
  const at = new Date(milliseconds);
  const two = (part: number): string => String(part).padStart(2, "0");
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(two).join("-");
  return `${day} ${formatClock(milliseconds)}`;
}

/** `03:45:16`, local time. */
export function formatClock(milliseconds: number): string {
  const at = new Date(milliseconds);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** `1 command`, `3 commands`, `2 entries`. */
export function count(number: number, noun: string): string {
  const many = noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${String(number)} ${number === 1 ? noun : many}`;
}
