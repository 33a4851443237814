/** What a list of runs shows of one, made from its events in the order of the log. */
import { z } from "zod";
import type { Event } from "./events.ts";

const count = z.int().nonnegative();

export const runSummary = z.strictObject({
  run: z.string(),
  /** Index of its first entry and of its last so far; entries of other runs may lie between. */
  first: count,
  last: count,
  entries: count,
  /** From run.started; absent when that entry is missing or malformed. */
  started: z
    .strictObject({
      at: z.number(),
      name: z.string().optional(),
      user: z.string(),
      agent: z.string(),
      labels: z.array(z.string()).optional(),
      command: z.array(z.string()),
      workspace: z.string(),
      profile: z.string(),
    })
    .optional(),
  /** From run.ended; absent while the run goes on, or when whoever recorded it was killed. */
  ended: z
    .strictObject({ at: z.number(), status: z.int(), reason: z.string(), wallMs: z.number(), index: count })
    .optional(),
  /** Its personal members were erased: what is personal above is "" or empty. */
  erased: z.strictObject({ at: z.number(), by: z.string(), reason: z.string(), index: count }).optional(),
  /** Counted from the entries themselves. */
  counts: z.strictObject({ execs: count, refused: count, asked: count, connections: count, hostsRefused: count }),
});

/** Times are milliseconds since 1970. */
export type RunSummary = z.infer<typeof runSummary>;

const COUNTED: Readonly<Record<string, keyof RunSummary["counts"]>> = {
  "exec.allowed": "execs",
  "exec.refused": "refused",
  approval: "asked",
  "connection.opened": "connections",
  "host.refused": "hostsRefused",
};

export function emptySummary(run: string, first: number): RunSummary {
  const counts = { execs: 0, refused: 0, asked: 0, connections: 0, hostsRefused: 0 };
  return { run, first, last: first, entries: 0, counts };
}

/** One more entry of the run. That it was erased lies behind its last entry, and is none of it. */
export function countEntry(summary: RunSummary, type: string, index: number): void {
  summary.last = index;
  summary.entries += 1;
  const counted = COUNTED[type];
  if (counted !== undefined) summary.counts[counted] += 1;
}

/** What begins a run, ends it, or says that it was erased. */
export function summarize(summary: RunSummary, event: Event, index: number): void {
  if (event.type === "run.started") {
    const { at, name, user, agent, labels, command, workspace, profile } = event;
    summary.started = {
      at,
      user,
      agent,
      command: command.values,
      workspace,
      profile: profile.name,
      ...(name === undefined ? {} : { name }),
      ...(labels === undefined ? {} : { labels }),
    };
  } else if (event.type === "run.ended") {
    const { at, status, reason, wallMs } = event;
    summary.ended = { at, status, reason, wallMs, index };
  } else if (event.type === "run.erased") {
    const { at, by, reason } = event;
    summary.erased = { at, by, reason, index };
    if (summary.started === undefined) return;
    const { at: startedAt, agent, profile } = summary.started;
    summary.started = { at: startedAt, agent, profile, user: "", command: [], workspace: "" };
  }
}
