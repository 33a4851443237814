import type * as CedarWasm from "@cedar-policy/cedar-wasm/nodejs";
import { hostRemedy } from "../host-form.ts";
import { ASK_ANNOTATIONS, isAskAnnotation } from "../ask-terms.ts";
import { isSeverity, SEVERITIES, type Severity } from "../severity.ts";
import { attributesOf, requiredGroups } from "../decide/condition.ts";
import type { Clause, CompiledPolicy, ScopeConstraint } from "../decide/compiled.ts";
import type { Entity } from "../request/subject.ts";
import { SCHEMA } from "../schema.ts";
import type { PolicySource, Problem } from "../source.ts";
import type { Compilation } from "./messages.ts";
import { findStatements, locate, MAX_DEPTH, type Statement } from "./statements.ts";

/** What is needed of the package's exports. */
export type CedarCompiler = Pick<typeof CedarWasm, "policySetTextToParts" | "policyToJson" | "validate">;

const MAX_SOURCE_LENGTH = 8 * 1024 * 1024;
/** Of Cedar's JSON form, where a chain of 120 `||` is about 250 deep; evaluation overflows its stack at about 700. */
const MAX_EXPRESSION_DEPTH = 256;
const ANNOTATIONS = new Set(["id", "reason", "instead", "severity", "ask", ...Object.keys(ASK_ANNOTATIONS)]);

/** Parses and validates a policy set. Runs in the worker that holds Cedar; traps end that worker, not its caller. */
export function compilePolicySet(cedar: CedarCompiler, sources: readonly PolicySource[]): Compilation {
  const problems: Problem[] = [];
  const drafts = sources.flatMap((source) => readSource(cedar, source, problems));
  const unique = dropDuplicates(drafts, problems);
  problems.push(...validate(cedar, unique));
  const failed = problems.some((problem) => problem.severity === "error");
  return { policies: failed ? [] : unique.map((draft) => draft.policy), problems: sortProblems(problems) };
}

interface Draft {
  readonly policy: CompiledPolicy;
  readonly source: PolicySource;
  readonly start: number;
}

function readSource(cedar: CedarCompiler, source: PolicySource, problems: Problem[]): readonly Draft[] {
  const report = reporter(source, problems);
  if (source.text.length > MAX_SOURCE_LENGTH) {
    report(0, undefined, "the source is larger than 8 MiB", "split the policy set");
    return [];
  }
  if (!source.text.isWellFormed()) {
    report(0, undefined, "the source is not well-formed Unicode", "save it as UTF-8");
    return [];
  }
  const statements = findStatements(source.text);
  for (const statement of statements.filter(({ depth }) => depth > MAX_DEPTH)) {
    report(statement.start, undefined, `nested more than ${String(MAX_DEPTH)} levels deep`, "split the policy");
  }
  if (statements.some(({ depth }) => depth > MAX_DEPTH)) return [];
  const parts = cedar.policySetTextToParts(source.text);
  if (parts.type === "failure") {
    problems.push(...parts.errors.map((error) => describe(error, source, 0)));
    return [];
  }
  const byText = new Map(statements.map((statement) => [textOf(source, statement), statement.start]));
  for (const template of parts.policy_templates) {
    report(
      byText.get(template) ?? 0,
      undefined,
      "a policy with a slot is a template, and nothing fills it",
      "name the entity",
    );
  }
  return parts.policies.flatMap((text) => {
    const draft = readPolicy(cedar, { source, text, start: byText.get(text) ?? 0 }, problems);
    return draft === undefined ? [] : [draft];
  });
}

interface Place {
  readonly source: PolicySource;
  readonly text: string;
  readonly start: number;
}

