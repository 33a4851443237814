import { Cedar } from "../cedar/cedar.privileged.ts";
import { PolicyError } from "../errors.ts";
import { findForbiddenPermits } from "../layers/permits.ts";
import { ATTRIBUTES, Facts } from "../request/facts.ts";
import { subjectsOf, type Subject } from "../request/subject.ts";
import { digestPolicySet, formatProblem, type PolicySource, type Problem } from "../source.ts";
import type { Decider, Decision, DecisionRequest, DecisionScope } from "../types.ts";
import { readCompiled, writeCompiled, type CompiledPolicy } from "./compiled.ts";
import { combine, failed, type Verdict } from "./decision.ts";
import { Judge, type Judgement } from "./judge.ts";
import { Slices, type Rule } from "./slices.ts";

/**
 * Where compiled policy sets are kept between runs, by a key of lower-case letters, digits and `-`. What it gives is
 * checked; what it lost or damaged is compiled again. It must be out of the reach of the run that is decided about.
 */
export interface CompiledCache {
  read(key: string): string | undefined;
  write(key: string, text: string): void;
}

export interface DeciderOptions {
  readonly sources: readonly PolicySource[];
  readonly cache: CompiledCache | undefined;
}

/** A decider that can load Cedar ahead of the first request that needs it. */
export interface CedarDecider extends Decider {
  /** Loads Cedar in its worker; resolves when it is ready. Not needed for correctness. */
  warm(): Promise<void>;
}

/**
 * Opens a policy set: from the cache when it was compiled before, else by Cedar. Policies that decide by scope alone never
 * need Cedar again.
 * @throws PolicyError POLICY_INVALID (with all `problems`), POLICY_CEDAR_FAILED
 */
export async function openDecider(options: DeciderOptions): Promise<CedarDecider> {
  const cedar = new Cedar();
  try {
    const { policies, policyDigest } = await openPolicies(cedar, options);
    return new SlicingDecider(cedar, policies, policyDigest);
  } catch (error) {
    await cedar.close();
    throw error;
  }
}

function invalidPolicySet(problems: readonly Problem[]): PolicyError {
  const errors = problems.filter(({ severity }) => severity === "error");
  const more = errors.length > 1 ? ` (and ${String(errors.length - 1)} more)` : "";
  const first = errors[0] === undefined ? "the policy set is not valid" : formatProblem(errors[0]);
  return new PolicyError("POLICY_INVALID", `${first}${more}`, { problems, remedy: "run `bailiwick policy check`" });
}

/** A policy set's compiled form, from the cache or from Cedar. @throws PolicyError POLICY_INVALID, POLICY_CEDAR_FAILED */
export async function openPolicies(
  cedar: Cedar,
  { sources, cache }: DeciderOptions,
): Promise<{ readonly policies: readonly CompiledPolicy[]; readonly policyDigest: string }> {
  const policyDigest = digestPolicySet(sources);
  const key = `policy-${policyDigest.slice("sha256:".length)}`;
  const kept = cache?.read(key);
  const known = kept === undefined ? undefined : readCompiled(kept, policyDigest);
  if (known !== undefined) return { policies: requireTightening(sources, known), policyDigest };
  const { policies, problems } = await cedar.compile(sources);
  if (problems.some(({ severity }) => severity === "error")) throw invalidPolicySet(problems);
  requireTightening(sources, policies);
  cache?.write(key, writeCompiled(policies, policyDigest));
  return { policies, policyDigest };
}

/** The cache knows policies by their texts, and not who may permit: so this is looked at each time. */
function requireTightening(sources: readonly PolicySource[], policies: readonly CompiledPolicy[]): typeof policies {
  const problems = findForbiddenPermits(sources, policies);
  if (problems.length > 0) throw invalidPolicySet(problems);
  return policies;
}

/** The decider itself, over policies that were compiled. Closing it closes `cedar`. */
export class SlicingDecider implements CedarDecider {
  readonly policyDigest: string;
  readonly #cedar: Cedar;
  readonly #slices: Slices;
  readonly #judge: Judge;

