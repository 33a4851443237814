/** Policies in words, for people who review them. What is said here decides nothing: whoever has to know reads the policy. */
import { isJsonObject } from "@bailiwick/base";
import type { CompiledPolicy, ScopeConstraint } from "../decide/compiled.ts";
import type { Entity } from "../request/subject.ts";

export interface PolicyInWords {
  readonly id: string;
  readonly source: string;
  /** Where it begins, from 1. */
  readonly line: number;
  readonly does: "allows" | "refuses" | "asks";
  /** One sentence: what it is about, and under which conditions. */
  readonly words: string;
  readonly reason: string | undefined;
  readonly instead: string | undefined;
  /** Who may answer what it asks. */
  readonly ask: string | undefined;
}

export function policyInWords(policy: CompiledPolicy): PolicyInWords {
  const { id, source, line, effect, reason, instead, ask, conditions } = policy;
  const does = effect === "permit" ? "allows" : ask === undefined ? "refuses" : "asks";
  const clauses = conditions.flatMap(({ kind, body }) => {
    const text = wordsOf(body);
    // How a policy asks: a yes lifts it. That it asks is said already.
    if (ask !== undefined && kind === "unless" && text === "approved") return [];
    return [`${kind === "when" ? "if" : "unless"} ${text}`];
  });
  const who = principalWords(policy.principal);
  const about = [actionWords(policy.action), ...resourceWords(policy.resource), ...who].join(" ");
  return { id, source, line, does, words: [about, ...clauses].join(", "), reason, instead, ask };
}

const ACTION_WORDS: Readonly<Record<string, string>> = {
  exec: "starting a program",
  connect: "reaching a host",
  httpRequest: "sending a request",
};

function actionWords(action: ScopeConstraint): string {
  const named = entitiesOf(action).map(({ id }) => ACTION_WORDS[id] ?? id);
  return named.length === 0 ? "anything" : named.join(" or ");
}

function resourceWords(resource: ScopeConstraint): string[] {
  if (resource.op === "is" && resource.within === undefined) return [];
  const named = entitiesOf(resource).map(({ type, id }) => (type.endsWith("Group") ? id : `${type} ${id}`));
  return named.length === 0 ? [] : [`(${named.join(", ")})`];
}

function principalWords(principal: ScopeConstraint): string[] {
  const named = entitiesOf(principal).map(({ type, id }) => `${type.toLowerCase()} ${id}`);
  return named.length === 0 ? [] : [`by runs of ${named.join(" or ")}`];
}

function entitiesOf(constraint: ScopeConstraint): readonly Entity[] {
  switch (constraint.op) {
    case "all":
      return [];
    case "equal":
      return [constraint.entity];
    case "in":
      return constraint.entities;
    case "is":
      return constraint.within === undefined ? [] : [constraint.within];
  }
}

const BETWEEN: Readonly<Record<string, string>> = {
  ...{ "==": "is", "!=": "is not", "<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least" },
  ...{ in: "is in", "+": "+", "-": "-", "*": "×" },
  ...{ contains: "has", containsAll: "has all of", containsAny: "has any of" },
};

/** Cedar's JSON form of an expression. What is not known here is said to be so, and never left out. */
function wordsOf(expression: unknown): string {
  const [[operator = "", of] = []] = isJsonObject(expression) ? Object.entries(expression) : [];
  if (operator === "Value") return valueWords(of);
  if (operator === "Var") return of === "context" ? "what is asked" : String(of);
  if (operator === "Set" && Array.isArray(of)) return of.map(wordsOf).join(", ");
  if (!isJsonObject(of)) return "(see its text)";
  const { left, right, attr } = of;
  if (operator === ".") return isContext(left) ? String(attr) : `${wordsOf(left)} ${String(attr)}`;
  if (operator === "has") return `${isContext(left) ? "" : `${wordsOf(left)} `}${String(attr)} is known`;
  if (operator === "&&") return `${inner(left, "||")} and ${inner(right, "||")}`;
  if (operator === "||") return `${inner(left, "&&")} or ${inner(right, "&&")}`;
  if (operator === "!") return `not (${wordsOf(of["arg"])})`;
  if (operator === "like") return `${wordsOf(left)} is like ${patternWords(of["pattern"])}`;
  if (operator === "is") return `${wordsOf(left)} is a ${String(of["entity_type"])}`;
  const between = Object.hasOwn(BETWEEN, operator) ? BETWEEN[operator] : undefined;
  return between === undefined ? "(see its text)" : `${wordsOf(left)} ${between} ${wordsOf(right)}`;
}

function inner(expression: unknown, other: string): string {
  const words = wordsOf(expression);
  return isJsonObject(expression) && other in expression ? `(${words})` : words;
}

function isContext(expression: unknown): boolean {
  return isJsonObject(expression) && expression["Var"] === "context";
}

function valueWords(value: unknown): string {
  const entity = isJsonObject(value) ? value["__entity"] : undefined;
  if (isJsonObject(entity)) return `${String(entity["type"])} ${JSON.stringify(entity["id"])}`;
  return JSON.stringify(value);
}

function patternWords(pattern: unknown): string {
  if (!Array.isArray(pattern)) return "(see its text)";
  const parts: readonly unknown[] = pattern;
  return JSON.stringify(parts.map((part) => (isJsonObject(part) ? String(part["Literal"]) : "*")).join(""));
}
