/**
 * Who may do what at the server, by the same Cedar that decides about programs. A role that somebody has for a scope is a permit with
 * that scope as its resource; what nobody may do, whatever their roles, is a forbid. Both are texts that Cedar evaluates: nothing is
 * decided beside it. A policy that fails to evaluate denies.
 */
import { Cedar } from "../cedar/cedar.privileged.ts";
import type { AuthorizationCall } from "../cedar/messages.ts";
import { LruMap } from "../decide/lru.ts";
import { sha256 } from "../source.ts";
import type { AccessAction, AccessContext, ResourceType } from "./actions.ts";
import { clausesOf, conditionsText, weekMinute, type GrantConditions } from "./conditions.ts";
import { entityText } from "./entity-text.ts";
import { RISKS } from "./risk.ts";
import { OF_HOSTS, type Role } from "./roles.ts";

export interface AccessPrincipal {
  readonly type: "Person" | "Token" | "Host";
  readonly id: string;
}

export interface AccessResource {
  readonly type: ResourceType;
  readonly id: string;
  /** All it lies in, directly or not. */
  readonly within: readonly { readonly type: ResourceType; readonly id: string }[];
}

/** A role for a scope. */
export interface Grant {
  /** Stands in explanations: `grant.ID`. Lower-case letters, digits and `-`. */
  readonly id: string;
  readonly roleName: string;
  readonly role: Role;
  readonly scope: { readonly type: ResourceType; readonly id: string };
  /** When and for what of that it is had; all have to hold. None: always, for all of it. */
  readonly when?: readonly GrantConditions[];
  /** Whose role it is, when it was handed on. */
  readonly handedOnBy?: string;
  /** The opening by which its holder has it for now, when it is more than the role alone. */
  readonly breakGlass?: string;
}

export interface AccessRequest {
  readonly principal: AccessPrincipal;
  readonly grants: readonly Grant[];
  /** When somebody acts by a token: what the token may be used for at most. */
  readonly limitedTo: readonly AccessAction[] | undefined;
  /** Forbids of the company beside {@link DUTIES}, by id. */
  readonly forbids: Readonly<Record<string, string>>;
  readonly action: AccessAction;
  readonly resource: AccessResource;
  readonly context: AccessContext;
}

export interface AccessDecision {
  readonly allowed: boolean;
  /** The policies that determined it, by `@id`: `grant.…` of what permits, `duties.…` or `token.…` of what forbids; none: nothing permits. */
  readonly policies: readonly string[];
  /** One sentence. */
  readonly reason: string;
  /** Why deciding failed, when it did. */
  readonly failure: string | undefined;
}

export interface AccessDecider {
  /** Never rejects: a failure is a no that says so. */
  decide(request: AccessRequest): Promise<AccessDecision>;
  close(): Promise<void>;
}

/** Forbids that hold for everybody. */
export const DUTIES: Readonly<Record<string, { readonly text: string; readonly reason: string }>> = {
  "duties.grant-to-oneself": {
    text: 'forbid(principal, action in [Action::"grantRole", Action::"grantOwner", Action::"managePeople"], resource) when { context.own };',
    reason: "nobody gives themselves a role, nor by a team: ask somebody else who may",
  },
  "duties.answer-oneself": {
    text: 'forbid(principal, action == Action::"answerQuestion", resource) when { context.own };',
    reason: "nobody answers at the server what their own run asks: somebody else has to",
  },
  "duties.approve-own-policy": {
    text: 'forbid(principal, action == Action::"approvePolicy", resource) when { context.own };',
    reason: "nobody approves what they wrote: somebody else has to",
  },
  "duties.people-decide-policy": {
    text: 'forbid(principal, action in [Action::"editPolicy", Action::"approvePolicy"], resource) unless { principal is Person };',
    reason: "policies are written and approved by people, who are two: a service's token may be either's",
  },
  "duties.people-break-glass": {
    text: 'forbid(principal, action == Action::"breakGlass", resource) unless { principal is Person };',
    reason: "people open the role break-glass, with their name: a service has nobody to answer for it",
  },
  "duties.people-review-tasks": {
    text: 'forbid(principal, action == Action::"reviewTask", resource) unless { principal is Person };',
    reason: "people accept and reject work, with their name: a service has nobody to answer for it",
  },
  "duties.only-hosts-write": {
    text: `forbid(principal, ${actionsText(OF_HOSTS)}, resource) unless { principal is Host && principal == resource };`,
    reason: "a host writes its own record, is told of its own runs, and of no other's",
  },
};

/** A forbid that a company may have: of what somebody had done by a task, somebody else says whether it is good. */
export const REVIEWED_BY_OTHERS = {
  id: "duties.review-own-task",
  text: 'forbid(principal, action == Action::"reviewTask", resource) when { context.own };',
  reason: "nobody accepts or rejects the work that they asked for: somebody else has to",
} as const;

const ANSWERS = 20_000;

/** @throws PolicyError never here: Cedar is loaded at the first question */
export function openAccessDecider(): AccessDecider {
  const cedar = new Cedar();
  const answers = new LruMap<string, AccessDecision>(ANSWERS);
  return {
    async decide(request) {
      let texts: Readonly<Record<string, string>>;
      try {
        texts = policiesFor(request);
      } catch (error) {
        return failure(error instanceof Error ? error.message : String(error));
      }
      const set = sha256(JSON.stringify(texts));
      const call = callOf(request);
      const key = JSON.stringify([set, call]);
      const known = answers.get(key);
      if (known !== undefined) return known;
      const decision = await ask(cedar, { set, texts, call, request });
      // A failure may pass; what Cedar said of these texts and facts does not change.
      if (decision.failure === undefined) answers.set(key, decision);
      return decision;
    },
    close: () => cedar.close(),
  };
}

