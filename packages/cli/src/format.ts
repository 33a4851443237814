import { styleText } from "node:util";

export { count, formatBytes, formatDuration } from "@bailiwick/base";

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
