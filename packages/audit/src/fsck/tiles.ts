import { join } from "node:path";
import type { Checkpoint } from "../checkpoint.ts";
import { diskFiles, readIfThere } from "../files.ts";
import { sha256 } from "../key.ts";
import { createTreeHasher, equalBytes } from "../merkle.ts";
import { tileOf } from "../stored.ts";
import { diskSource } from "../source-disk.ts";
import { emptyTail, extendTail, type Tail } from "../tail.ts";
import { decodeBundle, decodeTile, partialTiles, tilePath, TILE_WIDTH } from "../tiles.ts";
import { findTile } from "../verify/source.ts";
import type { Finding } from "./finding.ts";

/** A tile of hashes that is not what the entries make it. */
export interface WrongTile {
  readonly finding: Finding;
  /** What it has to be; undefined when the entries themselves are not proven. */
  readonly bytes: Uint8Array | undefined;
}

export interface TilesCheck {
  readonly wrong: readonly WrongTile[];
  /** Bundles of entries that nothing can bring back. */
  readonly unproven: readonly Finding[];
}

const hasher = createTreeHasher(sha256);

/** Makes all tiles anew from the entries, and compares. They are believed when they hash to the signed root. */
export async function checkTiles(directory: string, { size, root }: Checkpoint): Promise<TilesCheck> {
  const source = diskSource(directory);
  const differing: { readonly path: string; readonly bytes: Uint8Array }[] = [];
  const unproven: Finding[] = [];
  let tail: Tail = emptyTail(hasher);
  for (let first = 0; first < size; first += TILE_WIDTH) {
    const name = tileOf(size, "entries", first / TILE_WIDTH);
    if (name === undefined) break;
    const found = await findTile(source, name);
    const entries = found ? decodeBundle(found.bytes, name.width) : [];
    if (entries.length < name.width)
      return { wrong: [], unproven: [brokenBundle(tilePath(name), found !== undefined)] };
    const extension = extendTail(hasher, tail, entries);
    ({ tail } = extension);
    for (const { path, bytes } of extension.files) {
      if (path.startsWith("tile/entries/") || path.includes(".p/")) continue;
      if (!isSame(readIfThere(diskFiles, join(directory, "log", path)), bytes)) differing.push({ path, bytes });
    }
    if (!(await hasLeaves(source, name.index, extension.leaves, size))) {
      const detail =
        "its entries are not those of their tile: run `bailiwick audit verify` to see which of them was changed";
      unproven.push({ kind: "damaged", path: `log/${tilePath(name)}`, detail, repairable: false });
    }
  }
  for (const { path, bytes } of edgeOf(tail, size)) {
    if (!isSame(readIfThere(diskFiles, join(directory, "log", path)), bytes)) differing.push({ path, bytes });
  }
  const isProven = equalBytes(tail.range.root(), root);
  const wrong = differing.map(({ path, bytes }) => wrongTile(directory, path, isProven ? bytes : undefined));
  // Where the entries are proven, it is the tile that is wrong.
  return { wrong, unproven: isProven ? [] : unproven };
}

/** The partial tiles of a tree. */
function edgeOf({ tiles }: Tail, size: number): { readonly path: string; readonly bytes: Uint8Array }[] {
  return partialTiles(size).flatMap((name) =>
    name.kind === "entries" ? [] : [{ path: tilePath(name), bytes: Buffer.concat(tiles[name.kind] ?? []) }],
  );
}

function isSame(found: Uint8Array | undefined, wanted: Uint8Array): boolean {
  return found !== undefined && equalBytes(found, wanted);
}

async function hasLeaves(
  source: ReturnType<typeof diskSource>,
  index: number,
  leaves: readonly Uint8Array[],
  size: number,
): Promise<boolean> {
  const name = tileOf(size, 0, index);
  const tile = name && (await findTile(source, name));
  const hashes = name && tile && decodeTile(tile.bytes, name.width);
  return hashes !== undefined && hashes.every((hash, place) => isSame(leaves[place], hash));
}

function wrongTile(directory: string, path: string, bytes: Uint8Array | undefined): WrongTile {
  const isThere = readIfThere(diskFiles, join(directory, "log", path)) !== undefined;
  const what = isThere ? "it is not what the entries make it" : "it is missing";
  const detail =
    bytes === undefined ? `${what}, and the entries are not proven either` : `${what}; it can be made anew from them`;
  const finding = {
    kind: isThere ? "damaged" : "missing",
    path: `log/${path}`,
    detail,
    repairable: bytes !== undefined,
  } as const;
  return { finding, bytes };
}

function brokenBundle(path: string, isThere: boolean): Finding {
  const detail = "entries are gone from here on; only a copy of the log has them";
  return { kind: isThere ? "damaged" : "missing", path: `log/${path}`, detail, repairable: false };
}
