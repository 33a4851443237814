/** What is taken from the record for a period, before anything is said about it. */
import type { EventOf, LoggedEvent, RunSummary, Verification } from "@bailiwick/audit";

/** What an event can be evidence of. */
export type Kind =
  | "runs"
  | "policies"
  | "enforcement"
  | "commands"
  | "refused-commands"
  | "approvals"
  | "connections"
  | "refused-hosts"
  | "requests"
  | "refused-requests"
  | "misused-credentials"
  | "models"
  | "tool-calls"
  | "budgets"
  | "leaks"
  | "file-changes"
  | "recordings"
  | "tampering"
  | "witnesses"
  | "interruptions"
  | "ends"
  | "erasures"
  | "key-rotations";

/** `ends`: what makes a run's end, or how it was held up. An event can be evidence of several kinds. */
export const KINDS: { readonly [T in LoggedEvent["event"]["type"]]: readonly Kind[] } = {
  "run.started": ["runs", "policies", "enforcement"],
  "exec.allowed": ["commands"],
  "exec.refused": ["refused-commands"],
  "exec.ended": [],
  approval: ["approvals"],
  "exec.tampered": ["tampering"],
  "host.refused": ["refused-hosts"],
  "connection.opened": ["connections"],
  "connection.closed": [],
  "request.sent": ["requests"],
  "request.refused": ["refused-requests"],
  "request.ended": [],
  "credential.misused": ["misused-credentials"],
  "tool.called": ["tool-calls"],
  "model.called": ["models"],
  "budget.spent": ["budgets"],
  "leak.found": ["leaks"],
  "files.changed": ["file-changes"],
  "recording.opened": [],
  "recording.grown": [],
  "recording.closed": ["recordings"],
  "protection.renewed": ["interruptions"],
  "record.witnessed": ["witnesses"],
  "run.frozen": ["interruptions"],
  "run.ended": ["ends"],
  "run.erased": ["erasures"],
  "key.rotated": ["key-rotations"],
};

/** Of these each entry gets a proof of its own: the rest is proven by the checkpoint and the copy of the log. */
export const PROVEN: ReadonlySet<Kind> = new Set<Kind>([
  "runs",
  "refused-commands",
  "approvals",
  "recordings",
  "refused-hosts",
  "refused-requests",
  "misused-credentials",
  "budgets",
  "leaks",
  "tampering",
  "witnesses",
  "interruptions",
  "ends",
  "erasures",
  "key-rotations",
]);

export interface Period {
  /** Milliseconds since 1970, both included. */
  readonly from: number;
  readonly to: number;
}

export interface RunFacts {
  readonly summary: RunSummary;
  readonly started: EventOf<"run.started"> | undefined;
  /** The run's approvals and refusals, with their entries. */
  readonly approvals: readonly LoggedEvent[];
  readonly refusals: readonly LoggedEvent[];
  /** What was asked about, by exec: the arguments of commands that have an approval. */
  readonly asked: ReadonlyMap<number, readonly string[]>;
}

/** Where evidence of a kind stands. */
export interface Found {
  count: number;
  /** Indexes of entries, the first {@link EXAMPLES}. */
  readonly entries: number[];
}

export const EXAMPLES = 12;

export interface Facts {
  readonly period: Period;
  readonly project: string | undefined;
  readonly runs: readonly RunFacts[];
  /** Runs of the period whose project is no longer known, since their personal members were erased. */
  readonly unattributed: number;
  readonly found: ReadonlyMap<Kind, Found>;
  readonly verification: Verification;
  readonly logKey: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  readonly version: string;
}

export function foundOf(facts: Facts, kind: Kind): Found {
  return facts.found.get(kind) ?? { count: 0, entries: [] };
}
