import { CliError } from "../errors.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/**
 * Seconds of `30m`, `8h`, `7d`.
 * @throws CliError CLI_USAGE for what is none, or not from `least` to `most` seconds
 */
export function readDuration(
  text: string,
  { least, most, said }: { readonly least: number; readonly most: number; readonly said: string },
): number {
  const [, count = "", unit = ""] = /^([0-9]{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (UNITS[unit] ?? 0);
  if (seconds >= least && seconds <= most) return seconds;
  throw new CliError("CLI_USAGE", `\`${text}\` is no time from ${said}`, { remedy: "for example `--for 4h`" });
}
