import { escapeControls } from "@bailiwick/base";

/** Labels as the end of a run's line; "" when there are none. */
export function labelsText(labels: readonly string[] = []): string {
  return labels.length === 0 ? "" : `  ${labels.map(escapeControls).join(" ")}`;
}
