/** What is in an archive that was opened. */

/** By path. */
export type Files = ReadonlyMap<string, Uint8Array>;
/** Told of what is wrong with a file. */
export type Note = (path: string, detail: string) => void;

/** Of which record a file is, `hosts/HOST/` where there are several, and its path there. */
export function placed(path: string): { readonly place: string; readonly name: string } {
  const [place = ""] = /^hosts\/[^/]+\//.exec(path) ?? [];
  return { place, name: path.slice(place.length) };
}

interface Line {
  readonly index: unknown;
  readonly event: unknown;
}

/** Of a file of events, one after the other; undefined for a line that is none. */
export function* linesOf(bytes: Uint8Array): Generator<Line | undefined> {
  for (const line of Buffer.from(bytes).toString("utf8").split("\n").slice(0, -1)) yield parseLine(line);
}

function parseLine(line: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "index" in value && "event" in value ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
