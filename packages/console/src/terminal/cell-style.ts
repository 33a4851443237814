import type { CSSProperties } from "react";

/** What a cell looks like, from the parameters of SGR that a screen gives. */
export function styleOf(sgr: string): CSSProperties {
  if (sgr === "") return {};
  const codes = sgr.split(";").map(Number);
  let [color, background]: (string | undefined)[] = [undefined, undefined];
  const has = new Set<number>();
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code !== 38 && code !== 48) {
      has.add(code);
      continue;
    }
    const isRgb = codes[at + 1] === 2;
    const found = isRgb ? `rgb(${codes.slice(at + 2, at + 5).join(" ")})` : colorOf(codes[at + 2] ?? 0);
    if (code === 38) color = found;
    else background = found;
    at += isRgb ? 4 : 2;
  }
  if (has.has(7)) [color, background] = [background ?? "var(--terminal)", color ?? "var(--terminal-text)"];
  const lines = [...(has.has(4) ? ["underline"] : []), ...(has.has(9) ? ["line-through"] : [])];
  return {
    ...(color !== undefined && { color }),
    ...(background !== undefined && { background }),
    ...(has.has(1) && { fontWeight: 700 }),
    ...(has.has(2) && { opacity: 0.8 }),
    ...(has.has(3) && { fontStyle: "italic" }),
    ...(has.has(8) && { visibility: "hidden" }),
    ...(lines.length > 0 && { textDecorationLine: lines.join(" ") }),
  };
}

/** Of xterm's 256: the first 16 are the page's, then a cube of six levels, then greys. */
function colorOf(index: number): string {
  if (index < 16) return `var(--terminal-${String(index)})`;
  if (index >= 232) return grey(8 + (index - 232) * 10);
  const level = (step: number): number => (step === 0 ? 0 : 55 + step * 40);
  const place = index - 16;
  return `rgb(${[Math.floor(place / 36), Math.floor(place / 6) % 6, place % 6].map(level).join(" ")})`;
}

function grey(level: number): string {
  return `rgb(${String(level)} ${String(level)} ${String(level)})`;
}
