import { Digests, WORTH_KEEPING_BYTES } from "./digests.ts";
import type { FileCache } from "./file-cache.ts";

/** What is read at every start of a run, so no more than what takes a millisecond. */
const KEPT = 2000;
const LINE = /^(\d+:\d+:(\d+):-?\d+:-?\d+) (sha256:[0-9a-f]{64})$/;

const NAME = "digests";

/** The digests that earlier runs left; a missing or damaged file is an empty cache. */
export function loadDigests(cache: FileCache): Digests {
  const known: [string, string][] = [];
  for (const line of (cache.read(NAME) ?? "").split("\n")) {
    const [, key, , digest] = LINE.exec(line) ?? [];
    if (key !== undefined && digest !== undefined) known.push([key, digest]);
  }
  return new Digests(known);
}

/** Keeps the newest digests of large files for the next run. */
export function saveDigests(cache: FileCache, digests: Digests): void {
  if (!digests.changed) return;
  const lines = [...digests.entries()]
    .filter(([key]) => BigInt(key.split(":")[2] ?? 0) >= WORTH_KEEPING_BYTES)
    .slice(-KEPT)
    .map(([key, digest]) => `${key} ${digest}\n`);
  cache.write(NAME, lines.join(""));
}
