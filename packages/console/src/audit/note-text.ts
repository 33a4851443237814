import { escapeControls } from "@bailiwick/base";
import type { Noted } from "./use-report.ts";

/** What the other columns say, and how it was decided, which is on the entry's own page. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  ...["type", "who", "by", "at", "resource", "scope", "policies", "action", "route"],
]);

/** What was done, in a line: the right or what changed, and what else the entry says. */
export function noteText({ type, note }: Noted): { readonly what: string; readonly rest: string } {
  const { action, route } = note;
  const what = typeof action === "string" ? `${action}${route === action ? "" : ` (${textOf(route)})`}` : type;
  const others = Object.entries(note).filter(([name]) => !ELSEWHERE.has(name));
  const rest = others.map(([name, value]) => `${name} ${textOf(value)}`).join(", ");
  return { what: escapeControls(what), rest: escapeControls(rest) };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function outcomeOf({ type }: Noted): "refused" | "used" | "changed" {
  if (type.endsWith(".refused")) return "refused";
  return type === "right.used" ? "used" : "changed";
}