function readPolicy(cedar: CedarCompiler, place: Place, problems: Problem[]): Draft | undefined {
  const answer = cedar.policyToJson(place.text);
  if (answer.type === "failure") {
    problems.push(...answer.errors.map((error) => describe(error, place.source, place.start)));
    return undefined;
  }
  const report = reporter(place.source, problems);
  const { json } = answer;
  const annotations: Readonly<Record<string, string>> = json.annotations ?? {};
  const id = annotations["id"];
  if (id === undefined || !/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/.test(id)) {
    const message = id === undefined ? "the policy has no `@id`" : `\`@id("${id}")\` is not a usable id`;
    report(
      place.start,
      id,
      message,
      'write `@id("team.what-it-is-about")` before it: letters, digits, `.`, `_`, `-`, `:`, `/`',
    );
    return undefined;
  }
  for (const name of Object.keys(annotations).filter((known) => !ANNOTATIONS.has(known))) {
    report(
      place.start,
      id,
      `unknown annotation \`@${name}\``,
      `use ${[...ANNOTATIONS].map((known) => `\`@${known}\``).join(", ")}`,
    );
  }
  if (depthOf(json.conditions) > MAX_EXPRESSION_DEPTH) {
    report(place.start, id, "the condition is too long a chain", "use a list with `containsAny`, or split the policy");
    return undefined;
  }
  const conditions: readonly Clause[] = json.conditions;
  const ask = annotations["ask"];
  const problem = (message: string, remedy: string): void => {
    report(place.start, id, message, remedy);
  };
  checkAsk({ ask, effect: json.effect, conditions }, problem);
  checkAskAnnotations(annotations, problem);
  checkSeverity(annotations["severity"], json.effect, problem);
  checkHosts(json, problem);
  return {
    source: place.source,
    start: place.start,
    policy: {
      id,
      source: place.source.name,
      line: locate(place.source.text, place.start).line,
      effect: json.effect,
      reason: annotations["reason"],
      instead: annotations["instead"],
      severity: severityOf(annotations),
      ask,
      asking: {
        class: annotations["class"],
        link: annotations["link"],
        approvals: annotations["approvals"],
        stepUp: annotations["stepUp"],
        risk: annotations["risk"],
      },
      principal: scopeOf(json.principal),
      action: scopeOf(json.action),
      resource: scopeOf(json.resource),
      conditions,
      groups: requiredGroups(conditions),
      text: place.text,
    },
  };
}

/**
 * Policies are asked about hosts in one spelling: one that names a host in another would never apply, and a `forbid` never forbid.
 */
function checkHosts(value: unknown, report: (message: string, remedy: string) => void): void {
  if (typeof value !== "object" || value === null) return;
  const { type, id } = value as { readonly type?: unknown; readonly id?: unknown };
  if (typeof id === "string" && (type === "Host" || type === "HostGroup")) {
    const remedy = hostRemedy(type, id);
    if (remedy !== undefined)
      report(`\`${type}::${JSON.stringify(id)}\` is no host that policies are asked about`, remedy);
  }
  for (const part of Object.values(value)) checkHosts(part, report);
}

/** A question needs both halves: the annotation that asks, and the clause that an approval lifts. */
function checkAsk(
  policy: Pick<CompiledPolicy, "ask" | "effect" | "conditions">,
  report: (message: string, remedy: string) => void,
): void {
  const attributes = attributesOf(policy.conditions);
  if (attributes === "all") {
    report("the condition uses `context` as a whole", "name its attributes: `context.verb`");
    return;
  }
  const mentions = attributes.has("approved");
  if (policy.ask === undefined) {
    if (mentions) report("`context.approved` without `@ask`: nobody would ever be asked", 'add `@ask("operator")`');
    return;
  }
  if (policy.ask === "") report("`@ask` names no role", 'write `@ask("operator")`');
  const lifted = policy.conditions.some(
    ({ kind, body }) => kind === "unless" && JSON.stringify(body) === JSON.stringify(APPROVED),
  );
  if (policy.effect !== "forbid" || !lifted) {
    report("`@ask` that no approval can lift", "make it a `forbid` with a clause `unless { context.approved }`");
  }
}

function checkAskAnnotations(
  annotations: Readonly<Record<string, string>>,
  report: (message: string, remedy: string) => void,
): void {
  for (const [name, value] of Object.entries(annotations)) {
    if (!isAskAnnotation(name)) continue;
    const { form, remedy } = ASK_ANNOTATIONS[name];
    if (!form.test(value)) report(`\`@${name}("${value}")\` says nothing that is known`, remedy);
    if (annotations["ask"] === undefined) report(`\`@${name}\` without \`@ask\``, 'add `@ask("operator")`');
  }
}

function checkSeverity(
  severity: string | undefined,
  effect: string,
  report: (message: string, remedy: string) => void,
): void {
  if (severity === undefined) return;
  if (!isSeverity(severity)) {
    report(`\`@severity("${severity}")\` says nothing that is known`, `write one of ${SEVERITIES.join(", ")}`);
  } else if (effect !== "forbid") {
    report("`@severity` of what is permitted", "write it at a `forbid`: it says how severe a refusal is");
  }
}

