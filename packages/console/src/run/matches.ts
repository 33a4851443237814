/** The rows that a filter lets through, as they come. */
import type { Row } from "./rows.ts";

export const SHOWN = {
  everything: () => true,
  refused: ({ decision }: Row) => decision === "refused",
  asked: ({ asked }: Row) => asked,
  allowed: ({ decision }: Row) => decision === "allowed",
  commands: ({ type }: Row) => type.startsWith("exec."),
  network: ({ type }: Row) => /^(host|connection|request|credential|leak)/.test(type),
  files: ({ type }: Row) => type === "files.changed" || type === "protection.renewed",
  models: ({ type }: Row) => type === "model.called" || type === "tool.called",
} as const satisfies Record<string, (row: Row) => boolean>;
export type Shown = keyof typeof SHOWN;

export function isShown(text: string | null): text is Shown {
  return text !== null && Object.hasOwn(SHOWN, text);
}

export interface Filter {
  readonly show: Shown;
  /** Words, all of which have to be in a row's line or reason. */
  readonly words: string;
}

/** Rows of a run that match, in the order of arrival. Looks at each row once, as many at a time as there is time for. */
export class Matches {
  readonly filter: Filter;
  readonly found: Row[] = [];
  readonly #words: readonly string[];
  #next = 0;

  constructor(filter: Filter) {
    this.filter = filter;
    this.#words = filter.words
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
  }

  /** @returns whether all rows have been looked at */
  look(rows: readonly Row[], most: number): boolean {
    const to = Math.min(rows.length, this.#next + most);
    for (; this.#next < to; this.#next++) {
      const row = rows[this.#next];
      if (row !== undefined && this.#matches(row)) this.found.push(row);
    }
    return this.#next === rows.length;
  }

  #matches(row: Row): boolean {
    if (!SHOWN[this.filter.show](row)) return false;
    if (this.#words.length === 0) return true;
    const text = `${row.line}\n${row.reason}`.toLowerCase();
    return this.#words.every((word) => text.includes(word));
  }
}
