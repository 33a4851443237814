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

/** Events of a kind: the first of them, and where all of them stand. */
export interface Kept {
  readonly first: LoggedEvent[];
  readonly indexes: number[];
}

export interface RunFacts {
  /** Whose record it is in, where an archive has those of several. */
  readonly host: string | undefined;
  readonly summary: RunSummary;
  readonly started: EventOf<"run.started"> | undefined;
  readonly approvals: Kept;
  readonly refusals: Kept;
  /** What was asked about, by exec: the arguments of commands that have an approval. */
  readonly asked: ReadonlyMap<number, readonly string[]>;
}

/** Where evidence of a kind stands. */
export interface Found {
  count: number;
  /** The first {@link EXAMPLES} entries: indexes, or `HOST INDEX` where there are several records. */
  readonly entries: (number | string)[];
}

export const EXAMPLES = 12;

/** A record that runs were read from. */
export interface LogFacts {
  readonly host: string | undefined;
  readonly key: string;
  readonly verification: Verification;
}

/** Of an archive that a server made: for whom, and what is not in it. */
export interface Order {
  readonly by: string;
  readonly reason: string;
  /** Verifier key of the server as a witness, which cosigned the heads of the records. */
  readonly witness: string;
  /** What was asked for and is not in it, a sentence each. */
  readonly leftOut: readonly string[];
}

export interface Facts {
  readonly period: Period;
  readonly project: string | undefined;
  readonly runs: readonly RunFacts[];
  /** Runs of the period whose project is no longer known, since their personal members were erased. */
  readonly unattributed: number;
  readonly found: ReadonlyMap<Kind, Found>;
  /** One, or one for each host. */
  readonly logs: readonly LogFacts[];
  readonly order: Order | undefined;
  /** Whose signature the archive is checked by. */
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  readonly version: string;
}

export function foundOf(facts: Facts, kind: Kind): Found {
  return facts.found.get(kind) ?? { count: 0, entries: [] };
}

export function isVerified({ logs }: Pick<Facts, "logs">): boolean {
  return logs.every(({ verification }) => verification.ok);
}