  constructor(cedar: Cedar, policies: readonly CompiledPolicy[], policyDigest: string) {
    this.policyDigest = policyDigest;
    this.#cedar = cedar;
    this.#slices = new Slices(policies);
    this.#judge = new Judge(cedar, policyDigest);
  }

  decide(request: DecisionRequest): Decision | Promise<Decision> {
    try {
      const verdicts = subjectsOf(request).map((subject) => this.#decideSafely(subject));
      const ready = verdicts.filter((each): each is Verdict => !(each instanceof Promise));
      if (ready.length === verdicts.length) return combine(ready, this.policyDigest);
      return Promise.all(verdicts).then((all) => combine(all, this.policyDigest));
    } catch (error) {
      return failed(messageOf(error), this.policyDigest);
    }
  }

  async warm(): Promise<void> {
    await this.#cedar.warm();
  }

  async close(): Promise<void> {
    await this.#cedar.close();
  }

  /** Whatever goes wrong while deciding is a denial that says so. */
  #decideSafely(subject: Subject): Verdict | Promise<Verdict> {
    const failure = (error: unknown): Verdict => ({
      ...verdict(subject, "deny", { satisfied: [], dependsOn: new Set() }),
      failure: messageOf(error),
    });
    try {
      const decided = this.#decideOne(subject);
      return decided instanceof Promise ? decided.catch(failure) : decided;
    } catch (error) {
      return failure(error);
    }
  }

  #decideOne(subject: Subject): Verdict | Promise<Verdict> {
    const slice = this.#slices.find(subject);
    const outright = slice.unconditional.filter(({ policy }) => policy.effect === "forbid");
    // Nothing can lift a forbid without conditions, so what else applies need not be known.
    if (outright.length > 0) return verdict(subject, "deny", { satisfied: outright, dependsOn: new Set() });
    const facts = new Facts(subject, slice.entities, subject.request.approved);
    const judgement = this.#judge.judge(slice, facts);
    const conclude = (found: Judgement): Verdict | Promise<Verdict> => {
      const forbids = found.satisfied.filter(({ policy }) => policy.effect === "forbid");
      if (found.satisfied.length > 0 && forbids.length === 0) return verdict(subject, "allow", found);
      const mayAsk = forbids.length > 0 && !facts.approved && forbids.every(({ policy }) => policy.ask !== undefined);
      if (!mayAsk) return verdict(subject, "deny", found);
      // A question is worth asking only if yes would be enough.
      const approved = this.#judge.judge(slice, new Facts(subject, slice.entities, true, facts));
      return approved instanceof Promise
        ? approved.then((second) => afterApproval(subject, found, second))
        : afterApproval(subject, found, approved);
    };
    return judgement instanceof Promise ? judgement.then(conclude) : conclude(judgement);
  }
}

function afterApproval(subject: Subject, asked: Judgement, approved: Judgement): Verdict {
  const forbids = approved.satisfied.filter(({ policy }) => policy.effect === "forbid");
  const dependsOn = new Set([...asked.dependsOn, ...approved.dependsOn]);
  if (forbids.length > 0) return verdict(subject, "deny", { satisfied: forbids, dependsOn });
  return verdict(subject, approved.satisfied.length > 0 ? "ask" : "deny", { satisfied: asked.satisfied, dependsOn });
}

function verdict(subject: Subject, outcome: Verdict["outcome"], judgement: Judgement): Verdict {
  return {
    outcome,
    policies: judgement.satisfied.map(({ policy }: Rule) => policy),
    scope: scopeOf(subject, judgement.dependsOn),
    failure: undefined,
    what: nameOf(subject),
  };
}

function nameOf({ request, link, path }: Subject): string {
  switch (request.action) {
    case "exec":
      return link?.program.path ?? "";
    case "connect":
      return request.host;
    case "httpRequest":
      return `${request.method} ${request.host}/${(path ?? []).join("/")}`;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function scopeOf(subject: Subject, dependsOn: ReadonlySet<string>): DecisionScope {
  if (subject.request.approved) return "once";
  const steadiness = new Set([...dependsOn].map((attribute) => ATTRIBUTES[attribute]?.steadiness ?? "moment"));
  if (steadiness.has("moment")) return "once";
  return steadiness.has("request") || subject.dispatched ? "exact" : "program";
}
