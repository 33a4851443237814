export { AuditError, type AuditErrorCode } from "./errors.ts";
export type { Event, EventOf } from "./events.ts";
export type { FollowOptions } from "./follow.ts";
export type { NewEvent, RunLog, TreeHead } from "./log-types.ts";
export type { EraseOptions, Erasure } from "./erase.ts";
export type { Finding, FindingKind } from "./fsck/finding.ts";
export type { CheckFilesOptions, FilesCheck } from "./fsck/fsck.ts";
export type { KeyRotation, RotateOptions } from "./rotate.ts";
export { FileLock, type HeldLock, type LogLock } from "./lock.ts";
export { LOG_ITSELF } from "./personal.ts";
export {
  checkFiles,
  entryJsonSchema,
  eraseRuns,
  eventJsonSchema,
  followLog,
  followRun,
  isPrefix,
  listRuns,
  loadEventSchema,
  readHead,
  readLog,
  readRun,
  rotateKey,
  verifyLog,
} from "./queries.ts";
export type { LoggedEvent } from "./read-run.ts";
export { openCopy } from "./open-copy.ts";
export { recordingPath } from "./private-records.ts";
export { readVerifierKey, tilesDirectory } from "./read.ts";
export { openRunLog, type RunLogOptions } from "./run-log.ts";
export type { ProofProblem, ProofReport, ProofTrust } from "./proof-file/check-proof.ts";
export { reportText } from "./proof-file/report-text.ts";
export { checkProof, eventOfProof, openProver, proveEntry, readStatement, signStatement } from "./proofs.ts";
export type { Statement } from "./statement.ts";
export type { RunSummary } from "./run-summary.ts";
export type { VerifyLogOptions } from "./verify-log.ts";
export type { Problem, ProblemKind } from "./verify/problems.ts";
export type { OtherCheckpoint } from "./verify/other-heads.ts";
export type { Verification } from "./verify/verify.ts";
export type { VerifierKey } from "./note.ts";
export {
  cosignHead,
  formatWitnessKey,
  parseLogKey,
  parseWitnessKey,
  readOwnWitnessKey,
  readWitnessedHeads,
  rememberedByWitness,
  startWitness,
} from "./witnesses.ts";
export type { KnownWitness, Witnessed, WitnessFailure } from "./witness/cosign.ts";
export type { WatchedLog } from "./witness/witness.ts";
export type { WitnessedHead } from "./witness/witnessed-heads.ts";
export type { Continuation, ContinuationFault, Continued, HeldLog } from "./replica/held-log.ts";
export type { KeptExtension, ReadKept } from "./replica/kept-log.ts";
export type { ContinuationLimits, SentContinuation } from "./replica/read-continuation.ts";
export { holdLock, keepCosignature, loadHolding, makeLog, readContinuation } from "./replicas.ts";
