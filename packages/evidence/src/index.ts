export { checkEvidence, type EvidenceCheck, type EvidenceProblem } from "./check.ts";
export { FRAMEWORKS, isFramework, type FrameworkName } from "./controls/frameworks.ts";
export { EvidenceError, type EvidenceErrorCode } from "./errors.ts";
export type { Order, Period } from "./facts.ts";
export type { EvidenceLog, EvidenceRun } from "./log.ts";
export { makeEvidence, type Evidence, type EvidenceOptions } from "./make.ts";
export { writeEvidence, type WriteOptions, type Written } from "./write.ts";
