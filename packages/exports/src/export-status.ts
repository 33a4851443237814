import { isPrefix, readHead } from "@bailiwick/audit";
import { readCursor } from "./cursor.ts";
import { cursorPath } from "./export-record.ts";

/** How a destination stands, from its cursor and the record alone; milliseconds since 1970. */
export interface ExportStatus {
  readonly name: string;
  /** Index of the next entry; absent before the first export. */
  readonly next?: number;
  /** Entries that were not gone through yet. */
  readonly behind: number;
  readonly delivered: number;
  readonly deliveredAt?: number;
  readonly failing?: { readonly since: number; readonly reason: string };
  /** The record is not the one that was exported from. */
  readonly changed: boolean;
}

/** @throws ExportsError EXPORTS_CURSOR_UNUSABLE; AuditError AUDIT_LOG_DAMAGED */
export async function exportStatus(record: string, cursors: string, name: string): Promise<ExportStatus> {
  const cursor = await readCursor(cursorPath(cursors, name));
  const size = await sizeOf(record);
  if (cursor === undefined) return { name, behind: size ?? 0, delivered: 0, changed: false };
  const { next, delivered, deliveredAt, failing, head } = cursor;
  return {
    name,
    next,
    behind: Math.max(0, (size ?? 0) - next),
    delivered,
    ...(deliveredAt !== undefined && { deliveredAt }),
    ...(failing !== undefined && { failing }),
    changed: size === undefined || !(await isPrefix(record, head)),
  };
}

async function sizeOf(record: string): Promise<number | undefined> {
  try {
    return (await readHead(record)).size;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "AUDIT_NO_LOG") return undefined;
    throw error;
  }
}
