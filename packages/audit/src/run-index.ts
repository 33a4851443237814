import { readFile, rename, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { isErrno } from "@bailiwick/base";
import { z } from "zod";
import type { Checkpoint } from "./checkpoint.ts";
import { isAnyErrno } from "./files.ts";
import { beginsAs } from "./heads.ts";
import { layoutOf } from "./layout.ts";
import { readBundles, readCheckpoint, readEntryHead, rootOf } from "./read.ts";
import { diskSource } from "./source-disk.ts";
import { PrivateReader } from "./private-reader.ts";
import { countEntry, emptySummary, runSummary, summarize, type RunSummary } from "./run-summary.ts";
import { LOG_ITSELF } from "./personal.ts";
import { completeEvent, openEntry } from "./verify/parse-event.ts";

const count = z.int().nonnegative();

const hintSchema = z.strictObject({
  v: z.literal(1),
  /** The head of the log that this was made from. */
  size: count,
  root: z.string(),
  runs: z.array(runSummary),
});

export interface RunIndex {
  readonly size: number;
  readonly runs: ReadonlyMap<string, RunSummary>;
}

/**
 * All runs of the log, up to its present checkpoint. Only entries that are new since the last time are read: what was
 * learnt before is kept in a hint file, which counts only when its head is a prefix of the log, and is made anew otherwise.
 */
export async function refreshIndex(directory: string, { useHint = true } = {}): Promise<RunIndex> {
  const checkpoint = await readCheckpoint(directory);
  const hint = useHint ? await readHint(directory, checkpoint) : NOTHING;
  const runs = new Map(hint.runs.map((summary) => [summary.run, summary]));
  if (hint.size < checkpoint.size) {
    const source = diskSource(directory);
    const records = new PrivateReader(source);
    for await (const { first, entries } of readBundles(source, hint.size, checkpoint.size)) {
      for (const [offset, entry] of entries.entries()) await note(runs, records, { index: first + offset, entry });
    }
    await writeHint(directory, { v: 1, size: checkpoint.size, root: rootOf(checkpoint), runs: [...runs.values()] });
  }
  return { size: checkpoint.size, runs };
}

/** Runs in the order of their beginnings. @throws AuditError AUDIT_NO_LOG, AUDIT_LOG_DAMAGED, AUDIT_MALFORMED */
export async function listRuns(directory: string): Promise<RunSummary[]> {
  const { runs } = await refreshIndex(directory);
  return [...runs.values()];
}

async function note(
  runs: Map<string, RunSummary>,
  records: PrivateReader,
  { index, entry }: { readonly index: number; readonly entry: Uint8Array },
): Promise<void> {
  const head = readEntryHead(entry);
  if (head === undefined || head.run === LOG_ITSELF) return;
  let summary = runs.get(head.run);
  if (head.type === "run.erased") {
    if (summary !== undefined) noteErased(summary, index, entry);
    return;
  }
  if (summary === undefined) {
    summary = emptySummary(head.run, index);
    runs.set(head.run, summary);
  }
  countEntry(summary, head.type, index);
  if (head.type === "run.started" || head.type === "run.ended") await noteBounds(summary, records, { index, entry });
}

async function noteBounds(
  summary: RunSummary,
  records: PrivateReader,
  { index, entry }: { readonly index: number; readonly entry: Uint8Array },
): Promise<void> {
  const open = openEntry(entry);
  const committed = open?.private === undefined ? undefined : await records.find(open.run, index);
  const event = open && completeEvent(open, committed);
  if (event !== undefined) summarize(summary, event, index);
}

/** The entry lies behind the run's last, and is none of it: what lies between is not read for the run's sake. */
function noteErased(summary: RunSummary, index: number, entry: Uint8Array): void {
  const open = openEntry(entry);
  const event = open && completeEvent(open, undefined);
  if (event?.type === "run.erased") summarize(summary, event, index);
}

const NOTHING = { size: 0, runs: [] };

async function readHint(
  directory: string,
  checkpoint: Checkpoint,
): Promise<{ readonly size: number; readonly runs: readonly RunSummary[] }> {
  const text = await readText(layoutOf(directory).hint);
  const hint = text === undefined ? undefined : parseHint(text);
  if (hint === undefined || hint.size > checkpoint.size) return NOTHING;
  if (hint.runs.some(({ first, last }) => first > last || last >= hint.size)) return NOTHING;
  return (await beginsAs(directory, checkpoint.size, hint)) ? hint : NOTHING;
}

function parseHint(text: string): z.infer<typeof hintSchema> | undefined {
  try {
    return hintSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** A reader may lack the right to write here, or the disk may be full: then the next one reads more, and that is all. */
async function writeHint(directory: string, hint: z.infer<typeof hintSchema>): Promise<void> {
  const path = layoutOf(directory).hint;
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await writeFile(temporary, JSON.stringify(hint), { mode: 0o600 });
    await rename(temporary, path);
  } catch (error) {
    if (!isAnyErrno(error)) throw error;
  }
}
