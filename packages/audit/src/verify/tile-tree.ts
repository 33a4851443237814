/** The tiles of a log, each checked against the signed root from above. Browser-safe. */
import type { Checkpoint } from "../checkpoint.ts";
import { equalBytes, hashPerfect, type TreeHasher } from "../merkle.ts";
import type { StoredTree } from "../proof.ts";
import { MissingTile, tileOf } from "../stored.ts";
import { decodeTile, partialTiles, rangeOfTiles, tilePath, TILE_WIDTH, type TileName } from "../tiles.ts";
import type { Problems } from "./problems.ts";
import { findTile, type RecordSource } from "./source.ts";

export interface CheckedTile {
  /** Fewer than its width when the file is cut short. */
  readonly hashes: readonly Uint8Array[];
  /** True when the signed root commits to exactly these. */
  readonly proven: boolean;
}

const CACHED_TILES = 64;

export class TileTree {
  readonly #hasher: TreeHasher;
  readonly #source: RecordSource;
  readonly #checkpoint: Checkpoint;
  readonly #problems: Problems;
  readonly #cache = new Map<string, CheckedTile>();
  #edgeProven = false;

  constructor(hasher: TreeHasher, source: RecordSource, checkpoint: Checkpoint, problems: Problems) {
    this.#hasher = hasher;
    this.#source = source;
    this.#checkpoint = checkpoint;
    this.#problems = problems;
  }

  /** Checks the right edge against the root: all other tiles hang from it. */
  async open(): Promise<void> {
    const tiles: (readonly Uint8Array[])[] = [];
    for (let rest = this.#checkpoint.size; rest > 0; rest = Math.floor(rest / TILE_WIDTH)) tiles.push([]);
    for (const name of partialTiles(this.#checkpoint.size)) {
      if (name.kind === "entries") continue;
      const hashes = await this.#read(name);
      if (hashes?.length !== name.width) {
        this.#problems.add({
          kind: "truncation",
          index: firstLeaf(name),
          detail: `${tilePath(name)} is missing or cut short`,
        });
        return;
      }
      tiles[name.kind] = hashes;
    }
    const root = rangeOfTiles(this.#hasher, this.#checkpoint.size, tiles).root();
    this.#edgeProven = equalBytes(root, this.#checkpoint.root);
    if (!this.#edgeProven) {
      this.#problems.add({
        kind: "signature",
        detail: "the tiles at the end of the log do not hash to the signed root",
      });
    }
  }

  /** A tile of this checkpoint's tree, or undefined when nothing of it is there. Problems are noted once for each tile. */
  async tile(level: number, index: number): Promise<CheckedTile | undefined> {
    const name = tileOf(this.#checkpoint.size, level, index);
    if (name === undefined) return undefined;
    const path = tilePath(name);
    const known = this.#cache.get(path);
    if (known !== undefined) return known;
    const hashes = await this.#read(name);
    if (hashes === undefined) return undefined;
    const checked = { hashes, proven: await this.#isProven(name, hashes) };
    if (this.#cache.size >= CACHED_TILES)
      for (const oldest of [...this.#cache.keys()].slice(0, CACHED_TILES / 2)) this.#cache.delete(oldest);
    this.#cache.set(path, checked);
    return checked;
  }

  /** Whether the signed root commits to a full tile that has this root, whoever read it. Notes nothing about that tile itself. */
  async commitsTo(level: number, index: number, root: Uint8Array): Promise<boolean> {
    const above = await this.tile(level + 1, Math.floor(index / TILE_WIDTH));
    const expected = above?.proven === true ? above.hashes[index % TILE_WIDTH] : undefined;
    return expected !== undefined && equalBytes(root, expected);
  }

  /** The tree for proofs and earlier roots; gives proven hashes only. */
  get proven(): StoredTree {
    return {
      hasher: this.#hasher,
      read: async (level, from, to) => {
        const index = Math.floor(from / TILE_WIDTH);
        const tile = await this.tile(level, index);
        const wanted = tile?.hashes.slice(from - index * TILE_WIDTH, to - index * TILE_WIDTH);
        if (tile?.proven !== true || wanted?.length !== to - from) {
          throw new MissingTile(tileOf(this.#checkpoint.size, level, index));
        }
        return wanted;
      },
    };
  }

  /** INVARIANT(unproven-is-reported): wherever this is false, a problem has been noted. */
  async #isProven(name: TileName, hashes: readonly Uint8Array[]): Promise<boolean> {
    if (typeof name.kind !== "number") throw new TypeError("only tiles of hashes are proven");
    const report = (kind: "edit" | "deletion", what: string): false => {
      this.#problems.add({ kind, index: firstLeaf(name), detail: `${tilePath(name)} ${what}` });
      return false;
    };
    if (hashes.length < name.width) return report("deletion", "is cut short");
    if (name.width < TILE_WIDTH) return this.#edgeProven;
    const above = await this.tile(name.kind + 1, Math.floor(name.index / TILE_WIDTH));
    if (above === undefined) return report("deletion", "cannot be proven: the tile above it is missing");
    const expected = above.hashes[name.index % TILE_WIDTH];
    if (!above.proven || expected === undefined) return false;
    if (equalBytes(hashPerfect(this.#hasher, hashes), expected)) return true;
    return report("edit", "is not what the signed tree commits to");
  }

  async #read(name: TileName): Promise<Uint8Array[] | undefined> {
    const found = await findTile(this.#source, name);
    if (found === undefined) return undefined;
    const width = Math.min(name.width, Math.floor(found.bytes.length / 32));
    return decodeTile(found.bytes, width);
  }
}

function firstLeaf({ kind, index }: TileName): number {
  return index * TILE_WIDTH ** (typeof kind === "number" ? kind + 1 : 1);
}
