import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isErrno, isRunId, type RunId } from "@bailiwick/base";

/** A run that is going on, as its file in the state directory says. */
export interface LiveRun {
  readonly run: RunId;
  readonly pid: number;
  /** The process's start in clock ticks since boot: with the pid it is never used twice. */
  readonly startTicks: string;
  readonly startedAt: number;
}

/** Says that this process carries `run`. Returns how to take it back. */
export function announceRun(directory: string, run: RunId, startedAt: number): () => void {
  const path = join(directory, `${run}.json`);
  const partial = join(directory, `.${run}.${String(process.pid)}`);
  const live: LiveRun = { run, pid: process.pid, startTicks: startTicksOf(process.pid) ?? "0", startedAt };
  writeFileSync(partial, `${JSON.stringify(live)}\n`, { mode: 0o600 });
  renameSync(partial, path);
  return () => {
    rmSync(path, { force: true });
  };
}

/** The runs that are going on, oldest first. Files that a killed Bailiwick left behind are taken away. */
export function listLiveRuns(directory: string): LiveRun[] {
  const found: LiveRun[] = [];
  for (const name of namesIn(directory)) {
    const live = readLive(join(directory, name), name);
    if (live === undefined) continue;
    if (isAlive(live)) found.push(live);
    else rmSync(join(directory, name), { force: true });
  }
  return found;
}

export function isAlive({ pid, startTicks }: Pick<LiveRun, "pid" | "startTicks">): boolean {
  return startTicksOf(pid) === startTicks;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => isRunId(name.replace(/\.json$/, "")))
      .sort();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

function readLive(path: string, name: string): LiveRun | undefined {
  const run = name.replace(/\.json$/, "");
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value !== "object" || value === null || !isRunId(run)) return undefined;
    const { pid, startTicks, startedAt } = { pid: 0, startTicks: "", startedAt: 0, ...value };
    if (typeof pid !== "number" || typeof startTicks !== "string" || typeof startedAt !== "number") return undefined;
    return { run, pid, startTicks, startedAt };
  } catch (error) {
    if (isErrno(error, "ENOENT") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold spaces and brackets, so it is counted from the last bracket. */
export function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}
