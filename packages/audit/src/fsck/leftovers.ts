import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "@bailiwick/base";
import { RECORDING_NAME } from "../private-records.ts";
import type { RunSummary } from "../run-summary.ts";
import { tileOf } from "../stored.ts";
import { fullTilePath, TILE_WIDTH } from "../tiles.ts";
import type { Finding } from "./finding.ts";

/**
 * What nobody needs. To be called under the lock: the files of a batch that is being written would count.
 * @param runs undefined when it is not known of which runs the log tells
 */
export async function findLeftovers(
  directory: string,
  size: number,
  runs: ReadonlyMap<string, RunSummary> | undefined,
): Promise<Finding[]> {
  return [
    ...(await temporaries(directory)),
    ...(await uncoveredTiles(directory, size)),
    ...(runs === undefined ? [] : await privateLeftovers(directory, runs)),
  ];
}

export async function removeLeftovers(directory: string, leftovers: readonly Finding[]): Promise<void> {
  for (const { path, repairable } of leftovers) {
    if (repairable) await rm(join(directory, path), { recursive: true, force: true });
  }
}

function leftover(path: string, detail: string): Finding {
  return { kind: "leftover", path, detail, repairable: true };
}

async function temporaries(directory: string): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const folder of ["", "log/", "log/rotations/"]) {
    for (const name of await namesIn(join(directory, folder))) {
      if (name.endsWith(".tmp")) found.push(leftover(`${folder}${name}`, "a write that was cut off"));
      if (folder === "" && /^(log\.key|signer\.toml)\.next$/.test(name)) {
        const detail = "a key rotation that was cut off; it is finished or forgotten, as the checkpoint says";
        // Not to be removed before the rotation is settled, which does so.
        found.push({ kind: "leftover", path: name, detail, repairable: false });
      }
    }
  }
  return found;
}

async function uncoveredTiles(directory: string, size: number): Promise<Finding[]> {
  const found: Finding[] = [];
  const base = join(directory, "log/tile");
  for (const kindName of await namesIn(base)) {
    const kind = kindName === "entries" ? "entries" : Number(kindName);
    for await (const path of filesBelow(join(base, kindName))) {
      const [, main = "", width] = /^(.*?)(?:\.p\/([0-9]+))?$/.exec(path) ?? [];
      const index = indexOf(main);
      const name = index === undefined || Number.isNaN(kind) ? undefined : tileOf(size, kind, index);
      const isKnown = index !== undefined && fullTilePath(kind, index) === `tile/${kindName}/${main}`;
      const isCovered = isKnown && name?.width === (width === undefined ? TILE_WIDTH : Number(width));
      if (isCovered) continue;
      const why =
        isKnown && name !== undefined
          ? "of an older checkpoint, or of a batch that was cut off"
          : "beyond the checkpoint";
      found.push(leftover(`log/tile/${kindName}/${path}`, why));
    }
  }
  return found;
}

/** `x001/234` is 1234. */
function indexOf(path: string): number | undefined {
  if (!/^(x[0-9]{3}\/)*[0-9]{3}$/.test(path)) return undefined;
  return Number(path.replaceAll(/[x/]/g, ""));
}

async function privateLeftovers(directory: string, runs: ReadonlyMap<string, RunSummary>): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const run of await namesIn(join(directory, "private"))) {
    const path = `private/${run}`;
    const summary = runs.get(run);
    if (summary === undefined) found.push(leftover(path, "of a run of which no entry was ever acknowledged"));
    else if (summary.erased !== undefined)
      found.push(leftover(path, "an erasure that was cut off: the record says it is gone"));
    else found.push(...(await unnamedWholes(directory, run)));
  }
  return found;
}

/** Files with what was too long for an event, which no event names: its batch was cut off. */
async function unnamedWholes(directory: string, run: string): Promise<Finding[]> {
  const folder = join(directory, "private", run);
  const wholes = await namesIn(join(folder, "whole"));
  if (wholes.length === 0) return [];
  const named = new Set<string>();
  for (const name of await namesIn(folder)) {
    if (name === "whole" || name === RECORDING_NAME) continue;
    const text = await readFile(join(folder, name), "latin1");
    for (const [, digest = ""] of text.matchAll(/"whole":"sha256:([0-9a-f]{64})"/g)) named.add(digest);
  }
  const unnamed = wholes.filter((name) => !named.has(name));
  return unnamed.map((name) => leftover(`private/${run}/whole/${name}`, "no event names it"));
}

async function* filesBelow(directory: string, prefix = ""): AsyncGenerator<string> {
  for (const entry of await readdir(join(directory, prefix), { withFileTypes: true })) {
    if (entry.isDirectory()) yield* filesBelow(directory, `${prefix}${entry.name}/`);
    else yield `${prefix}${entry.name}`;
  }
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}
