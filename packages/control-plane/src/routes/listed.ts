/** Pages of lists of which everybody sees what they may. */

/** Rows that a page looks at, at most, for those that the caller may see; `next` says where to go on. */
const MOST_LOOKED_AT = 5_000;
const STEP = 500;

export interface Listing<Row, Item, Place> {
  /** Up to so many rows that follow a place, in their order. @param after undefined: from the first */
  readonly read: (after: Place | undefined, most: number) => Promise<readonly Row[]>;
  readonly placeOf: (row: Row) => Place;
  /** Learns what it needs about these rows together; what it returns gives the item of one of them, undefined where the caller may not see it. */
  readonly show: (rows: readonly Row[]) => Promise<(row: Row) => Item | undefined | Promise<Item | undefined>>;
}

export async function listSeen<Row, Item, Place extends number | string>(
  { after, limit }: { readonly after?: Place | undefined; readonly limit: number },
  { read, placeOf, show }: Listing<Row, Item, Place>,
): Promise<{ items: Item[]; next?: Place }> {
  const items: Item[] = [];
  let last = after;
  // Most callers may see most of it, or little of it: then the steps grow.
  let most = Math.min(STEP, 2 * limit);
  for (let looked = 0; looked < MOST_LOOKED_AT;) {
    const rows = await read(last, most);
    const itemOf = await show(rows);
    for (const row of rows) {
      last = placeOf(row);
      const item = await itemOf(row);
      if (item !== undefined) items.push(item);
      if (items.length === limit) return { items, next: last };
    }
    if (rows.length < most) return { items };
    looked += rows.length;
    most = Math.min(STEP, MOST_LOOKED_AT - looked);
  }
  return { items, ...(last !== undefined && { next: last }) };
}
