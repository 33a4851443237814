import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findTile, type RecordSource } from "./source.ts";

/** A log whose tile grows at every look into it: its partial tile is replaced by a wider one, and at 256 by the full one. */
function growing(from: number, step: number): RecordSource & { looks: number } {
  let width = from;
  const grow = (): void => {
    width = Math.min(256, width + step);
    source.looks += 1;
  };
  const source = {
    looks: 0,
    read: async (path: string): Promise<Uint8Array | undefined> => {
      const there = width === 256 ? "log/tile/entries/000" : `log/tile/entries/000.p/${String(width)}`;
      const bytes = path === there ? Uint8Array.of(1) : undefined;
      grow();
      return await Promise.resolve(bytes);
    },
    list: async (): Promise<readonly string[]> => {
      const names = width === 256 ? [] : [String(width)];
      grow();
      return await Promise.resolve(names);
    },
  };
  return source;
}

const NAME = { kind: "entries", index: 0, width: 5 } as const;

describe("a tile of a log that grows while it is looked for", () => {
  for (const step of [1, 7, 40, 100, 251]) {
    test(`by ${String(step)} at each look: it is found`, async () => {
      const found = await findTile(growing(6, step), NAME);
      assert.ok(found !== undefined && found.width >= NAME.width);
    });
  }

  test("a tile that is not there is looked for twice, and is not there", async () => {
    let reads = 0;
    const read = async (): Promise<undefined> => {
      reads += 1;
      return await Promise.resolve(undefined);
    };
    assert.equal(await findTile({ read, list: async () => await Promise.resolve([]) }, NAME), undefined);
    assert.equal(reads, 4);
  });

  test("one that is too narrow is given as it is: it shows how much is missing", async () => {
    const bytes = Uint8Array.of(1);
    const read = async (path: string): Promise<Uint8Array | undefined> =>
      await Promise.resolve(path.endsWith(".p/3") ? bytes : undefined);
    const found = await findTile({ read, list: async () => await Promise.resolve(["3"]) }, NAME);
    assert.deepEqual(found, { bytes, width: 3 });
  });
});
