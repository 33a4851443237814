/** Tiles of hosts' records, made from their entries when something is to be proven. Full ones above the lowest level are kept: they never change. */
import { sql } from "kysely";
import type { Holding, TileName } from "../arrivals/batch.ts";
import type { Database } from "../store/tables.ts";

interface Keeping {
  readonly db: Database;
  readonly holding: Holding;
  /** Told of a tile that could not be kept: it is made again the next time. */
  readonly onUnkept: (error: unknown) => void;
}

/** @param host its number */
export function hostTiles(keeping: Keeping, host: number): (name: TileName) => Promise<Uint8Array | undefined> {
  const tiles = new HostTiles(keeping, host);
  return async ({ kind, index, width }) => (kind === "entries" ? undefined : await tiles.tile(kind, index, width));
}

class HostTiles {
  readonly #keeping: Keeping;
  readonly #host: number;

  constructor(keeping: Keeping, host: number) {
    this.#keeping = keeping;
    this.#host = host;
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array | undefined> {
    const { TILE_WIDTH } = this.#keeping.holding;
    if (level === 0) return (await this.#leaves(index * TILE_WIDTH, width)).get(index);
    const kept = width === TILE_WIDTH ? await this.#kept(level, index) : undefined;
    if (kept !== undefined) return kept;
    const made = await this.#made(level, index, width);
    if (made !== undefined && width === TILE_WIDTH) await this.#keep(level, index, made);
    return made;
  }

  /** Each hash of a tile is the root of the full tile below it. */
  async #made(level: number, index: number, width: number): Promise<Uint8Array | undefined> {
    const { TILE_WIDTH } = this.#keeping.holding;
    const first = index * TILE_WIDTH;
    const lowest = level === 1 ? await this.#leaves(first * TILE_WIDTH, width * TILE_WIDTH) : undefined;
    const roots: Uint8Array[] = [];
    for (let below = first; below < first + width; below++) {
      const tile = lowest === undefined ? await this.tile(level - 1, below, TILE_WIDTH) : lowest.get(below);
      const root = tile && this.#rootOf(tile);
      if (root === undefined) return undefined;
      roots.push(root);
    }
    return Buffer.concat(roots);
  }

  /** Of entries from a tile's first on, by the tiles they are in. The database hashes them: of a long record megabytes stay there. */
  async #leaves(from: number, count: number): Promise<Map<number, Uint8Array>> {
    const { db, holding } = this.#keeping;
    const width = sql.lit(holding.TILE_WIDTH);
    const { rows } = await sql<{ tile: number; hashes: Uint8Array }>`
      select index / ${width} as tile, string_agg(sha256('\\x00'::bytea || entry), ''::bytea order by index) as hashes
      from event where host = ${this.#host} and index >= ${from} and index < ${from + count}
      group by 1`.execute(db);
    return new Map(rows.map(({ tile, hashes }) => [tile, hashes]));
  }

  #rootOf(tile: Uint8Array): Uint8Array | undefined {
    const { holding } = this.#keeping;
    const hashes = holding.decodeTile(tile, holding.TILE_WIDTH);
    return hashes && holding.hashPerfect(holding.createTreeHasher(holding.sha256), hashes);
  }

  async #kept(level: number, index: number): Promise<Uint8Array | undefined> {
    const row = await this.#keeping.db
      .selectFrom("host_tile")
      .select("hashes")
      .where("host", "=", this.#host)
      .where("level", "=", level)
      .where("index", "=", index)
      .executeTakeFirst();
    return row?.hashes;
  }

  async #keep(level: number, index: number, hashes: Uint8Array): Promise<void> {
    try {
      await this.#keeping.db
        .insertInto("host_tile")
        .values({ host: this.#host, level, index, hashes: Buffer.from(hashes) })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    } catch (error) {
      this.#keeping.onUnkept(error);
    }
  }
}
