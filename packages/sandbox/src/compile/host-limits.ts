import { readFileSync } from "node:fs";
import type { LimitsSpec } from "../launch-spec.ts";
import type { Profile } from "../profile-types.ts";
import { unlessAbsent } from "./host-files.ts";

/** A limit can be lowered by anyone and raised by nobody: where the person's own is lower, that one holds. */
export function limitsFor(limits: Profile["limits"]): LimitsSpec {
  const text = unlessAbsent(() => readFileSync("/proc/self/limits", "utf8")) ?? "";
  return {
    processes: atMost(limits.processes, hardLimit(text, "Max processes")),
    fileSizeBytes: atMost(limits.fileSizeBytes, hardLimit(text, "Max file size")),
    openFiles: atMost(limits.openFiles, hardLimit(text, "Max open files")),
    coreBytes: 0,
    memoryBytes: limits.memoryBytes,
  };
}

function atMost(wanted: number | undefined, hard: number): number | undefined {
  return wanted === undefined ? undefined : Math.min(wanted, hard);
}

function hardLimit(text: string, name: string): number {
  const hard = new RegExp(`^${name}\\s+\\S+\\s+(\\d+)`, "m").exec(text)?.[1];
  return hard === undefined ? Infinity : Number(hard);
}

/** Far from every range that accounts, subordinate ids and services are given by convention (systemd's table of UIDs and GIDs). */
const UNUSED_ID = 1_900_000_000;

/**
 * The host id that root inside becomes when Bailiwick is started by root: one that owns nothing. In a container with few ids, the
 * last but two that exist there: the last ones are `nobody` by convention.
 */
export function idForRoot(): number {
  const lines =
    unlessAbsent(() => readFileSync("/proc/self/uid_map", "utf8"))
      ?.trim()
      .split("\n") ?? [];
  const ends = lines.map((line) => {
    const [first = 0, , count = 0] = line.trim().split(/\s+/).map(Number);
    return { first, end: first + count };
  });
  if (ends.some(({ first, end }) => first <= UNUSED_ID && UNUSED_ID < end)) return UNUSED_ID;
  return Math.max(...ends.map(({ end }) => end), 3) - 3;
}
