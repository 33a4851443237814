export type * from "./types.ts";
export { PolicyError, type PolicyErrorCode } from "./errors.ts";
export { digestPolicySet, formatProblem, type PolicySource, type Problem } from "./source.ts";
export { openDecider, type CedarDecider, type CompiledCache, type DeciderOptions } from "./decide/decider.ts";
