/** Reading tiles of a tree of a known size. Browser-safe. */
import type { TreeHasher } from "./merkle.ts";
import type { StoredTree } from "./proof.ts";
import { decodeTile, TILE_WIDTH, type TileKind, type TileName } from "./tiles.ts";

/** The tile that a tree of `size` leaves has at this place; undefined when it has none. */
export function tileOf(size: number, kind: TileKind, index: number): TileName | undefined {
  const level = kind === "entries" ? 0 : kind;
  const width = Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH);
  return width > 0 ? { kind, index, width } : undefined;
}

/** Thrown by a {@link StoredTree} whose tile is missing or cut short. */
export class MissingTile extends Error {
  override readonly name = "MissingTile";
  readonly tile: TileName | undefined;
  constructor(tile: TileName | undefined) {
    super("a tile is missing or cut short");
    this.tile = tile;
  }
}

/** A tree as it is stored; what it reads is not checked against any root. */
export function storedTree(
  hasher: TreeHasher,
  size: number,
  read: (name: TileName) => Promise<Uint8Array | undefined>,
): StoredTree {
  return {
    hasher,
    async read(level, from, to) {
      const index = Math.floor(from / TILE_WIDTH);
      const name = tileOf(size, level, index);
      const bytes = name && (await read(name));
      const hashes = bytes && decodeTile(bytes, name.width);
      const wanted = hashes?.slice(from - index * TILE_WIDTH, to - index * TILE_WIDTH);
      if (wanted?.length !== to - from) throw new MissingTile(name);
      return wanted;
    },
  };
}