interface Asked {
  readonly set: string;
  readonly texts: Readonly<Record<string, string>>;
  readonly call: AuthorizationCall;
  readonly request: AccessRequest;
}

async function ask(cedar: Cedar, { set, texts, call, request }: Asked): Promise<AccessDecision> {
  try {
    const { decision, reasons, errors } = await cedar.evaluate(set, () => texts, call);
    // Cedar skips a policy that it can't evaluate, so a forbid that fails would forbid nothing.
    if (errors.length > 0) return failure(errors.join("; "));
    if (decision === "allow")
      return { allowed: true, policies: reasons, reason: permitReason(reasons, request), failure: undefined };
    return { allowed: false, policies: reasons, reason: forbidReason(reasons, request), failure: undefined };
  } catch (error) {
    return failure(error instanceof Error ? error.message : String(error));
  }
}

function failure(why: string): AccessDecision {
  return { allowed: false, policies: [], reason: `it could not be decided, so it is refused: ${why}`, failure: why };
}

function permitReason(ids: readonly string[], { grants }: AccessRequest): string {
  const held = grants.filter(({ id }) => ids.includes(`grant.${id}`) || ids.includes(`grant.${id}.own`));
  return held.map((grant) => `role ${grantText(grant)}`).join("; ");
}

function forbidReason(ids: readonly string[], { action, resource, grants }: AccessRequest): string {
  if (ids.length > 0) return [...new Set(ids.map(reasonOf))].join("; ");
  const named = `${action} on ${resource.type} ${resource.id}`;
  if (grants.length === 0) return `no role permits ${named}: there is none`;
  const roles = grants.map(grantText);
  return `no role permits ${named}: there is ${roles.join(", ")}`;
}

function reasonOf(id: string): string {
  if (id === "token.scope") return "the token is not for this";
  if (id === REVIEWED_BY_OTHERS.id) return REVIEWED_BY_OTHERS.reason;
  return DUTIES[id]?.reason ?? "more than one person has to want this";
}

function grantText({ roleName, scope, when = [], handedOnBy, breakGlass }: Grant): string {
  const conditions = when.flatMap(conditionsText).map((text) => `, ${text}`);
  const opened = breakGlass === undefined ? "" : `, opened as ${breakGlass}`;
  return `${roleName} for ${scope.type} ${scope.id}${conditions.join("")}${handedOnBy === undefined ? "" : `, handed on by ${handedOnBy}`}${opened}`;
}

/** The policies that can matter to a principal, by id. @throws RangeError for a condition that can't be one */
export function policiesFor({
  principal,
  grants,
  limitedTo,
  forbids,
  context: { nowMs },
}: Pick<AccessRequest, "principal" | "grants" | "limitedTo" | "context" | "forbids">): Record<string, string> {
  const texts: Record<string, string> = {};
  const who = `principal == ${entityText(principal)}`;
  for (const { id, role, scope, when = [] } of grants) {
    const where = `resource in ${entityText(scope)}`;
    const clauses = when
      .flatMap((conditions) => clausesOf(conditions, nowMs))
      .map((clause) => ` ${clause}`)
      .join("");
    if (role.any.length > 0) texts[`grant.${id}`] = `permit(${who}, ${actionsText(role.any)}, ${where})${clauses};`;
    if (role.own.length > 0) {
      texts[`grant.${id}.own`] = `permit(${who}, ${actionsText(role.own)}, ${where}) when { context.own }${clauses};`;
    }
  }
  for (const [id, { text }] of Object.entries(DUTIES)) texts[id] = text;
  Object.assign(texts, forbids);
  if (limitedTo !== undefined) {
    texts["token.scope"] = `forbid(principal, action, resource) unless { ${actionsText(limitedTo)} };`;
  }
  return texts;
}

function actionsText(actions: readonly AccessAction[]): string {
  return `action in [${actions.map((action) => `Action::"${action}"`).join(", ")}]`;
}

function callOf({ principal, grants, action, resource, context }: AccessRequest): AuthorizationCall {
  const uid = (of: { readonly type: string; readonly id: string }) => ({ type: of.type, id: of.id.toWellFormed() });
  return {
    principal: uid(principal),
    action: { type: "Action", id: action },
    resource: uid(resource),
    context: {
      own: context.own,
      // What no clause looks at is not what an answer is kept by: it would be another every minute.
      weekMinute: hasHours(grants) ? weekMinute(context.nowMs) : 0,
      classes: context.classes,
      risk: RISKS[context.risk],
      labels: context.labels,
      confirmed: context.confirmed,
    },
    entities: [
      { uid: uid(resource), parents: resource.within.map(uid) },
      ...resource.within.map((each) => ({ uid: uid(each), parents: [] })),
      ...(principal.type === resource.type && principal.id === resource.id
        ? []
        : [{ uid: uid(principal), parents: [] }]),
    ],
  };
}

function hasHours(grants: readonly Grant[]): boolean {
  return grants.some(({ when = [] }) => when.some(({ hours }) => hours !== undefined));
}
