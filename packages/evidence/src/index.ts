export { checkEvidence, type EvidenceCheck, type EvidenceProblem } from "./check.ts";
export { FRAMEWORKS, isFramework, type FrameworkName } from "./controls/frameworks.ts";
export { EvidenceError, type EvidenceErrorCode } from "./errors.ts";
export type { Period } from "./facts.ts";
export { makeEvidence, type Evidence, type EvidenceOptions } from "./make.ts";
