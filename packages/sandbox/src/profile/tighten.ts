import type { Profile } from "../profile-types.ts";
import { withDigest } from "./merge.ts";
import { lowerBudgets } from "./merge-models.ts";
import { mergeRecord } from "./merge-record.ts";
import type { ProfileSource } from "./source.ts";

/**
 * Applies the workspace's own profile, which nobody has reviewed and an earlier run may have written: names to mask and to
 * protect are added, limits lowered, more asked of witnesses, and nothing else of it counts.
 * @returns the keys that were left out, for a warning
 */
export function tighten(outer: Profile, own: ProfileSource): { profile: Profile; ignored: readonly string[] } {
  const { filesystem = {}, limits = {}, home = {} } = own;
  const mask = split(filesystem.mask);
  const protect = split(filesystem.protect);
  const record = own.record === undefined ? outer.record : mergeRecord([outer.record, own.record]);
  const ignored = [
    ...(["extends", "network", "ssh", "credentials", "environment", "models", "recording", "leaks"] as const).filter(
      (key) => own[key] !== undefined,
    ),
    ...(["read", "write"] as const).filter((key) => filesystem[key] !== undefined).map((key) => `filesystem.${key}`),
    ...mask.taking.map((pattern) => `filesystem.mask: ${pattern}`),
    ...protect.taking.map((path) => `filesystem.protect: ${path}`),
    ...(["when-spent", "when-repeating"] as const)
      .filter((key) => own.budgets?.[key] !== undefined)
      .map((key) => `budgets.${key}`),
    ...(home.seed === undefined ? [] : ["home.seed"]),
    ...(home.mode === "kept" && outer.home.mode === "ephemeral" ? ["home.mode"] : []),
    ...((own.record?.require ?? record.require) === record.require ? [] : ["record.require"]),
    ...((own.record?.quorum ?? record.quorum) === record.quorum ? [] : ["record.quorum"]),
  ];
  const profile = withDigest({
    ...outer,
    filesystem: {
      ...outer.filesystem,
      mask: [...outer.filesystem.mask, ...mask.adding],
      protect: [...new Set([...outer.filesystem.protect, ...protect.adding])],
    },
    home: { ...outer.home, mode: home.mode === "ephemeral" ? "ephemeral" : outer.home.mode },
    limits: {
      processes: lower(outer.limits.processes, limits.processes),
      wallMs: lower(outer.limits.wallMs, limits.wall),
      fileSizeBytes: lower(outer.limits.fileSizeBytes, limits["file-size"]),
      openFiles: lower(outer.limits.openFiles, limits["open-files"]),
      memoryBytes: lower(outer.limits.memoryBytes, limits.memory),
      tmpBytes: Math.min(outer.limits.tmpBytes, limits.tmp ?? Infinity),
    },
    budgets: lowerBudgets(outer.budgets, own.budgets ?? {}),
    record,
  });
  return { profile, ignored };
}

/** An entry with `!` takes something out again: it would widen. */
function split(entries: readonly string[] = []): { adding: readonly string[]; taking: readonly string[] } {
  return {
    adding: entries.filter((entry) => !entry.startsWith("!")),
    taking: entries.filter((entry) => entry.startsWith("!")),
  };
}

function lower(outer: number | undefined, own: number | undefined): number | undefined {
  if (outer === undefined || own === undefined) return outer ?? own;
  return Math.min(outer, own);
}
