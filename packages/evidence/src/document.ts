/** A report before it is HTML or PDF. Texts are plain, with what could disturb a reader's eye or terminal escaped already. */
export type Block =
  | { readonly kind: "title" | "heading" | "text"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | { readonly kind: "table"; readonly columns: readonly Column[]; readonly rows: readonly (readonly string[])[] };

export interface Column {
  readonly title: string;
  /** Its share of the width, beside those of the others. */
  readonly weight: number;
}

export const title = (text: string): Block => ({ kind: "title", text });
export const heading = (text: string): Block => ({ kind: "heading", text });
export const text = (value: string): Block => ({ kind: "text", text: value });
export const list = (items: readonly string[]): Block => ({ kind: "list", items });

/** @param columns titles with their weights */
export function table(columns: Readonly<Record<string, number>>, rows: readonly (readonly string[])[]): Block {
  return { kind: "table", columns: Object.entries(columns).map(([name, weight]) => ({ title: name, weight })), rows };
}

/** `2026-11-26 02:15:01`, UTC: an auditor's clock is not the host's. */
export function utc(milliseconds: number): string {
  const at = new Date(milliseconds);
  return Number.isNaN(at.getTime()) ? "unknown" : at.toISOString().slice(0, 19).replace("T", " ");
}
