import type { RunLog } from "@bailiwick/audit";
import type { RunId } from "@bailiwick/base";
import type { Decider } from "@bailiwick/policy";
import type { Sandbox } from "@bailiwick/sandbox";
import type { Digests } from "./digests.ts";
import type { PreparedRun } from "./prepare-run.ts";
import type { ProgramNames } from "./program-names.ts";
import type { StateDirectory } from "./state-directory.ts";

/** A run of which every part is there, and nothing has started yet. */
export interface ReadyRun extends Omit<PreparedRun, "policies" | "searchPath"> {
  readonly run: RunId;
  readonly startedAt: number;
  /** The same on the clock of performance.now(), which nobody puts back. */
  readonly begunAt: number;
  readonly hostname: string;
  readonly state: StateDirectory;
  readonly digests: Digests;
  readonly names: ProgramNames;
  readonly sandbox: Sandbox;
  readonly decider: Decider;
  readonly log: RunLog;
}
