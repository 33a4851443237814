import { decodeBase64 } from "./base64.ts";
import { sha256 } from "./key.ts";
import type { TreeHead } from "./log-types.ts";
import { createTreeHasher, equalBytes } from "./merkle.ts";
import { rootAt } from "./proof.ts";
import { readCheckpoint, rootOf } from "./read.ts";
import { diskSource } from "./source-disk.ts";
import { MissingTile, storedTree } from "./stored.ts";
import { findTile } from "./verify/source.ts";

/** The head of the log now, its signature checked. @throws AuditError AUDIT_NO_LOG, AUDIT_LOG_DAMAGED */
export async function readHead(directory: string): Promise<TreeHead> {
  const checkpoint = await readCheckpoint(directory);
  return { size: checkpoint.size, root: rootOf(checkpoint) };
}

/** Whether a log of `size` entries, as its tiles say, begins as one with this head did. False also where tiles are missing. */
export async function beginsAs(directory: string, size: number, head: TreeHead): Promise<boolean> {
  if (head.size > size) return false;
  const source = diskSource(directory);
  const stored = storedTree(createTreeHasher(sha256), size, async (name) => (await findTile(source, name))?.bytes);
  try {
    const root = decodeBase64(head.root);
    return root !== undefined && equalBytes(await rootAt(stored, head.size), root);
  } catch (error) {
    if (error instanceof MissingTile) return false;
    throw error;
  }
}

/** Whether the log now begins as it did when it had this head. @throws AuditError AUDIT_NO_LOG, AUDIT_LOG_DAMAGED */
export async function isPrefix(directory: string, head: TreeHead): Promise<boolean> {
  return await beginsAs(directory, (await readCheckpoint(directory)).size, head);
}
