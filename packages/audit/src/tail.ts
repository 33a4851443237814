import { CompactRange, equalBytes, type TreeHasher } from "./merkle.ts";
import { decodeBundle, decodeTile, partialTiles, rangeOfTiles, tilePath, TILE_WIDTH, type TileName } from "./tiles.ts";

/**
 * The right edge of a log, all that a writer needs to go on: what lies in full tiles is never read again.
 * A tail is a value; a failed commit leaves the one before it untouched.
 */
export interface Tail {
  readonly range: CompactRange;
  /** Hashes of the partial tile of each level, from level 0. */
  readonly tiles: readonly (readonly Uint8Array[])[];
  /** The partial entry bundle, as in its file. */
  readonly bundle: Uint8Array;
}

export interface Extension {
  readonly tail: Tail;
  readonly leaves: readonly Uint8Array[];
  /** Paths within the log. INVARIANT(covered-files): none of them is a file that the checkpoint before covers. */
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[];
}

export function emptyTail(hasher: TreeHasher): Tail {
  return { range: new CompactRange(hasher), tiles: [], bundle: new Uint8Array(0) };
}

/** What must be written to add these entries. @param entries each with at most MAX_ENTRY_BYTES bytes */
export function extendTail(hasher: TreeHasher, tail: Tail, entries: readonly Uint8Array[]): Extension {
  const range = tail.range.clone();
  const tiles = tail.tiles.map((tile) => [...tile]);
  const files: { path: string; bytes: Uint8Array }[] = [];
  const leaves: Uint8Array[] = [];
  const changed = new Set<number>();
  let bundle: Uint8Array[] = [tail.bundle];
  for (const entry of entries) {
    const index = range.size;
    const leaf = hasher.leaf(entry);
    leaves.push(leaf);
    bundle.push(lengthOf(entry), entry);
    range.append(leaf, (height, hash) => {
      if (height % 8 !== 0) return;
      const level = height / 8;
      const tile = (tiles[level] ??= []);
      // A copy: a digest lies in one of Node's pools of 64 KiB, which it would keep as long as it waits for its tile to be full.
      tile.push(Uint8Array.from(hash));
      changed.add(level);
      if (tile.length < TILE_WIDTH) return;
      files.push(fileOf({ kind: level, index: tileIndex(index, level), width: TILE_WIDTH }, tile));
      tiles[level] = [];
    });
    if (range.size % TILE_WIDTH === 0) {
      files.push(fileOf({ kind: "entries", index: tileIndex(index, 0), width: TILE_WIDTH }, bundle));
      bundle = [];
    }
  }
  const rest = Buffer.concat(bundle);
  for (const name of partialTiles(range.size)) {
    if (name.kind === "entries") files.push({ path: tilePath(name), bytes: rest });
    else if (changed.has(name.kind)) files.push(fileOf(name, tiles[name.kind] ?? []));
  }
  return { tail: { range, tiles, bundle: rest }, leaves, files };
}

/** Partial tiles of the older size that the newer one no longer needs, and those whose tile is now full. */
export function supersededBy(older: number, newer: number): { partial: TileName[]; filled: TileName[] } {
  const kept = new Set(partialTiles(newer).map(tilePath));
  const partial: TileName[] = [];
  const filled: TileName[] = [];
  for (const name of partialTiles(older)) {
    const level = name.kind === "entries" ? 0 : name.kind;
    if (tileIndex(newer, level) > name.index) filled.push(name);
    else if (!kept.has(tilePath(name))) partial.push(name);
  }
  return { partial, filled };
}

/**
 * Reads the right edge back, trusting nothing but the root: every hash and every entry of it is checked against it.
 * @param read gives the file of a tile, or undefined
 * @returns what does not fit instead of a tail, when something does not
 */
export function readTail(
  hasher: TreeHasher,
  head: { readonly size: number; readonly root: Uint8Array },
  read: (path: string) => Uint8Array | undefined,
): Tail | { readonly damaged: string } {
  const tiles: Uint8Array[][] = [];
  let bundle: Uint8Array = new Uint8Array(0);
  for (let rest = head.size; rest > 0; rest = Math.floor(rest / TILE_WIDTH)) tiles.push([]);
  for (const name of partialTiles(head.size)) {
    const bytes = read(tilePath(name));
    if (bytes === undefined) return { damaged: `${tilePath(name)} is missing` };
    if (name.kind === "entries") {
      bundle = bytes;
      continue;
    }
    const hashes = decodeTile(bytes, name.width);
    if (hashes === undefined) return { damaged: `${tilePath(name)} is cut short` };
    tiles[name.kind] = hashes;
  }
  const range = rangeOfTiles(hasher, head.size, tiles);
  if (!equalBytes(range.root(), head.root)) return { damaged: "the tiles do not hash to the signed root" };
  const leaves = tiles[0] ?? [];
  const entries = decodeBundle(bundle, TILE_WIDTH);
  const used = entries.reduce((sum, entry) => sum + 2 + entry.length, 0);
  const matches = leaves.every((leaf, index) => {
    const entry = entries[index];
    return entry !== undefined && equalBytes(hasher.leaf(entry), leaf);
  });
  if (!matches || entries.length !== leaves.length || used !== bundle.length) {
    return { damaged: "the last entries are not those of their tile" };
  }
  return { range, tiles, bundle };
}

function tileIndex(hashIndexBelow: number, level: number): number {
  return Math.floor(hashIndexBelow / TILE_WIDTH ** (level + 1));
}

function fileOf(name: TileName, parts: readonly Uint8Array[]): { path: string; bytes: Uint8Array } {
  return { path: tilePath(name), bytes: Buffer.concat(parts) };
}

function lengthOf(entry: Uint8Array): Uint8Array {
  return Uint8Array.of(entry.length >> 8, entry.length & 0xff);
}
