import type { Cedar } from "../cedar/cedar.privileged.ts";
import type { AuthorizationCall, ContextValue, Evaluation } from "../cedar/messages.ts";
import { PolicyError } from "../errors.ts";
import { ATTRIBUTES, isSet, type Fact, type Facts } from "../request/facts.ts";
import type { Entity } from "../request/subject.ts";
import { sha256 } from "../source.ts";
import { LruMap } from "./lru.ts";
import type { Rule, Slice } from "./slices.ts";

/** Which policies of a slice are satisfied. Forbids only, when there are any: then permits do not matter. */
export interface Judgement {
  readonly satisfied: readonly Rule[];
  /** The context attributes that this depends on. */
  readonly dependsOn: ReadonlySet<string>;
}

const ANSWERS = 4096;
/** An answer's key may be as long as a command line; longer ones are kept by their hash. */
const KEY_LENGTH = 200;
/** UTF-16 units of argument text times the conditions to test on it: a tenth of a second of looking. */
const MAX_WORK = 1 << 27;
/** UTF-16 units of context that Cedar is given; `like` on more takes too long. */
const MAX_CONTEXT = 64 * 1024;

/** Finds the satisfied policies: by itself where conditions are plainly false, from earlier answers, or from Cedar. */
export class Judge {
  readonly #cedar: Cedar;
  readonly #policyDigest: string;
  readonly #answers = new LruMap<string, readonly string[]>(ANSWERS);
  readonly #asking = new Map<string, Promise<readonly string[]>>();

  constructor(cedar: Cedar, policyDigest: string) {
    this.#cedar = cedar;
    this.#policyDigest = policyDigest;
  }

  /** @throws PolicyError when it can't be found out; that must mean deny */
  judge(slice: Slice, facts: Facts): Judgement | Promise<Judgement> {
    if (facts.size * slice.conditional.length > MAX_WORK) throw tooLarge(facts.size);
    facts.asked.clear();
    const remaining = slice.conditional.filter((rule) => rule.test(facts) !== false);
    const dependsOn = new Set(facts.asked);
    if (remaining.length === 0) return { satisfied: determining(slice.unconditional), dependsOn };
    for (const attribute of attributesOf(remaining, facts)) dependsOn.add(attribute);
    const answer = this.#ask(slice, remaining, facts);
    const conclude = (ids: readonly string[]): Judgement => {
      const satisfied = remaining.filter(({ policy }) => ids.includes(policy.id));
      return { satisfied: determining([...slice.unconditional, ...satisfied]), dependsOn };
    };
    return answer instanceof Promise ? answer.then(conclude) : conclude(answer);
  }

  /** The ids of the satisfied ones among the remaining policies, as Cedar finds them. */
  #ask(slice: Slice, remaining: readonly Rule[], facts: Facts): readonly string[] | Promise<readonly string[]> {
    const context = contextOf(remaining, facts);
    const ids = remaining.map(({ policy }) => policy.id);
    // INVARIANT(answer-key): the slice fixes principal, action and resource; the policies see no other attributes.
    const text = JSON.stringify([slice.number, ids, context]);
    const key = text.length > KEY_LENGTH ? sha256(text) : text;
    const known = this.#answers.get(key) ?? this.#asking.get(key);
    if (known !== undefined) return known;
    if (text.length > MAX_CONTEXT) throw tooLarge(text.length);
    const asking = this.#evaluate(remaining, facts, context)
      .then((found) => {
        this.#answers.set(key, found);
        return found;
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #evaluate(
    remaining: readonly Rule[],
    facts: Facts,
    context: AuthorizationCall["context"],
  ): Promise<readonly string[]> {
    const key = JSON.stringify([this.#policyDigest, remaining.map(({ order }) => order)]);
    const policies = () => Object.fromEntries(remaining.map(({ policy }) => [policy.id, policy.text]));
    return checked(await this.#cedar.evaluate(key, policies, authorizationCall(facts, context)));
  }
}

/** Cedar skips a policy that fails to evaluate, so that a failing `forbid` would not forbid: any failure is a refusal here. */
export function checked(evaluation: Evaluation): readonly string[] {
  if (evaluation.errors.length === 0) return evaluation.reasons;
  throw new PolicyError(
    "POLICY_CEDAR_FAILED",
    `evaluation failed in ${evaluation.errors.join("; ").replaceAll(/\s+/g, " ")}`,
  );
}

export function authorizationCall(facts: Facts, context: AuthorizationCall["context"]): AuthorizationCall {
  const { principal, resource } = facts.entities;
  const { action } = facts.subject;
  return {
    principal: uid(principal),
    action: { type: "Action", id: action },
    resource: uid(resource),
    entities: [principal, resource].map((each) => ({ uid: uid(each), parents: each.parents.map(uid) })),
    context,
  };
}

/** Exactly the attributes that these policies mention: were one left out, evaluation would fail, and that is a denial. */
export function contextOf(rules: readonly Rule[], facts: Facts): AuthorizationCall["context"] {
  const context: Record<string, ContextValue> = {};
  for (const attribute of attributesOf(rules, facts)) {
    const value = facts.get(attribute);
    if (value !== undefined) context[attribute] = plain(value);
  }
  return context;
}

function attributesOf(rules: readonly Rule[], facts: Facts): readonly string[] {
  const all = rules.some(({ attributes }) => attributes === "all");
  const mentioned = all
    ? Object.keys(ATTRIBUTES)
    : rules.flatMap(({ attributes }) => (attributes === "all" ? [] : [...attributes]));
  return [...new Set(mentioned)].filter((attribute) => facts.has(attribute)).sort();
}

function determining(satisfied: readonly Rule[]): readonly Rule[] {
  const forbids = satisfied.filter(({ policy }) => policy.effect === "forbid");
  return (forbids.length > 0 ? forbids : satisfied).toSorted((a, b) => a.order - b.order);
}

function plain(fact: Fact): ContextValue {
  return isSet(fact) ? [...fact].sort() : fact;
}

function uid({ type, id }: Entity): { readonly type: string; readonly id: string } {
  return { type, id };
}

function tooLarge(size: number): PolicyError {
  return new PolicyError(
    "POLICY_REQUEST_TOO_LARGE",
    `the arguments are too long to be judged by the policies that apply (${String(size)} characters); pass them in a file`,
  );
}
