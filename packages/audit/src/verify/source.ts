/** Where a record is read from: a directory, a web server, an archive. Browser-safe. */
import { fullTilePath, tilePath, TILE_WIDTH, type TileName } from "../tiles.ts";

export interface RecordSource {
  /** The bytes of a file of the record, by its path with slashes (`log/checkpoint`), or undefined when it is not there. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** The bytes of a file from one place to another, as far as it has them; undefined when it is not there. Absent where only whole files can be read. */
  readPart?(path: string, from: number, to: number): Promise<Uint8Array | undefined>;
  /** Names in a directory, none when it is not there. Absent where the place cannot list. */
  list?(path: string): Promise<readonly string[]>;
}

export interface FoundTile {
  readonly bytes: Uint8Array;
  /** What is there: its width differs from what was asked for when the log has grown since, or has lost something. */
  readonly width: number;
}

/**
 * A tile of the log as some checkpoint covers it. When the log has grown since, that partial tile may be gone; a wider one
 * begins with the same hashes or entries. When nothing is wide enough the widest is given: it shows how much is missing.
 * A log that grows meanwhile takes away what was just listed: only what is still the same when it is looked at again counts as missing.
 */
export async function findTile(source: RecordSource, name: TileName): Promise<FoundTile | undefined> {
  for (let before: string | undefined; ;) {
    const { found, listed } = await lookForTile(source, name);
    if ((found !== undefined && found.width >= name.width) || listed === before) return found;
    before = listed;
  }
}

async function lookForTile(
  source: RecordSource,
  name: TileName,
): Promise<{ readonly found: FoundTile | undefined; readonly listed: string }> {
  const exact = await source.read(`log/${tilePath(name)}`);
  if (exact !== undefined) return { found: { bytes: exact, width: name.width }, listed: "" };
  const full = fullTilePath(name.kind, name.index);
  if (name.width < TILE_WIDTH) {
    const bytes = await source.read(`log/${full}`);
    if (bytes !== undefined) return { found: { bytes, width: TILE_WIDTH }, listed: "" };
  }
  const names = (await source.list?.(`log/${full}.p`)) ?? [];
  const widths = names
    .filter((text) => /^[1-9][0-9]{0,2}$/.test(text))
    .map(Number)
    .sort((a, b) => a - b);
  const width = widths.find((candidate) => candidate >= name.width) ?? widths.at(-1);
  const bytes = width === undefined ? undefined : await source.read(`log/${full}.p/${String(width)}`);
  const found = width === undefined || bytes === undefined ? undefined : { bytes, width };
  return { found, listed: widths.join(" ") };
}
