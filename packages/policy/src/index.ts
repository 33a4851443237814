export type * from "./types.ts";
export { PolicyError, type PolicyErrorCode } from "./errors.ts";
export { digestPolicySet, formatProblem, type PolicySource, type Problem } from "./source.ts";
export { openDecider, type CedarDecider, type CompiledCache, type DeciderOptions } from "./decide/decider.ts";
export { checkPolicySet, formatPolicy } from "./review/check.ts";
export { explain, type ExplainedPolicy, type ExplainedSubject, type Explanation } from "./review/explain.ts";
export {
  connectRequestFor,
  execRequestFor,
  runPolicyTests,
  type PolicyTestResult,
  type TestReport,
} from "./review/policy-tests.ts";
export { STANDARD_POLICIES } from "./standard/standard.ts";
export { SCHEMA } from "./schema.ts";
