export { AuditError, type AuditErrorCode } from "./errors.ts";
export type { Event, EventOf } from "./events.ts";
export type { FollowOptions } from "./follow.ts";
export type { NewEvent, RunLog, TreeHead } from "./log-types.ts";
export {
  eventJsonSchema,
  followLog,
  followRun,
  isPrefix,
  listRuns,
  loadEventSchema,
  readHead,
  readLog,
  readRun,
  verifyLog,
} from "./queries.ts";
export type { LoggedEvent } from "./read-run.ts";
export { readVerifierKey, tilesDirectory } from "./read.ts";
export { openRunLog, type RunLogOptions } from "./run-log.ts";
export type { RunSummary } from "./run-index.ts";
export type { VerifyLogOptions } from "./verify-log.ts";
export type { Problem, ProblemKind } from "./verify/problems.ts";
export type { Verification } from "./verify/verify.ts";
