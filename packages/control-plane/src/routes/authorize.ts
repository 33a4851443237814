import type { AccessAction, AccessDecision } from "@bailiwick/policy";
import { ServerError } from "../../contract/errors.ts";
import { ROUTES, type Needs, type Route, type RouteName } from "../../contract/routes.ts";
import { COMPANY } from "../access/authority.ts";
import { scope as scopeForm } from "../../contract/schemas.ts";
import { findVersionResource } from "../policies/versions.ts";
import { breakGlassOf } from "../access/break-glass.ts";
import { findQuestionResource } from "../access/questions.ts";
import { neededOf } from "../access/dual-control.ts";
import { keepRequest } from "../access/requests.ts";
import { findResource, type Resource } from "../access/resources.ts";
import type { Caller } from "../identity/callers.ts";
import type { Database } from "../store/tables.ts";
import type { Server } from "./handler.ts";

export interface Asked {
  readonly route: RouteName;
  /** Enough others want it too. */
  readonly confirmed?: boolean;
  readonly caller: Caller;
  readonly params: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a host does all the time: what it sends is in the log by itself, or vouched for by what is; and what it asks changes nothing. */
const OF_THE_HOUR: ReadonlySet<RouteName> = new Set([
  ...["appendLog", "followOrders", "fetchPolicies"],
  // What becomes of a task is in the log by itself.
  ...["takeTask", "renewTask", "handInTask"],
  ...["wantedRecordings", "appendRecording"],
] as const);

/**
 * Whether a caller may do what a route does, and the record of it: who used or tried which right is durable in the server's log before
 * anything happens. What a host writes is in the log by itself.
 * @returns what it is done to; undefined of lists, where each item is asked about, and of what everybody may
 * @throws ServerError SERVER_FORBIDDEN, SERVER_NOT_FOUND
 */
export async function authorize(server: Server, asked: Asked): Promise<Resource | undefined> {
  const { caller } = asked;
  const needs = needsOf(asked.route);
  if ("known" in needs) return undefined;
  if (needs.resource === "each") {
    const { route } = asked;
    const use = { route, action: needs.action, caller, resource: COMPANY };
    await record(server, use, { allowed: true, policies: [] });
    return undefined;
  }
  const sender = await ofSender(server, asked);
  if (sender !== undefined && server.hosts.isPermitted(sender)) return sender;
  const { resource, own } = await lookUp(server, asked, { needs, sender });
  const { route, params, body, confirmed } = asked;
  await useRight(server, { route, action: needs.action, caller, resource, own, confirmed, given: { params, body } });
  // Decided by Cedar once for as long as the host is remembered, and not for each of ten batches a second.
  if (sender === resource) server.hosts.permit(resource);
  return resource;
}

/** Whether it would be permitted, without doing it: nothing of it is in the log. */
export async function wouldBePermitted(server: Server, asked: Asked): Promise<boolean> {
  const needs = needsOf(asked.route);
  if ("known" in needs || needs.resource === "each") return true;
  const { resource, own } = await lookUp(server, asked, { needs, sender: undefined });
  const { confirmed } = asked;
  return (await server.authority.decide(asked.caller, needs.action, resource, { own, confirmed })).allowed;
}

function needsOf(route: RouteName): Exclude<Needs, { readonly open: string }> {
  const { needs }: Route = ROUTES[route];
  if ("open" in needs) throw new TypeError("a route that is open has nobody to ask about");
  return needs;
}

async function lookUp(
  server: Server,
  asked: Asked,
  { needs, sender }: { readonly needs: OneNeed; readonly sender: Resource | undefined },
): Promise<{ readonly resource: Resource; readonly own: boolean | undefined }> {
  const { db } = server;
  const resource = sender ?? (await resourceOf(db, asked, needs.resource));
  return { resource, own: needs.for === undefined ? undefined : await isForCaller(db, asked, needs.for) };
}

type OneNeed = Exclude<Extract<Needs, { action: string }>, { readonly resource: "each" }>;

export interface RightUse {
  readonly route: RouteName;
  readonly action: AccessAction;
  readonly caller: Caller;
  readonly resource: Resource;
  /** Whether it is for the caller's own; undefined: as the resource is. */
  readonly own?: boolean | undefined;
  readonly confirmed?: boolean | undefined;
  /** What it was called with, where it can wait for others. */
  readonly given?: Pick<Asked, "params" | "body">;
}

/** @throws ServerError SERVER_FORBIDDEN, SERVER_NOT_FOUND */
export async function useRight(server: Server, use: RightUse): Promise<void> {
  const { action, caller, resource, own, confirmed } = use;
  const decision = await server.authority.decide(caller, action, resource, { own, confirmed });
  if (!decision.allowed) {
    const refusal = await waitForOthers(server, use, decision);
    await record(server, use, refusal);
    throw new ServerError("SERVER_FORBIDDEN", refusal.reason, { remedy: "ask an owner for a role that permits it" });
  }
  // Said only to who might know: a no is the same whether there is such a thing or not.
  if (!resource.exists)
    throw new ServerError("SERVER_NOT_FOUND", `there is no ${resource.type.toLowerCase()} \`${resource.id}\``);
  if (!OF_THE_HOUR.has(use.route)) await record(server, use, decision);
}

/** Keeps what would be permitted if others wanted it too. @returns why it would not be @throws ServerError SERVER_NEEDS_OTHERS */
async function waitForOthers(server: Server, use: RightUse, decision: AccessDecision): Promise<AccessDecision> {
  const { route, action, caller, resource, own, given } = use;
  const needed = neededOf(server.authority.dualControl, decision);
  if (needed === undefined || given === undefined || !resource.exists) return decision;
  const alone = await server.authority.decide(caller, action, resource, { own, confirmed: true });
  if (!alone.allowed) return alone;
  const wanted = { route, action, caller, resource: { type: resource.type, id: resource.id } };
  return await keepRequest(server, { ...wanted, given, needs: needed.people, minutes: needed.minutes });
}

/** The host that sends its own record: asked about thousands of times a second, it is remembered. */
async function ofSender({ hosts }: Server, { route, caller, params }: Asked): Promise<Resource | undefined> {
  if (route !== "appendLog" || caller.type !== "Host" || params["host"] !== caller.id) return undefined;
  return (await hosts.find(caller.id))?.resource;
}

async function resourceOf(db: Database, { params, body }: Asked, named: OneNeed["resource"]): Promise<Resource> {
  if (named === "company") return COMPANY;
  if ("scope" in named) {
    const { type, id } = scopeForm.parse(body[named.scope]);
    return await findResource(db, type, id);
  }
  if ("question" in named) return await findQuestionResource(db, String(params[named.question]));
  if ("version" in named) return await findVersionResource(db, String(params[named.version]));
  const id = params[named.by] ?? body[named.by];
  // The schema of the route has checked it; a route whose row names what it does not have is a mistake of ours.
  if (typeof id !== "string") throw new TypeError(`a route has no \`${named.by}\``);
  return await findResource(db, named.type, id);
}

/** Whether what is given is for whoever gives it, directly or by a team they are in. */
async function isForCaller(db: Database, { caller, params, body }: Asked, member: "to" | "person"): Promise<boolean> {
  const value = params[member] ?? body[member];
  if (typeof value === "string") return caller.person === value;
  if (typeof value !== "object" || value === null || !("type" in value) || !("id" in value)) return false;
  const { type, id } = value;
  if (type === "Person") return caller.person === id;
  if (type === "Token") return caller.by === id;
  if (typeof id !== "string" || caller.person === undefined) return false;
  const membership = await db
    .selectFrom("team_member")
    .select("team")
    .where("team", "=", id)
    .where("person", "=", caller.person)
    .executeTakeFirst();
  return membership !== undefined;
}

async function record(
  server: Server,
  { route, action, caller, resource }: RightUse,
  { allowed, policies }: Pick<AccessDecision, "allowed" | "policies">,
): Promise<void> {
  // A page that is read must not depend on a database that takes nothing; what changes something does.
  const note = ROUTES[route].method === "get" ? "noteRead" : "note";
  await server.journal[note]({
    type: allowed ? "right.used" : "right.refused",
    who: { type: caller.type, id: caller.id },
    ...(caller.by !== undefined && { by: caller.by }),
    route,
    action,
    resource: { type: resource.type, id: resource.id.slice(0, 400) },
    policies,
    ...(await breakGlassOf(server, caller)),
  });
}
