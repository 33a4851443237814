import { join } from "node:path";
import { readRun, recordingPath, verifyLog, type Event } from "@bailiwick/audit";
import { isErrno, type RunId } from "@bailiwick/base";
import { CastFile } from "@bailiwick/recording";
import type { StateDirectory } from "@bailiwick/run";
import { CliError } from "../errors.ts";

/** What there is of a run to be replayed. */
export interface OpenedRun {
  readonly run: RunId;
  readonly events: readonly Event[];
  /** Undefined: its terminal was not recorded, or what was is gone; `why` says so. */
  readonly recording: CastFile | undefined;
  readonly why: string;
  /** Milliseconds since 1970: what all times are counted from. */
  readonly startedAt: number;
}

export async function openRun(state: StateDirectory, run: RunId): Promise<OpenedRun> {
  const events: Event[] = [];
  for await (const { event } of readRun(state.log, run)) events.push(event);
  const opened = events.find(({ type }) => type === "recording.opened");
  const recording = opened && (await openIfThere(join(state.log, recordingPath(run))));
  const startedAt = (opened ?? events[0])?.at ?? 0;
  return { run, events, recording, why: reasonOf(events, opened !== undefined), startedAt };
}

/** @throws CliError CLI_NO_RECORDING */
export function requireRecording({ recording, why, run }: OpenedRun): CastFile {
  if (recording !== undefined) return recording;
  throw new CliError("CLI_NO_RECORDING", `the run \`${run}\` has no recording: ${why}`, {
    remedy: `see what it did with \`bailiwick runs show ${run}\``,
  });
}

function reasonOf(events: readonly Event[], wasRecorded: boolean): string {
  if (events.some(({ type }) => type === "run.erased")) return "its personal data was erased";
  if (wasRecorded) return "its file is gone, see `bailiwick audit verify`";
  return "it had no terminal, or its profile says that terminals are not recorded";
}

async function openIfThere(path: string): Promise<CastFile | undefined> {
  try {
    return await CastFile.open(path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Whether the run's part of the record, the recording among it, is what was recorded; undefined when that can't be told. */
export async function isGenuine(state: StateDirectory, run: RunId): Promise<boolean | undefined> {
  try {
    return (await verifyLog(state.log, { run })).ok;
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}
