export type * from "./types.ts";
export { PolicyError, type PolicyErrorCode } from "./errors.ts";
export { digestPolicySet, formatProblem, type PolicySource, type Problem } from "./source.ts";
export { openDecider, type CedarDecider, type CompiledCache, type DeciderOptions } from "./decide/decider.ts";
export { checkPolicySet, formatPolicy, reviewPolicySet, type PolicySetReview } from "./review/check.ts";
export type { PolicyInWords } from "./review/words.ts";
export { explain, type ExplainedPolicy, type ExplainedSubject, type Explanation } from "./review/explain.ts";
export {
  connectRequestFor,
  execRequestFor,
  runPolicyTests,
  type PolicyTestResult,
  type TestReport,
} from "./review/policy-tests.ts";
export { httpRequestFor, NO_LEAK, type SentRequest } from "./request/http-request.ts";
export { readRequestTarget, type RequestTarget, type UnreadableTarget } from "./request/request-target.ts";
export { hostsOfHttpPolicies } from "./http-hosts.ts";
export { problemOfRuleSet, RULE_SET_NAMES, ruleSetPolicies, type RuleSetChoice } from "./rule-sets/rule-sets.ts";
export type { RuleSetName } from "./rule-sets/rule-set.ts";
export { isRecordedEvent, type RecordedEvent } from "./replay/recorded.ts";
export { WhatIfReplay, type Change, type WhatIf, type WhatIfOptions } from "./replay/what-if.ts";
export {
  bundleSources,
  digestBundle,
  layerName,
  LAYERS,
  LONGEST_BUNDLE,
  readBundle,
  writeBundle,
  type BundleText,
  type Layer,
  type PolicyBundle,
} from "./layers/bundle.ts";
export { STANDARD_POLICIES } from "./standard/standard.ts";
export { SCHEMA } from "./schema.ts";
export {
  ACCESS_ACTIONS,
  ACCESS_SCHEMA,
  ACTIONS,
  isAccessAction,
  RESOURCES,
  type AccessAction,
  type AccessContext,
  type ResourceType,
} from "./access/actions.ts";
export {
  openAccessDecider,
  REVIEWED_BY_OTHERS,
  type AccessDecider,
  type AccessDecision,
  type AccessPrincipal,
  type AccessRequest,
  type AccessResource,
  type Grant,
} from "./access/access.ts";
export { conditionsText, type GrantConditions } from "./access/conditions.ts";
export type { Risk } from "./access/risk.ts";
export { SEVERITIES, type Severity } from "./severity.ts";
export {
  BREAK_GLASS_RIGHTS,
  BUILT_IN_ROLES,
  customRole,
  isBuiltInRole,
  type BuiltInRole,
  type Role,
} from "./access/roles.ts";
