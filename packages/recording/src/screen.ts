import serialize from "@xterm/addon-serialize";
import headless, { type IBufferCell, type Terminal } from "@xterm/headless";
import { DisplayFilter } from "./display.ts";

/** What a cell looks like; colours as SGR has them. */
export interface Look {
  /** Parameters of SGR; "" for plain. */
  readonly sgr: string;
}

/** Neighbouring cells of one look. */
export interface Run extends Look {
  readonly text: string;
  /** In cells. */
  readonly width: number;
}

/** Where a screen stood at some time. */
export interface Snapshot {
  readonly columns: number;
  readonly rows: number;
  readonly content: string;
}

/** The picture that a recorded stream makes, without any terminal. It takes nothing but what {@link DisplayFilter} lets through. */
export class Screen {
  readonly #terminal: Terminal;
  readonly #serialize: InstanceType<(typeof serialize)["SerializeAddon"]>;
  #filter = new DisplayFilter();

  /** @param scrollback lines that are kept above the screen */
  constructor({
    columns,
    rows,
    scrollback = 0,
  }: {
    readonly columns: number;
    readonly rows: number;
    readonly scrollback?: number;
  }) {
    this.#terminal = new headless.Terminal({
      cols: columns,
      rows,
      scrollback,
      allowProposedApi: true,
      logLevel: "off",
    });
    this.#serialize = new serialize.SerializeAddon();
    this.#terminal.loadAddon(this.#serialize);
  }

  get columns(): number {
    return this.#terminal.cols;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  /** Row and column from 0; undefined: it is not to be seen. */
  get cursor(): { readonly row: number; readonly column: number } {
    const { cursorX, cursorY } = this.#terminal.buffer.active;
    return { row: cursorY, column: cursorX };
  }

  async write(text: string): Promise<void> {
    const shown = this.#filter.push(text);
    if (shown === "") return;
    await new Promise<void>((resolve) => {
      this.#terminal.write(shown, resolve);
    });
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(Math.max(2, columns), Math.max(1, rows));
  }

  /** The texts of all lines from the oldest that is kept above the screen, also of a screen that another covers; those above are gone then. */
  takeLines(): string[] {
    const { active, normal } = this.#terminal.buffer;
    const lines: string[] = [];
    for (const buffer of active.type === "normal" ? [active] : [normal, active]) {
      for (let row = 0; row < buffer.length; row++) {
        const line = buffer.getLine(row);
        const text = line?.translateToString(true) ?? "";
        if (line?.isWrapped === true) lines.push((lines.pop() ?? "") + text);
        else lines.push(text);
      }
    }
    if (active.type === "normal") this.#terminal.write("\u001b[3J");
    return lines.map((text) => text.trim());
  }

  /** A line as runs of equal look; blank cells at its end are left out. */
  line(row: number): Run[] {
    const { active } = this.#terminal.buffer;
    const line = active.getLine(active.baseY + row);
    const runs: { text: string; width: number; sgr: string }[] = [];
    let cell: IBufferCell | undefined;
    for (let column = 0; line !== undefined && column < line.length; column++) {
      cell = line.getCell(column, cell);
      if (cell === undefined || cell.getWidth() === 0) continue;
      const text = printable(cell.getChars());
      const sgr = sgrOf(cell);
      const last = runs.at(-1);
      if (last?.sgr === sgr) {
        last.text += text;
        last.width += cell.getWidth();
      } else runs.push({ text, width: cell.getWidth(), sgr });
    }
    const last = runs.at(-1);
    if (last?.sgr === "") {
      const text = last.text.trimEnd();
      last.width -= last.text.length - text.length;
      last.text = text;
    }
    return runs;
  }

  snapshot(): Snapshot {
    return { columns: this.columns, rows: this.rows, content: this.#serialize.serialize({ scrollback: 0 }) };
  }

  async restore({ columns, rows, content }: Snapshot): Promise<void> {
    this.#terminal.reset();
    this.#filter = new DisplayFilter();
    this.resize(columns, rows);
    await this.write(content);
  }

  dispose(): void {
    this.#terminal.dispose();
  }
}

/** What reorders text could make a line say something else than was there. */
function printable(text: string): string {
  return text === ""
    ? " "
    : text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

function sgrOf(cell: IBufferCell): string {
  if (cell.isAttributeDefault()) return "";
  const parts: (number | string)[] = [];
  if (cell.isBold() !== 0) parts.push(1);
  if (cell.isDim() !== 0) parts.push(2);
  if (cell.isItalic() !== 0) parts.push(3);
  if (cell.isUnderline() !== 0) parts.push(4);
  if (cell.isInverse() !== 0) parts.push(7);
  if (cell.isInvisible() !== 0) parts.push(8);
  if (cell.isStrikethrough() !== 0) parts.push(9);
  if (cell.isFgRGB()) parts.push(`38;2;${rgb(cell.getFgColor())}`);
  else if (cell.isFgPalette()) parts.push(`38;5;${String(cell.getFgColor())}`);
  if (cell.isBgRGB()) parts.push(`48;2;${rgb(cell.getBgColor())}`);
  else if (cell.isBgPalette()) parts.push(`48;5;${String(cell.getBgColor())}`);
  return parts.join(";");
}

function rgb(color: number): string {
  return [color >> 16, (color >> 8) & 0xff, color & 0xff].join(";");
}
