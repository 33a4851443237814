import { formatCommand } from "@bailiwick/base";
import { termsOf } from "../ask-terms.ts";
import { mostSevere } from "../severity.ts";
import type { Decision, DecisionScope, Outcome } from "../types.ts";
import type { CompiledPolicy } from "./compiled.ts";

/** What is decided about one subject, before the links of an exec are put together. */
export interface Verdict {
  readonly outcome: Outcome;
  /** The policies that determined it. */
  readonly policies: readonly CompiledPolicy[];
  readonly scope: DecisionScope;
  readonly failure: string | undefined;
  /** What was judged, for the sentence that says nothing permits it: a program's path or a host. */
  readonly what: string;
}

const STRICTNESS: Readonly<Record<Outcome, number>> = { allow: 0, ask: 1, deny: 2 };
const WIDTH: Readonly<Record<DecisionScope, number>> = { once: 0, exact: 1, program: 2 };

/** The strictest verdict wins; it holds only as widely as the narrowest. */
export function combine(verdicts: readonly Verdict[], policyDigest: string): Decision {
  const strictest = Math.max(...verdicts.map(({ outcome }) => STRICTNESS[outcome]));
  const winning = verdicts.filter(({ outcome }) => STRICTNESS[outcome] === strictest);
  const first = winning[0];
  if (first === undefined) return failed("nothing to decide about", policyDigest);
  const { outcome } = first;
  const policies = unique(winning.flatMap((verdict) => verdict.policies));
  const severity = mostSevere(policies.map((policy) => policy.severity));
  const failure = winning.find((verdict) => verdict.failure !== undefined)?.failure;
  return {
    outcome,
    policies: policies.map(({ id }) => id),
    reason: outcome === "allow" ? "" : reasonOf(winning, policies, failure),
    instead: outcome === "allow" ? undefined : sentence(policies.map(({ instead }) => instead)),
    approver:
      outcome === "ask"
        ? sentence(
            policies.map(({ ask }) => ask),
            ", ",
          )
        : undefined,
    ...(outcome !== "allow" && severity !== undefined && { severity }),
    ...(outcome === "ask" && { terms: termsOf(policies.map(({ asking }) => asking)) }),
    policyDigest,
    scope: outcome === "ask" || failure !== undefined ? "once" : narrowest(verdicts),
    failure,
  };
}

/** A denial because deciding failed. */
export function failed(why: string, policyDigest: string): Decision {
  return {
    outcome: "deny",
    policies: [],
    reason: failureReason(why),
    instead: undefined,
    approver: undefined,
    policyDigest,
    scope: "once",
    failure: why,
  };
}

function reasonOf(
  winning: readonly Verdict[],
  policies: readonly CompiledPolicy[],
  failure: string | undefined,
): string {
  if (failure !== undefined) return failureReason(failure);
  const given = sentence(policies.map(({ id, reason }) => reason ?? `policy \`${id}\` forbids it`));
  if (given !== undefined) return given;
  return `no policy permits ${formatCommand([winning[0]?.what ?? ""])}`;
}

function failureReason(why: string): string {
  return `it could not be decided, so it is refused: ${why}`;
}

function sentence(parts: readonly (string | undefined)[], separator = "; "): string | undefined {
  const known = unique(parts.filter((part) => part !== undefined && part !== ""));
  return known.length === 0 ? undefined : known.join(separator);
}

function narrowest(verdicts: readonly Verdict[]): DecisionScope {
  return verdicts.map(({ scope }) => scope).reduce((a, b) => (WIDTH[a] <= WIDTH[b] ? a : b));
}

function unique<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)];
}
