/** Where a record is read from: a directory, a web server, an archive. Browser-safe. */
import { fullTilePath, tilePath, TILE_WIDTH, type TileName } from "../tiles.ts";

export interface RecordSource {
  /** The bytes of a file of the record, by its path with slashes (`log/checkpoint`), or undefined when it is not there. */
  read(path: string): Promise<Uint8Array | undefined>;
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
 */
export async function findTile(source: RecordSource, name: TileName): Promise<FoundTile | undefined> {
  const exact = await source.read(`log/${tilePath(name)}`);
  if (exact !== undefined) return { bytes: exact, width: name.width };
  const full = fullTilePath(name.kind, name.index);
  if (name.width < TILE_WIDTH) {
    const bytes = await source.read(`log/${full}`);
    if (bytes !== undefined) return { bytes, width: TILE_WIDTH };
  }
  const names = (await source.list?.(`log/${full}.p`)) ?? [];
  const widths = names
    .filter((text) => /^[1-9][0-9]{0,2}$/.test(text))
    .map(Number)
    .sort((a, b) => a - b);
  const width = widths.find((candidate) => candidate >= name.width) ?? widths.at(-1);
  const bytes = width === undefined ? undefined : await source.read(`log/${full}.p/${String(width)}`);
  return width === undefined || bytes === undefined ? undefined : { bytes, width };
}
