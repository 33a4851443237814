import { diskFiles, DurableWriter } from "../files.ts";
import { join } from "node:path";
import { layoutOf } from "../layout.ts";
import { FileLock } from "../lock.ts";
import { AuditError } from "../errors.ts";
import { readCheckpoint } from "../read.ts";
import { refreshIndex } from "../run-index.ts";
import type { RunSummary } from "../run-summary.ts";
import { isStaged, settleRotation } from "../signer/rotation.ts";
import type { Finding } from "./finding.ts";
import { findLeftovers, removeLeftovers } from "./leftovers.ts";
import { findMissingRecords } from "./records.ts";
import { checkTiles, type WrongTile } from "./tiles.ts";

export interface FilesCheck {
  readonly findings: readonly Finding[];
  /** Those that were put right. */
  readonly repaired: readonly Finding[];
}

export interface CheckFilesOptions {
  /** Rebuilds tiles from entries whose hashes are proven, and removes what nobody needs. Nothing else: no entry and no checkpoint. */
  readonly repair: boolean;
}

const LOCK_TIMEOUT_MS = 10_000;

/**
 * Says what of the record's directory is leftover, damaged or missing. Runs may go on meanwhile.
 * @throws AuditError AUDIT_NO_LOG; with `repair` AUDIT_LOCKED, AUDIT_LOCK_FAILED and errors of the disk
 */
export async function checkFiles(directory: string, { repair }: CheckFilesOptions): Promise<FilesCheck> {
  const checkpoint = await believedCheckpoint(directory);
  if (typeof checkpoint === "string") {
    const detail = `${checkpoint}; nothing can be proven without it, so nothing is repaired`;
    return { findings: [{ kind: "damaged", path: "log/checkpoint", detail, repairable: false }], repaired: [] };
  }
  const { wrong, unproven } = await checkTiles(directory, checkpoint);
  const known = await knownRuns(directory);
  const missing =
    known === undefined || unproven.length > 0 ? [] : await findMissingRecords(directory, checkpoint.size, known);
  return await underLock(directory, async () => {
    const { size } = await readCheckpoint(directory);
    const leftovers = await findLeftovers(directory, size, known && (await knownRuns(directory)));
    const findings = [...wrong.map(({ finding }) => finding), ...unproven, ...missing, ...leftovers];
    if (!repair) return { findings, repaired: [] };
    await rewrite(directory, wrong);
    await removeLeftovers(directory, leftovers);
    await settle(directory);
    return { findings, repaired: findings.filter(({ repairable }) => repairable) };
  });
}

async function believedCheckpoint(directory: string): Promise<Awaited<ReturnType<typeof readCheckpoint>> | string> {
  try {
    return await readCheckpoint(directory);
  } catch (error) {
    if (error instanceof AuditError && error.code === "AUDIT_LOG_DAMAGED") return "it is not signed by the log's key";
    throw error;
  }
}

/** Undefined when entries are missing, so that nobody knows of which run. */
async function knownRuns(directory: string): Promise<ReadonlyMap<string, RunSummary> | undefined> {
  try {
    return (await refreshIndex(directory)).runs;
  } catch (error) {
    if (error instanceof AuditError && error.code === "AUDIT_MALFORMED") return undefined;
    throw error;
  }
}

async function underLock<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const lock = new FileLock(layoutOf(directory).lock);
  try {
    const held = await lock.acquire(LOCK_TIMEOUT_MS);
    try {
      return await work();
    } finally {
      held.release();
    }
  } finally {
    lock.close();
  }
}

async function rewrite(directory: string, wrong: readonly WrongTile[]): Promise<void> {
  const writer = new DurableWriter(diskFiles, directory);
  for (const { finding, bytes } of wrong) {
    if (bytes !== undefined) await writer.replace(join(directory, finding.path), bytes);
  }
}

async function settle(directory: string): Promise<void> {
  const layout = layoutOf(directory);
  if (isStaged(diskFiles, layout)) await settleRotation(diskFiles, layout, diskFiles.read(layout.checkpoint));
}
