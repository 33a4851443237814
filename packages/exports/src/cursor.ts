import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { isErrno } from "@bailiwick/base";
import type { TreeHead } from "@bailiwick/audit";
import { ExportsError } from "./errors.ts";

/** How far a destination has come. Everything before `next` was taken by the receiver, or is of a type that is not exported. */
export interface Cursor {
  readonly v: 1;
  /** The log's origin. */
  readonly log: string;
  readonly next: number;
  /** Of the log when it was read last: what it must begin with from then on. `head.size` is at least `next`. */
  readonly head: TreeHead;
  /** Events that were delivered, ever, and when the last were; milliseconds since 1970. */
  readonly delivered: number;
  readonly deliveredAt?: number | undefined;
  /** Since when, and why, nothing could be delivered. */
  readonly failing?: { readonly since: number; readonly reason: string } | undefined;
}

/** @throws ExportsError EXPORTS_CURSOR_UNUSABLE */
export async function readCursor(path: string): Promise<Cursor | undefined> {
  let text;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw unusable(path, error);
  }
  const { z } = await import("zod");
  const schema = z.strictObject({
    v: z.literal(1),
    log: z.string(),
    next: z.int().nonnegative(),
    head: z.strictObject({ size: z.int().nonnegative(), root: z.string() }),
    delivered: z.int().nonnegative(),
    deliveredAt: z.number().optional(),
    failing: z.strictObject({ since: z.number(), reason: z.string() }).optional(),
  });
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw unusable(path, error);
  }
}

/** In one step, and durable when it resolves: after a crash at any point it is the one before or this one. @throws ExportsError EXPORTS_CURSOR_UNUSABLE */
export async function writeCursor(path: string, cursor: Cursor): Promise<void> {
  const directory = dirname(path);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeDurably(`${path}.tmp`, JSON.stringify(cursor));
    await rename(`${path}.tmp`, path);
    await syncDirectory(directory);
  } catch (error) {
    if (error instanceof Error && "code" in error) throw unusable(path, error);
    throw error;
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function unusable(path: string, cause: unknown): ExportsError {
  const why = cause instanceof Error && "code" in cause ? String(cause.code) : "it is not what was written";
  return new ExportsError("EXPORTS_CURSOR_UNUSABLE", `the cursor \`${path}\` can't be used: ${why}`, {
    cause,
    remedy:
      "repair the disk; or, when the file is damaged, say where to go on: `bailiwick export run NAME --from start`",
  });
}