function severityOf({ severity }: Readonly<Record<string, string>>): Severity | undefined {
  return severity !== undefined && isSeverity(severity) ? severity : undefined;
}

const APPROVED = { ".": { left: { Var: "context" }, attr: "approved" } };

function scopeOf(
  constraint: CedarWasm.PrincipalConstraint | CedarWasm.ActionConstraint | CedarWasm.ResourceConstraint,
): ScopeConstraint {
  switch (constraint.op) {
    case "All":
      return { op: "all" };
    case "==":
      return { op: "equal", entity: entityOf(constraint) };
    case "in":
      return "entities" in constraint
        ? { op: "in", entities: constraint.entities.map(uidOf) }
        : { op: "in", entities: [entityOf(constraint)] };
    case "is":
      return {
        op: "is",
        type: constraint.entity_type,
        within: constraint.in === undefined ? undefined : entityOf(constraint.in),
      };
  }
}

function entityOf(holder: { entity: CedarWasm.EntityUidJson } | { slot: string }): Entity {
  if ("slot" in holder) throw new TypeError("a slot in a static policy");
  return uidOf(holder.entity);
}

function uidOf(uid: CedarWasm.EntityUidJson): Entity {
  const { type, id } = "__entity" in uid ? uid.__entity : uid;
  return { type, id };
}

/** Cedar accepts duplicate ids silently; here each names one policy in every record. */
function dropDuplicates(drafts: readonly Draft[], problems: Problem[]): readonly Draft[] {
  const seen = new Map<string, Draft>();
  for (const draft of drafts) {
    const first = seen.get(draft.policy.id);
    if (first === undefined) seen.set(draft.policy.id, draft);
    else {
      const message = `\`@id("${draft.policy.id}")\` is already used in ${first.source.name}, line ${String(first.policy.line)}`;
      reporter(draft.source, problems)(draft.start, draft.policy.id, message, "give each policy its own id");
    }
  }
  return [...seen.values()];
}

function validate(cedar: CedarCompiler, drafts: readonly Draft[]): readonly Problem[] {
  const staticPolicies = Object.fromEntries(drafts.map(({ policy }) => [policy.id, policy.text]));
  const answer = cedar.validate({ schema: SCHEMA, policies: { staticPolicies } });
  const nowhere: PolicySource = { name: "", text: "" };
  if (answer.type === "failure") return answer.errors.map((error) => describe(error, nowhere, 0));
  const byId = new Map(drafts.map((draft) => [draft.policy.id, draft]));
  const found = [
    ...answer.validationErrors.map((each) => ({ ...each, severity: "error" as const })),
    ...answer.validationWarnings.map((each) => ({ ...each, severity: "warning" as const })),
  ].map(({ policyId, error, severity }) => {
    const draft = byId.get(policyId);
    const problem = describe(error, draft?.source ?? nowhere, draft?.start ?? 0);
    return { ...problem, severity, policy: policyId, message: problem.message.replace(/^for policy `[^`]*`, /, "") };
  });
  return [...new Map(found.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** @param start where the text that Cedar saw begins in the source, in UTF-16 units; Cedar's own offsets are UTF-8 bytes */
export function describe(error: CedarWasm.DetailedError, source: PolicySource, start: number): Problem {
  const at = error.sourceLocations?.[0];
  const seen = Buffer.from(source.text.slice(start), "utf8");
  const offset = start + (at === undefined ? 0 : seen.subarray(0, at.start).toString("utf8").length);
  const message = typeof at?.label !== "string" ? error.message : `${error.message}; ${at.label}`;
  const { line, column } = locate(source.text, offset);
  return {
    severity: "error",
    source: source.name,
    line,
    column,
    policy: undefined,
    message,
    remedy: error.help ?? undefined,
  };
}

function reporter(source: PolicySource, problems: Problem[]) {
  return (start: number, policy: string | undefined, message: string, remedy: string): void => {
    problems.push({ severity: "error", source: source.name, ...locate(source.text, start), policy, message, remedy });
  };
}

function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => a.source.localeCompare(b.source, "en") || a.line - b.line || a.column - b.column);
}

function textOf(source: PolicySource, statement: Statement): string {
  return source.text.slice(statement.start, statement.end);
}

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
