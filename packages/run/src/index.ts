export { accountName } from "./account.ts";
export { Approvals, type Answer, type Approver, type Question } from "./approvals.ts";
export { RunError, type RunErrorCode } from "./errors.ts";
export { findProgram } from "./find-program.ts";
export { isAlive, listLiveRuns, type LiveRun } from "./live-runs.ts";
export { policyFilesOf, readPolicies, type PolicyText } from "./policy-files.ts";
export { locateStateDirectory, openStateDirectory, type StateDirectory } from "./state-directory.ts";
export { startRun } from "./start-run.ts";
export type { EndReason, Refusal, RunObserver, RunOptions, RunOutcome } from "./run-types.ts";
