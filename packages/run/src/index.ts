export { accountName } from "./account.ts";
export {
  Approvals,
  type Answer,
  type Answered,
  type Approver,
  type ExecQuestion,
  type HostQuestion,
  type Question,
  type QuestionDesk,
} from "./approvals.ts";
export { RunError, type RunErrorCode } from "./errors.ts";
export { readEnrolment } from "./enrolled-server.ts";
export { findProgram } from "./find-program.ts";
export { isAlive, listLiveRuns, startTicksOf, type LiveRun } from "./live-runs.ts";
export { policyFilesOf, readPolicies, type PolicyText } from "./policy-files.ts";
export { locateStateDirectory, openStateDirectory, type StateDirectory } from "./state-directory.ts";
export { configDirectory } from "./config-directory.ts";
export { addWitness, findWitnesses, readWitnesses, removeWitness } from "./witness-registry.ts";
export { HeldPolicies, type HeldLayer, type PolicyReport } from "./layers/held-policies.ts";
export { openCompanyPolicies } from "./layers/company-policies.ts";
export { readStanding, takeFetchedPolicies, type CompanyPolicies } from "./layers/open-policies.ts";
export { projectPolicies, readProfilePolicies } from "./rule-policies.ts";
export type { RunControl } from "./run-control.ts";
export { startRun } from "./start-run.ts";
export { failureText, type WitnessReport } from "./witnessing.ts";
export type { EndReason, Refusal, RunObserver, RunOptions, RunOutcome } from "./run-types.ts";
