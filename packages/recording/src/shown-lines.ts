import { parseSize } from "./asciicast.ts";
import type { CastFile } from "./cast-file.ts";
import { Screen } from "./screen.ts";

/** A line of text that was to be seen, when it was first seen there. */
export interface ShownLine {
  /** Milliseconds since the recording began. */
  readonly at: number;
  /** Without what is blank around it; one that the terminal wrapped is one line. */
  readonly text: string;
}

/** What stood still for so long was to be read. */
const STILL_MS = 1_000;
/** So much is written before it is looked at again: no more lines than fit above the screen. */
const STEP_CHARACTERS = 16 * 1024;
const SCROLLBACK = STEP_CHARACTERS + 1;
/** Of one recording: what is behind it is not read. */
const MOST_CHARACTERS = 64 << 20;
const MOST_LINES = 100_000;

/** The lines that a recording shows, each text once. Of a program that draws one screen after the other, screens that stood for a second. */
export async function* shownLines(file: CastFile): AsyncGenerator<ShownLine> {
  const screen = new Screen({ ...file.header, scrollback: SCROLLBACK });
  const seen = new Set<string>();
  let text = "";
  let characters = 0;
  let last = 0;
  async function* look(): AsyncGenerator<ShownLine> {
    await screen.write(text);
    text = "";
    for (const line of screen.takeLines()) {
      if (!/[\p{L}\p{N}]/u.test(line) || seen.has(line)) continue;
      seen.add(line);
      yield { at: last, text: line };
    }
  }
  try {
    for await (const { at, code, data } of file.events(0, file.length)) {
      const size = code === "r" ? parseSize(data) : undefined;
      if (text !== "" && (at - last >= STILL_MS || size !== undefined)) yield* look();
      if (size !== undefined) screen.resize(size.columns, size.rows);
      last = at;
      if (code !== "o") continue;
      characters += data.length;
      for (let from = 0; from < data.length; from += STEP_CHARACTERS) {
        text += data.slice(from, from + STEP_CHARACTERS);
        if (text.length >= STEP_CHARACTERS) yield* look();
      }
      if (characters > MOST_CHARACTERS || seen.size > MOST_LINES) break;
    }
    yield* look();
  } finally {
    screen.dispose();
  }
}
