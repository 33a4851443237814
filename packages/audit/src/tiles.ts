/**
 * The files of a C2SP tlog-tiles log: where they are and what is in them. Browser-safe.
 * @see https://c2sp.org/tlog-tiles
 */
import { HASH_BYTES, CompactRange, hashPerfect, type TreeHasher } from "./merkle.ts";

/** Hashes in a full tile, and entries in a full bundle. */
export const TILE_WIDTH = 256;

/** The length of an entry is a uint16. */
export const MAX_ENTRY_BYTES = 65_535;

/** A level of hashes, or the entries themselves. */
export type TileKind = number | "entries";

/** One tile or bundle: its first `width` hashes or entries. */
export interface TileName {
  readonly kind: TileKind;
  readonly index: number;
  /** 1 to 256. */
  readonly width: number;
}

/** `tile/0/x001/234.p/5` */
export function tilePath({ kind, index, width }: TileName): string {
  const full = fullTilePath(kind, index);
  return width === TILE_WIDTH ? full : `${full}.p/${String(width)}`;
}

export function fullTilePath(kind: TileKind, index: number): string {
  let path = threeDigits(index);
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${threeDigits(rest)}/${path}`;
  }
  return `tile/${String(kind)}/${path}`;
}

function threeDigits(index: number): string {
  return String(index % 1000).padStart(3, "0");
}

/** The partial tiles of a tree of this size: they alone, with full tiles, are what its checkpoint covers. */
export function partialTiles(size: number): TileName[] {
  const names: TileName[] = [];
  for (let level = 0, hashes = size; hashes > 0; level++, hashes = Math.floor(hashes / TILE_WIDTH)) {
    const width = hashes % TILE_WIDTH;
    if (width === 0) continue;
    const index = Math.floor(hashes / TILE_WIDTH);
    names.push({ kind: level, index, width });
    if (level === 0) names.push({ kind: "entries", index, width });
  }
  return names;
}

/** Hashes of a tile; undefined when the file is too short for `width`. What follows them belongs to a later checkpoint. */
export function decodeTile(bytes: Uint8Array, width: number): Uint8Array[] | undefined {
  if (bytes.length < width * HASH_BYTES) return undefined;
  return Array.from({ length: width }, (_, index) => bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES));
}

/** At most `limit` entries of a bundle; fewer when the file ends or breaks off before. Never throws. */
export function decodeBundle(bytes: Uint8Array, limit: number): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; entries.length < limit && at + 2 <= bytes.length;) {
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    if (at + 2 + length > bytes.length) break;
    entries.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}

/** The right edge of a tree from its partial tiles. @param tiles hashes of the partial tile of each level; empty where there is none */
export function rangeOfTiles(
  hasher: TreeHasher,
  size: number,
  tiles: readonly (readonly Uint8Array[])[],
): CompactRange {
  const roots: Uint8Array[] = [];
  for (const tile of tiles.toReversed()) {
    let from = 0;
    for (let width = TILE_WIDTH / 2; width >= 1; width /= 2) {
      if ((tile.length & width) === 0) continue;
      roots.push(hashPerfect(hasher, tile.slice(from, from + width)));
      from += width;
    }
  }
  return new CompactRange(hasher, size, roots);
}
