/**
 * The reading side, behind imports that happen at the first call: it needs zod, which a run that only writes must not load.
 */
import type { RunId } from "@bailiwick/base";
import type { EraseOptions, Erasure } from "./erase.ts";
import type { eventSchema } from "./events.ts";
import type { FollowOptions } from "./follow.ts";
import type { CheckFilesOptions, FilesCheck } from "./fsck/fsck.ts";
import type { KeyRotation, RotateOptions } from "./rotate.ts";
import type { TreeHead } from "./log-types.ts";
import type { LoggedEvent } from "./read-run.ts";
import type { RunSummary } from "./run-summary.ts";
import type { VerifyLogOptions } from "./verify-log.ts";
import type { Verification } from "./verify/verify.ts";

/** @see file read-run.ts */
export async function* readRun(directory: string, wanted: RunId | RunSummary): AsyncGenerator<LoggedEvent> {
  const module = await import("./read-run.ts");
  yield* module.readRun(directory, wanted);
}

/** @see file read-run.ts */
export async function* readLog(directory: string, from: number): AsyncGenerator<LoggedEvent> {
  const module = await import("./read-run.ts");
  yield* module.readLog(directory, from);
}

/** @see file follow.ts */
export async function* followLog(directory: string, from: number, options: FollowOptions): AsyncGenerator<LoggedEvent> {
  const module = await import("./follow.ts");
  yield* module.followLog(directory, from, options);
}

/** @see file follow.ts */
export async function* followRun(directory: string, run: RunId, options: FollowOptions): AsyncGenerator<LoggedEvent> {
  const module = await import("./follow.ts");
  yield* module.followRun(directory, run, options);
}

/** @see file run-index.ts */
export async function listRuns(directory: string): Promise<RunSummary[]> {
  const module = await import("./run-index.ts");
  return await module.listRuns(directory);
}

/** @see file verify-log.ts */
export async function verifyLog(directory: string, options?: VerifyLogOptions): Promise<Verification> {
  const module = await import("./verify-log.ts");
  return await module.verifyLog(directory, options);
}

/** @see file erase.ts */
export async function eraseRuns(directory: string, options: EraseOptions): Promise<Erasure> {
  const module = await import("./erase.ts");
  return await module.eraseRuns(directory, options);
}

/** @see file rotate.ts */
export async function rotateKey(directory: string, options: RotateOptions): Promise<KeyRotation> {
  const module = await import("./rotate.ts");
  return await module.rotateKey(directory, options);
}

/** @see file fsck.ts */
export async function checkFiles(directory: string, options: CheckFilesOptions): Promise<FilesCheck> {
  const module = await import("./fsck/fsck.ts");
  return await module.checkFiles(directory, options);
}

/** @see file heads.ts */
export async function readHead(directory: string): Promise<TreeHead> {
  const module = await import("./heads.ts");
  return await module.readHead(directory);
}

/** @see file heads.ts */
export async function isPrefix(directory: string, head: TreeHead): Promise<boolean> {
  const module = await import("./heads.ts");
  return await module.isPrefix(directory, head);
}

/** The zod schema of events, for those who check what they write. */
export async function loadEventSchema(): Promise<typeof eventSchema> {
  const module = await import("./events.ts");
  return module.eventSchema;
}

/** The JSON Schema (draft 2020-12) of one event, as published in docs/schema/event.v1.json. */
export async function eventJsonSchema(): Promise<Record<string, unknown>> {
  const module = await import("./json-schema.ts");
  return module.eventJsonSchema();
}

/** The JSON Schema (draft 2020-12) of what stands in an entry: an event without its personal members, as in docs/schema/entry.v1.json. */
export async function entryJsonSchema(): Promise<Record<string, unknown>> {
  const module = await import("./json-schema.ts");
  return module.entryJsonSchema();
}
