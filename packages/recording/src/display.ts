import { CONTROL, findStringEnd, readControl, type Control } from "./controls.ts";

/**
 * What a replay may do to a terminal: write, move, erase, colour, scroll, change screens and character sets. Everything else that a recorded
 * program wrote for the terminal of that time is left out: clipboard (OSC 52), titles, device controls (DCS), questions that a terminal answers by typing
 * (DSR, DA, ENQ, window reports), bracketed paste, mouse and keyboard modes, bells, and links but to web pages.
 */

const MOVES_AND_ERASES = new Set("@ABCDEFGHIJKLMPSTXZ`abdefr");
const PRIVATE_MODES = new Set(["6", "7", "25", "47", "1047", "1048", "1049", "2026"]);
const ESCAPES = /^(?:[78DEHM]|[()][0AB])$/;
const LARGEST = 9_999;
/** A link to a web page, or the end of one. */
const LINK = /^8;[\w:=.-]{0,100};(?:https?:\/\/[\x21-\x7e]{1,2000})?$/;

/** Makes a recorded stream harmless; what is cut between two chunks is held back. */
export class DisplayFilter {
  #held = "";

  push(text: string): string {
    return this.#filter(text, false);
  }

  /** What was held back, nothing of which can be whole any more. */
  finish(): string {
    return this.#filter("", true);
  }

  #filter(text: string, isLast: boolean): string {
    const all = this.#held + text;
    let shown = "";
    let at = 0;
    while (at < all.length) {
      CONTROL.lastIndex = at;
      const found = CONTROL.exec(all)?.index ?? all.length;
      shown += all.slice(at, found);
      at = found;
      if (at === all.length) break;
      const control = readControl(all, at, isLast);
      if (control === undefined) break;
      if (control.kind !== "string") {
        shown += harmless(control);
        at = control.end;
        continue;
      }
      const end = findStringEnd(all, control.end, control.opener, isLast);
      if (end === undefined) {
        // Of what is longer than any link only the beginning is kept, which says that it is a string.
        const rest = all.length - at > LONGEST_LINK ? all.slice(at, control.end) + all.slice(-1) : all.slice(at);
        this.#held = rest;
        return shown;
      }
      if (control.opener === "]") shown += link(all.slice(control.end, end.at));
      at = end.end;
    }
    this.#held = isLast ? "" : all.slice(at);
    return shown;
  }
}

const LONGEST_LINK = 4_096;

function link(content: string): string {
  return LINK.test(content) ? `\u001b]${content}\u001b\\` : "";
}

function harmless(control: Exclude<Control, { kind: "string" }>): string {
  switch (control.kind) {
    case "character":
      return character(control.code);
    case "escape":
      // A full reset resets more than what is shown.
      if (control.text === "c") return "\u001b[m\u001b[r\u001b[2J\u001b[H";
      return ESCAPES.test(control.text) ? `\u001b${control.text}` : "";
    case "csi":
      return sequence(control);
  }
}

function character(code: number): string {
  switch (code) {
    // BS, LF, CR, SO, SI
    case 0x08:
    case 0x0a:
    case 0x0d:
    case 0x0e:
    case 0x0f:
      return String.fromCharCode(code);
    // VT, FF and IND; NEL; RI
    case 0x0b:
    case 0x0c:
    case 0x84:
      return "\u001bD";
    case 0x85:
      return "\u001bE";
    case 0x8d:
      return "\u001bM";
    default:
      return "";
  }
}

function sequence({ parameters, between, final }: Extract<Control, { kind: "csi" }>): string {
  if (between !== "") return "";
  if (final === "h" || final === "l") return modes(parameters, final);
  if (final === "m") return /^[0-9;:]*$/.test(parameters) ? `\u001b[${parameters}m` : "";
  if ((final === "s" || final === "u") && parameters === "") return `\u001b[${final}`;
  if (!MOVES_AND_ERASES.has(final) || !/^[0-9;]*$/.test(parameters)) return "";
  const numbers = parameters.split(";").map((text) => (text === "" ? "" : String(Math.min(Number(text), LARGEST))));
  return `\u001b[${numbers.join(";")}${final}`;
}

function modes(parameters: string, final: "h" | "l"): string {
  if (parameters === "4") return `\u001b[4${final}`;
  if (!parameters.startsWith("?")) return "";
  const kept = parameters
    .slice(1)
    .split(";")
    .filter((mode) => PRIVATE_MODES.has(mode));
  return kept.length === 0 ? "" : `\u001b[?${kept.join(";")}${final}`;
}
