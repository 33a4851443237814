import { type Json, listOf, objectOf, textOf } from "./json.ts";
import type { ToolResult } from "./model-call.ts";

/** The text of content in the form of any API: a string, or a list of parts that have one. */
export function textsOf(content: unknown): string {
  if (typeof content === "string") return content;
  return listOf(content)
    .flatMap((part) => (typeof part === "string" ? part : (textOf(objectOf(part)["text"]) ?? [])))
    .join("\n");
}

/** Of the newest turn that has any. */
export function newestText(turns: readonly Json[], read: (turn: Json) => string): string {
  for (const turn of turns.toReversed()) {
    const text = read(turn);
    if (text !== "") return text;
  }
  return "";
}

/** Results of tools that come after the model's own newest turn. */
export function resultsAfter(
  turns: readonly Json[],
  isOwn: (turn: Json) => boolean,
  read: (turn: Json) => readonly ToolResult[],
): readonly ToolResult[] {
  return turns.slice(turns.findLastIndex(isOwn) + 1).flatMap(read);
}
