import { styleText } from "node:util";
import type { Moment } from "./timeline.ts";

/** A part of a line of the picture: text of one look. `sgr`: parameters of SGR. */
export interface Part {
  readonly text: string;
  readonly width: number;
  readonly sgr: string;
}

/** What is drawn: the picture, and beside or below it what happened. */
export interface PageParts {
  readonly columns: number;
  readonly rows: number;
  readonly picture: { readonly columns: number; readonly rows: number; line(row: number): readonly Part[] };
  /** Row of the cursor: of a picture that is too high, the part around it is shown. */
  readonly cursorRow: number;
  readonly moments: readonly Moment[];
  readonly time: number;
  readonly status: string;
}

/** A column narrower than this says nothing. */
const LEAST_BESIDE = 36;
const LEAST_BELOW = 5;
/** What has just happened is told apart from what is over. */
const FRESH_MS = 1_500;

/** The lines of a page, each as wide as the terminal at most. */
export function drawPage(parts: PageParts): string[] {
  const { columns, rows, picture, status } = parts;
  const height = rows - 1;
  const isBeside = columns - picture.columns - 3 >= LEAST_BESIDE;
  const pictureRows = Math.min(picture.rows, isBeside ? height : Math.max(1, height - LEAST_BELOW - 1));
  const first = Math.max(0, Math.min(parts.cursorRow - pictureRows + 1, picture.rows - pictureRows));
  const width = Math.min(picture.columns, columns);
  const shown = Array.from({ length: pictureRows }, (_, row) => pictureLine(picture.line(first + row), width));
  const bar = styleText("inverse", fit(` ${status}`, columns).padEnd(columns), { validateStream: false });
  if (isBeside) {
    const side = momentLines(parts, columns - width - 3, height);
    const lines = Array.from({ length: height }, (_, row) => {
      const { text = "", width: used = 0 } = shown[row] ?? {};
      return `${text}${" ".repeat(width - used)} ${dim("│")} ${side[row] ?? ""}`;
    });
    return [...lines, bar];
  }
  const below = momentLines(parts, columns, height - pictureRows - 1);
  return [...shown.map(({ text }) => text), dim("─".repeat(columns)), ...below, bar];
}

function pictureLine(parts: readonly Part[], width: number): { readonly text: string; readonly width: number } {
  let text = "";
  let used = 0;
  for (const part of parts) {
    const room = width - used;
    if (room <= 0) break;
    // Where cells are wider than one column, a part is cut between characters.
    const shown = part.width <= room ? part : { text: fitCells(part, room), width: room };
    text += part.sgr === "" ? shown.text : `\u001b[${part.sgr}m${shown.text}\u001b[m`;
    used += shown.width;
  }
  return { text, width: used };
}

/** What fits of a part in which every character has the same width, or blanks where one is cut. */
function fitCells({ text, width }: Part, room: number): string {
  const characters = [...text];
  return width === characters.length ? characters.slice(0, room).join("") : " ".repeat(room);
}

/** The last that happened, at the bottom. */
function momentLines({ moments, time }: PageParts, width: number, height: number): string[] {
  const past = moments.filter(({ at }) => at <= time).slice(-Math.max(0, height));
  const lines = past.map(({ at, text, isRefusal }) => {
    const line = fit(text, width);
    if (isRefusal) return styleText(time - at < FRESH_MS ? ["red", "bold"] : "red", line, { validateStream: false });
    return time - at < FRESH_MS ? line : dim(line);
  });
  return [...lines, ...Array.from({ length: Math.max(0, height - lines.length) }, () => "")];
}

function fit(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join("")}…`;
}

function dim(text: string): string {
  return styleText("dim", text, { validateStream: false });
}
