/**
 * asciicast v3: a header and events, each a line of JSON (https://docs.asciinema.org/manual/asciicast/v3/). The file is in UTF-8; intervals are
 * seconds since the event before. What is written here is `o` output, `r` a new size, `m` a mark and `x` the exit status; never `i` input.
 */
import { isJsonObject, parseJson } from "@bailiwick/base";

export interface CastHeader {
  readonly columns: number;
  readonly rows: number;
  /** Of the terminal, `xterm-256color`. */
  readonly terminal: string | undefined;
  /** Milliseconds since 1970; the header holds whole seconds. */
  readonly startedAt: number;
}

export type CastCode = "o" | "r" | "m" | "x";

/** `at`: milliseconds since the recording began. */
export interface CastEvent {
  readonly at: number;
  readonly code: CastCode;
  readonly data: string;
}

export function headerLine({ columns, rows, terminal, startedAt }: CastHeader): string {
  const term = { cols: columns, rows, ...(terminal !== undefined && { type: terminal }) };
  const timestamp = Math.floor(startedAt / 1000);
  return `${JSON.stringify({ version: 3, term, timestamp })}\n`;
}

/** Gives events their intervals, so that these add up to the times in whole milliseconds; a clock that goes back counts as none that goes. */
export class CastLines {
  #last = 0;

  line({ at, code, data }: CastEvent): string {
    const rounded = Math.max(this.#last, Math.round(at));
    const interval = rounded - this.#last;
    this.#last = rounded;
    return `[${String(interval / 1000)},"${code}",${JSON.stringify(data)}]\n`;
  }
}

/** Undefined when the first line is not the header of a version that is read here. */
export function parseHeader(line: string): CastHeader | undefined {
  const header = parseJson(line);
  if (!isJsonObject(header) || header["version"] !== 3 || !isJsonObject(header["term"])) return undefined;
  const { cols, rows, type } = header["term"];
  if (!isSize(cols) || !isSize(rows)) return undefined;
  const { timestamp } = header;
  return {
    columns: cols,
    rows,
    terminal: typeof type === "string" ? type : undefined,
    startedAt: typeof timestamp === "number" ? timestamp * 1000 : 0,
  };
}

/** The interval is in milliseconds. Undefined: a comment, an event of a kind that is not written here, or a line that was cut off. */
export function parseEvent(
  line: string,
): { readonly interval: number; readonly code: CastCode; readonly data: string } | undefined {
  const event = line.startsWith("[") ? parseJson(line) : undefined;
  if (!Array.isArray(event)) return undefined;
  const [interval, code, data] = event as readonly unknown[];
  if (typeof interval !== "number" || !(interval >= 0) || typeof data !== "string") return undefined;
  if (code !== "o" && code !== "r" && code !== "m" && code !== "x") return undefined;
  return { interval: interval * 1000, code, data };
}

/** `100x50`: columns and rows. */
export function parseSize(data: string): { readonly columns: number; readonly rows: number } | undefined {
  const [, columns, rows] = /^([0-9]{1,4})x([0-9]{1,4})$/.exec(data) ?? [];
  const size = { columns: Number(columns), rows: Number(rows) };
  return isSize(size.columns) && isSize(size.rows) ? size : undefined;
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value < 10_000;
}
