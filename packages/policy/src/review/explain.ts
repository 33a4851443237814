import { Cedar } from "../cedar/cedar.privileged.ts";
import type { AuthorizationCall } from "../cedar/messages.ts";
import { openPolicies, SlicingDecider, type DeciderOptions } from "../decide/decider.ts";
import { authorizationCall, contextOf } from "../decide/judge.ts";
import { Slices, type Rule, type Slice } from "../decide/slices.ts";
import { PolicyError } from "../errors.ts";
import { Facts } from "../request/facts.ts";
import { subjectsOf, type Subject } from "../request/subject.ts";
import type { Decision, DecisionRequest } from "../types.ts";

/** One policy whose scope covers what was asked, and what it says to it. */
export interface ExplainedPolicy {
  readonly id: string;
  readonly effect: "permit" | "forbid";
  readonly source: string;
  readonly line: number;
  readonly text: string;
  /** `failed`: it could not be evaluated, which denies. */
  readonly result: "satisfied" | "not satisfied" | "failed";
  /** The context attributes that its conditions look at, with their values here. */
  readonly facts: AuthorizationCall["context"];
}

/** What was looked at for one program or host. */
export interface ExplainedSubject {
  /** A program's path or a host. */
  readonly what: string;
  /** Empty for a connect. */
  readonly argv: readonly string[];
  /** Satisfied ones first, then in the set's order. */
  readonly policies: readonly ExplainedPolicy[];
}

export interface Explanation {
  readonly decision: Decision;
  readonly subjects: readonly ExplainedSubject[];
  /** How many policies the set has. */
  readonly policyCount: number;
}

/**
 * What would be decided, and which policies say so. Every policy is evaluated by itself, by Cedar.
 * @throws PolicyError POLICY_INVALID, POLICY_CEDAR_FAILED
 */
export async function explain(options: DeciderOptions, request: DecisionRequest): Promise<Explanation> {
  const cedar = new Cedar();
  try {
    const { policies, policyDigest } = await openPolicies(cedar, options);
    const decision = await new SlicingDecider(cedar, policies, policyDigest).decide(request);
    const slices = new Slices(policies);
    const subjects: ExplainedSubject[] = [];
    for (const subject of subjectsOf(request)) {
      subjects.push(await explainSubject(cedar, subject, slices.find(subject)));
    }
    return { decision, subjects, policyCount: policies.length };
  } finally {
    await cedar.close();
  }
}

async function explainSubject(cedar: Cedar, subject: Subject, slice: Slice): Promise<ExplainedSubject> {
  const facts = new Facts(subject, slice.entities, subject.request.approved);
  const rules = [...slice.unconditional, ...slice.conditional].sort((a, b) => a.order - b.order);
  const policies: ExplainedPolicy[] = [];
  for (const rule of rules) policies.push(await explainRule(cedar, rule, facts));
  const rank = ({ result }: ExplainedPolicy) => ["satisfied", "failed", "not satisfied"].indexOf(result);
  return {
    what: slice.entities.resource.id,
    argv: subject.link?.argv ?? [],
    policies: policies.toSorted((a, b) => rank(a) - rank(b)),
  };
}

async function explainRule(cedar: Cedar, rule: Rule, facts: Facts): Promise<ExplainedPolicy> {
  const { id, effect, source, line, text } = rule.policy;
  const context = contextOf([rule], facts);
  return { id, effect, source, line, text, facts: context, result: await evaluate(cedar, rule, facts, context) };
}

async function evaluate(
  cedar: Cedar,
  rule: Rule,
  facts: Facts,
  context: AuthorizationCall["context"],
): Promise<ExplainedPolicy["result"]> {
  const { id, text } = rule.policy;
  try {
    const found = await cedar.evaluate(`explain ${id}`, () => ({ [id]: text }), authorizationCall(facts, context));
    if (found.errors.length > 0) return "failed";
    return found.reasons.includes(id) ? "satisfied" : "not satisfied";
  } catch (error) {
    if (error instanceof PolicyError) return "failed";
    throw error;
  }
}
