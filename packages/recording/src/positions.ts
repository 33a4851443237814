import type { Control } from "./controls.ts";

/** What a control function does to the place at which the next character stands, as far as it parts words from one another. */
export type Step =
  /** The next character follows the last one. */
  | "stay"
  /** Somewhere else in the same line. */
  | "along"
  /** One character back. */
  | "back"
  /** To the beginning of the line. */
  | "return"
  /** Into another line, or anywhere. */
  | "away";

const AWAY_FINALS = new Set("ABEFHJLMSTdefkru");
const ALONG_FINALS = new Set("CDGI`aZ");
const SCREENS = /^\?(?:.*;)?(?:47|1047|1049)(?:;|$)/;

export function stepOf(control: Exclude<Control, { kind: "string" }>): Step {
  switch (control.kind) {
    case "character":
      if (control.code === 0x0d) return "return";
      if (control.code === 0x08) return "back";
      // LF, VT, FF; IND, NEL, RI.
      return (control.code >= 0x0a && control.code <= 0x0c) || [0x84, 0x85, 0x8d].includes(control.code)
        ? "away"
        : "stay";
    case "escape":
      return "DEMc8".includes(control.text) ? "away" : "stay";
    case "csi":
      if (control.between !== "") return "stay";
      if (control.final === "h" || control.final === "l") return SCREENS.test(control.parameters) ? "away" : "stay";
      if (AWAY_FINALS.has(control.final)) return "away";
      return ALONG_FINALS.has(control.final) ? "along" : "stay";
  }
}

/** The column, from 0, to which a control function that moves leads from another. */
export function columnAfter(control: Exclude<Control, { kind: "string" }>, column: number): number {
  if (control.kind !== "csi") return 0;
  const { parameters, final } = control;
  const cut = parameters.indexOf(";");
  const first = Number(cut < 0 ? parameters : parameters.slice(0, cut)) || 1;
  switch (final) {
    case "C":
    case "a":
      return column + first;
    case "D":
      return Math.max(0, column - first);
    case "G":
    case "`":
      return first - 1;
    case "H":
    case "f":
      return cut < 0 ? 0 : (Number(parameters.slice(cut + 1)) || 1) - 1;
    case "A":
    case "B":
    case "d":
    case "e":
      return column;
    default:
      return 0;
  }
}
