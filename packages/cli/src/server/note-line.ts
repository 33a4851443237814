import { escapeControls } from "@bailiwick/base";
import { formatTime } from "../format.ts";

/** An entry of the server's own log: when, what, who, what it was about, and what else it says. */
export function noteLine({
  at,
  type,
  note,
}: {
  readonly at: number;
  readonly type: string;
  readonly note: Readonly<Record<string, unknown>>;
}): string {
  const { who, by, route, resource, scope, ...rest } = note;
  const parts = [
    type,
    idOf(who) ?? idOf(by) ?? "",
    typeof route === "string" ? route : "",
    placeOf(resource) ?? placeOf(scope) ?? "",
    ...Object.entries(rest).flatMap(([name, value]) => textOf(name, value)),
  ].filter((part) => part !== "");
  return escapeControls(`${formatTime(at)}  ${parts.join("  ")}`);
}

/** What says how it was decided is in the JSON. */
function textOf(name: string, value: unknown): string[] {
  if (name === "type" || name === "policies" || name === "action" || value === undefined || value === null) return [];
  return [`${name} ${typeof value === "string" ? value : JSON.stringify(value)}`];
}

function idOf(of: unknown): string | undefined {
  if (typeof of === "string") return of;
  return typeof of === "object" && of !== null && "id" in of && typeof of.id === "string" ? of.id : undefined;
}

function placeOf(of: unknown): string | undefined {
  const id = idOf(of);
  if (id === undefined || typeof of !== "object" || of === null || !("type" in of)) return undefined;
  return `on ${String(of.type)} ${id}`;
}
