/** Processor time of other processes, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** Linux counts in hundredths of a second. */
const TICK_MS = 10;

interface Times {
  readonly parent: number;
  readonly ownMs: number;
  /** Of children that have ended. */
  readonly endedMs: number;
}

/** Milliseconds that a process has used so far, all its threads. */
export function cpuMsOf(pid: number): number {
  return timesOf(pid)?.ownMs ?? 0;
}

/** As {@link cpuMsOf}, with its children, also those that have ended. */
export function cpuMsOfFamily(pid: number): number {
  const own = timesOf(pid);
  let total = (own?.ownMs ?? 0) + (own?.endedMs ?? 0);
  for (const name of readdirSync("/proc")) {
    const times = /^[0-9]+$/.test(name) ? timesOf(Number(name)) : undefined;
    if (times?.parent === pid) total += times.ownMs;
  }
  return total;
}

function timesOf(pid: number): Times | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
  } catch (error) {
    // It ended meanwhile.
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
  // What follows the name, which may have anything in it: state, parent …
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const at = (index: number): number => Number(fields[index]);
  return { parent: at(1), ownMs: (at(11) + at(12)) * TICK_MS, endedMs: (at(13) + at(14)) * TICK_MS };
}
