/** A large log: how long it takes to open, beside a small one; to prove one entry of it from the disk, beside reading as many files; and to check that. */
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { makeRunId } from "@bailiwick/base";
import { checkProof, openRunLog, proveEntry, readVerifierKey } from "@bailiwick/audit";
import { sha256 } from "../packages/audit/src/key.ts";
import { layoutOf } from "../packages/audit/src/layout.ts";
import { createTreeHasher, hashPerfect } from "../packages/audit/src/merkle.ts";
import { signerOf } from "../packages/audit/test/fixtures.ts";
import { signCheckpoint } from "../packages/audit/src/signed-head.ts";
import { fullTilePath, partialTiles, rangeOfTiles, tilePath, TILE_WIDTH } from "../packages/audit/src/tiles.ts";
import { interleave, median } from "./measure.ts";

const ENTRIES = 10_000_000;
const ENTRY = Buffer.alloc(500, "e");
const FEW_ENTRIES = 10_000;
const ROUNDS = 300;

const tree = createTreeHasher(sha256);

/** A log whose entries are all alike, so that its tree is made from one hash a level, and its files are links to one file a level. */
async function makeLog(directory: string, entries: number): Promise<void> {
  await (await openRunLog({ directory, run: makeRunId(1, crypto.getRandomValues(new Uint8Array(10))) })).close();
  const { log, checkpoint } = layoutOf(directory);
  const levels: Uint8Array[] = [tree.leaf(ENTRY)];
  const tiles: Uint8Array[][] = [];
  for (let level = 0, hashes = entries; hashes > 0; level++, hashes = Math.floor(hashes / TILE_WIDTH)) {
    const hash = levels[level] ?? Buffer.alloc(32);
    levels.push(hashPerfect(tree, Array<Uint8Array>(TILE_WIDTH).fill(hash)));
    tiles.push(Array<Uint8Array>(hashes % TILE_WIDTH).fill(hash));
    linkTiles(log, level, Math.floor(hashes / TILE_WIDTH), Buffer.concat(Array<Uint8Array>(TILE_WIDTH).fill(hash)));
  }
  const entry = Buffer.concat([Buffer.of(ENTRY.length >> 8, ENTRY.length & 0xff), ENTRY]);
  linkTiles(log, "entries", Math.floor(entries / TILE_WIDTH), Buffer.concat(Array<Buffer>(TILE_WIDTH).fill(entry)));
  for (const name of partialTiles(entries)) {
    const part = name.kind === "entries" ? entry : (levels[name.kind] ?? Buffer.alloc(32));
    write(join(log, tilePath(name)), Buffer.concat(Array<Uint8Array>(name.width).fill(part)));
  }
  const head = { size: entries, root: rangeOfTiles(tree, entries, tiles).root() };
  writeFileSync(checkpoint, await signCheckpoint([await signerOf(directory)], head));
}

function linkTiles(log: string, kind: number | "entries", count: number, bytes: Uint8Array): void {
  const first = join(log, fullTilePath(kind, 0));
  if (count > 0) write(first, bytes);
  for (let index = 1; index < count; index++) {
    const path = join(log, fullTilePath(kind, index));
    if (index % 1000 === 0) mkdirSync(dirname(path), { recursive: true });
    linkSync(first, path);
  }
}

function write(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

/** Milliseconds until a run could append. */
async function open(directory: string): Promise<number> {
  const before = performance.now();
  const log = await openRunLog({ directory, run: makeRunId(1, crypto.getRandomValues(new Uint8Array(10))) });
  const after = performance.now();
  await log.close();
  return after - before;
}

function percentile(samples: readonly number[], fraction: number): number {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length * fraction)] ?? 0;
}

export async function bench(): Promise<Record<string, number>> {
  const parent = mkdtempSync(join(tmpdir(), "bailiwick-bench-proof-"));
  try {
    const directory = join(parent, "record");
    await makeLog(directory, ENTRIES);
    const trust = { logKey: await readVerifierKey(directory), witnesses: [], quorum: 0 };
    const made: number[] = [];
    const read: number[] = [];
    const checked: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const index = Math.floor((round * ENTRIES * 0.618) % ENTRIES);
      const before = performance.now();
      const proof = await proveEntry(directory, index);
      const after = performance.now();
      const { ok } = await checkProof(proof, trust);
      checked.push(performance.now() - after);
      if (!ok) throw new Error("a proof of the benchmark does not hold");
      made.push(after - before);
      const start = performance.now();
      const bundle = Math.floor(index / TILE_WIDTH) % Math.floor(ENTRIES / TILE_WIDTH);
      for (const path of [fullTilePath("entries", bundle), fullTilePath(0, bundle), fullTilePath(1, 0), "checkpoint"]) {
        readFileSync(join(layoutOf(directory).log, path));
      }
      read.push(performance.now() - start);
    }
    const few = join(parent, "few");
    await makeLog(few, FEW_ENTRIES);
    const opened = await interleave({ many: () => open(directory), few: () => open(few) }, ROUNDS);
    return {
      "open-ms/10M": median(opened.many),
      "open/10M-to-10k": median(opened.many) / median(opened.few),
      "make-ms-p50/10M": percentile(made, 0.5),
      "make-ms-p99/10M": percentile(made, 0.99),
      "check-ms-p50": percentile(checked, 0.5),
      "limit-read-ms": percentile(read, 0.5),
    };
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

if (import.meta.main) console.table(await bench());
