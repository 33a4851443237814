import { parseDuration } from "@bailiwick/sandbox";
import { usage } from "../run/options.ts";

/** `90`, `12.5`, `1:30`, `1:02:03` or `1m30s` in milliseconds. @throws CliError CLI_USAGE */
export function parseTime(text: string): number {
  const [, hours = "0", minutes = "0", seconds = ""] =
    /^(?:(?:([0-9]{1,4}):)?([0-9]{1,6}):)?([0-9]{1,7}(?:\.[0-9]{1,3})?)$/.exec(text) ?? [];
  if (seconds !== "") return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  const duration = parseDuration(text);
  if (duration === undefined) throw usage(`\`--at\` is no time: \`${text}\``, "replay");
  return duration;
}

/** @throws CliError CLI_USAGE */
export function parseNumber(name: string, text: string, range: readonly [least: number, most: number]): number {
  const number = /^[0-9]{1,6}(\.[0-9]{1,3})?$/.test(text) ? Number(text) : NaN;
  if (number >= range[0] && number <= range[1]) return number;
  throw usage(`\`--${name}\` is a number from ${String(range[0])} to ${String(range[1])}, not \`${text}\``, "replay");
}

/** `0:07`, `1:02:03`. */
export function clockText(milliseconds: number): string {
  const total = Math.floor(Math.max(0, milliseconds) / 1000);
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (number: number): string => String(number).padStart(2, "0");
  return hours > 0 ? `${String(hours)}:${two(minutes)}:${two(seconds)}` : `${String(minutes)}:${two(seconds)}`;
}
