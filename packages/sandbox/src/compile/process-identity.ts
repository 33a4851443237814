import { readFileSync } from "node:fs";
import { isErrno } from "@bailiwick/base";

/** A process, told from a later one that got the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start, as in /proc/PID/stat; empty when it is gone. */
  readonly startTicks: string;
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTicks: startTicksOf(pid) };
}

export function isAlive({ pid, startTicks }: ProcessIdentity): boolean {
  return startTicks !== "" && startTicksOf(pid) === startTicks;
}

function startTicksOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    // The name of the program stands in parentheses and may hold anything, so that fields are counted from the last one.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH")) return "";
    throw error;
  }
}

/** Reads what JSON gave. */
export function parseIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== "object" || value === null || !("pid" in value) || !("startTicks" in value)) return undefined;
  const { pid, startTicks } = value;
  return typeof pid === "number" && typeof startTicks === "string" ? { pid, startTicks } : undefined;
}
