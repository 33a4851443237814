import type { EventOf, NewEvent, TreeHead } from "@bailiwick/audit";
import type { RunId } from "@bailiwick/base";
import type { Enforcement, RunBudgets } from "@bailiwick/sandbox";
import type { Approver, QuestionDesk } from "./approvals.ts";
import type { SpentBudget } from "./budgets.ts";
import type { ChangedFiles } from "./changed-files.ts";
import type { RunControl } from "./run-control.ts";
import type { WitnessReport } from "./witnessing.ts";

/** What a person asks for with `bailiwick run`. */
export interface RunOptions {
  readonly command: readonly [string, ...string[]];
  /** As given; relative to the current directory. */
  readonly workspace: string;
  /** A name or a file; undefined: the project's own, else the standard one. */
  readonly profile: string | undefined;
  /** Files, and directories of `*.cedar` files, beside the standard policies. */
  readonly policies: readonly string[];
  readonly home: "kept" | "ephemeral" | undefined;
  /** `NAME` or `NAME=VALUE`. */
  readonly environment: readonly string[];
  /** `NAME:PORT`. */
  readonly allowHosts: readonly string[];
  /** Ports of the sandbox's loopback to be reached on the host's; 1..65535. */
  readonly publish: readonly number[];
  /** Lowers what the profile says. */
  readonly budgets: RunBudgets | undefined;
  readonly name: string | undefined;
  /** `KEY=VALUE`, one of a key. */
  readonly labels: readonly string[];
  /** Who is asked; or why there is nobody. */
  readonly approver: Approver | { readonly nobody: string };
  /** Who is asked elsewhere as well; undefined: nobody. */
  readonly desk: QuestionDesk | undefined;
  readonly version: string;
  /** Of the person: what the profile passes on is taken from here. */
  readonly hostEnvironment: NodeJS.ProcessEnv;
  /** Whether the command gets a terminal of its own: when both stdin and stdout are terminals. */
  readonly terminal: boolean;
  readonly observer: RunObserver;
}

/** Who watches the run as it goes. Must not throw. */
export interface RunObserver {
  /** Everything is ready and recorded; the command starts next. */
  started(run: RunId, control: RunControl): void;
  event(event: NewEvent): void;
  /** Something the person should know at once, in one line. */
  say(text: string): void;
}

export type EndReason = "exited" | "killed" | "wall-time" | "budget" | "tampering" | "supervisor" | "record";

/** A command that was refused, and why. */
export interface Refusal {
  readonly argv: readonly string[];
  readonly reason: string;
  readonly policies: readonly string[];
}

/** How a run went. */
export interface RunOutcome {
  readonly run: RunId;
  /** The command's own; 126 it was refused itself, 127 it does not exist, 128+n ended by signal n. */
  readonly status: number;
  readonly reason: EndReason;
  /** Why, for every reason but `exited` and `killed`. */
  readonly detail: string | undefined;
  readonly wallMs: number;
  readonly counts: {
    readonly execs: number;
    readonly refused: number;
    readonly asked: number;
    readonly connections: number;
    readonly hostsRefused: number;
    /** Of connections that were looked into. */
    readonly requests: number;
    readonly requestsRefused: number;
    /** Placeholders of credentials that were misused. */
    readonly alarms: number;
  };
  /** Undefined where no model was heard. */
  readonly models: EventOf<"run.ended">["models"];
  /** Budgets of the profile that were used up, in order. */
  readonly budgets: readonly SpentBudget[];
  /** The first ten, for a summary. */
  readonly refusedRequests: readonly { readonly what: string; readonly reason: string }[];
  /** The first ten, for a summary; all are in the record. */
  readonly refusals: readonly Refusal[];
  /** `name:port`; at most 200. */
  readonly hostsReached: readonly string[];
  readonly hostsRefused: readonly string[];
  readonly changed: ChangedFiles;
  readonly enforcement: readonly Enforcement[];
  /** Where the record is, and the head that covers the run's last entry; undefined when the record was lost. */
  readonly record: {
    readonly directory: string;
    readonly head: TreeHead | undefined;
    /** Indexes of the run's first and last entry; undefined as the head is. */
    readonly range: { readonly first: number; readonly last: number } | undefined;
    /** Where the profile names witnesses: which of them have cosigned a head that covers the run's last entry. */
    readonly witnessed: WitnessReport | undefined;
  };
}
