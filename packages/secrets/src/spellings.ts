/** Shorter ones would be found everywhere. */
export const SHORTEST = 8;

/** The ways in which a value is written: as it is, and in base 64 wherever it begins in what was encoded. */
export function spellings(value: string): string[] {
  const bytes = Buffer.from(value, "utf8");
  const spelt = new Set([value]);
  for (let before = 0; before < 3; before++) {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    // Only characters of which each bit is the value's own; 6 bits each.
    const own = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    if (own.length < SHORTEST) continue;
    spelt.add(own);
    spelt.add(own.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return [...spelt];
}
