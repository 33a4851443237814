/** What runners leave on disk: who they are, and where their tasks are worked on. A runner that was killed left it behind. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { isErrno, isJsonObject, parseJson } from "@bailiwick/base";
import { isAlive, startTicksOf } from "@bailiwick/run";

export interface RunningRunner {
  readonly pid: number;
  readonly startTicks: string;
  readonly pool: string;
}

/** Says that this process is a runner of a pool. @returns how to take it back */
export function announceRunner(directory: string, pool: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `${String(process.pid)}.json`);
  const own: RunningRunner = { pid: process.pid, startTicks: startTicksOf(process.pid) ?? "0", pool };
  writeFileSync(path, `${JSON.stringify(own)}\n`, { mode: 0o600 });
  return () => {
    rmSync(path, { force: true });
  };
}

export function runnersOf(directory: string, pool: string): RunningRunner[] {
  return namesIn(directory).flatMap((name) => {
    const found = readRunner(join(directory, name));
    return found?.pool === pool && isAlive(found) ? [found] : [];
  });
}

/**
 * Where this runner works: a directory of its own outside of Bailiwick's state, which no run may touch. What runners left that are not there any more is removed.
 */
export function openWork(root: string): string {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  for (const name of namesIn(root)) {
    const [, pid = "", startTicks = ""] = /^([0-9]+)-([0-9]+)$/.exec(name) ?? [];
    if (pid !== "" && !isAlive({ pid: Number(pid), startTicks }))
      rmSync(join(root, name), { recursive: true, force: true });
  }
  const own = join(root, `${String(process.pid)}-${startTicksOf(process.pid) ?? "0"}`);
  mkdirSync(own, { recursive: true, mode: 0o700 });
  return own;
}

export function workRoot(environment: NodeJS.ProcessEnv): string {
  const cache = environment["XDG_CACHE_HOME"];
  const home = environment["HOME"] || homedir();
  return join(cache?.startsWith("/") === true ? cache : join(home, ".cache"), "bailiwick-tasks");
}

function readRunner(path: string): RunningRunner | undefined {
  try {
    const json = parseJson(readFileSync(path, "utf8"));
    if (!isJsonObject(json)) return undefined;
    const { pid, startTicks, pool }: Partial<Record<keyof RunningRunner, unknown>> = { ...json };
    if (typeof pid !== "number" || typeof startTicks !== "string" || typeof pool !== "string") return undefined;
    return { pid, startTicks, pool };
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}
