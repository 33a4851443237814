import { z } from "zod";
import { ACCOUNT_ROUTES } from "./account-routes.ts";
import { BREAK_GLASS_ROUTES } from "./break-glass-routes.ts";
import { DELEGATION_ROUTES } from "./delegation-routes.ts";
import { EVIDENCE_ROUTES } from "./evidence-routes.ts";
import { HOST_ROUTES } from "./host-routes.ts";
import { LINK_ROUTES } from "./link-routes.ts";
import { NOTIFY_ROUTES } from "./notify-routes.ts";
import { ORDER_ROUTES } from "./order-routes.ts";
import { PASSKEY_ROUTES } from "./passkey-routes.ts";
import { POLICY_ROUTES } from "./policy-routes.ts";
import { PROOF_ROUTES } from "./proof-routes.ts";
import { QUESTION_ROUTES } from "./question-routes.ts";
import { by, done, list, type Route } from "./route.ts";
import * as form from "./schemas.ts";
import { RECORDING_ROUTES } from "./recording-routes.ts";
import { REPORT_ROUTES } from "./report-routes.ts";
import { REQUEST_ROUTES } from "./request-routes.ts";
import { SEARCH_ROUTES } from "./search-routes.ts";
import { SCIM_ROUTES } from "./scim-routes.ts";
import { SERVER_ROUTES } from "./server-routes.ts";
import { SESSION_ROUTES } from "./session-routes.ts";
import { SIGN_IN_ROUTES } from "./sign-in-routes.ts";
import { TASK_ROUTES } from "./task-routes.ts";

export type { Needs, Route } from "./route.ts";

/**
 * The one table of what the server may be asked. There is no other way to add a route: server, client, OpenAPI and the test of every
 * role against every route are made from it, and a route without `needs` does not compile.
 */

export const ROUTES = {
  ...SIGN_IN_ROUTES,
  ...NOTIFY_ROUTES,
  setUp: {
    method: "post",
    path: "/api/v1/setup",
    what: "Makes the first owner, once, with the token that the server printed at its first start.",
    needs: { open: "it carries the set-up token" },
    body: form.setUp,
    answer: form.secret,
  },
  whoAmI: {
    method: "get",
    path: "/api/v1/me",
    what: "Who the caller is, and which roles they have.",
    needs: { known: true },
    answer: form.me,
  },
  listPeople: {
    method: "get",
    path: "/api/v1/people",
    what: "People, with their teams.",
    needs: { action: "viewPeople", resource: "company" },
    answer: list(form.person),
  },
  addPerson: {
    method: "post",
    path: "/api/v1/people",
    what: "Adds a person, who may do nothing yet.",
    needs: { action: "managePeople", resource: "company" },
    body: form.newPerson,
    answer: form.person,
  },
  endPerson: {
    method: "delete",
    path: "/api/v1/people/{person}",
    what: "Ends a person's access, with all their tokens and hosts; with `endRuns` also the runs of these, which needs `killRun` for the person. What they did stays.",
    needs: { action: "managePeople", resource: "company" },
    params: z.object({ person: form.id }),
    query: z.object({ endRuns: z.enum(["true", "false"]).default("false") }),
    answer: done,
  },
  listTeams: {
    method: "get",
    path: "/api/v1/teams",
    what: "Teams and their members.",
    needs: { action: "viewPeople", resource: "company" },
    answer: list(form.team),
  },
  addTeam: {
    method: "post",
    path: "/api/v1/teams",
    what: "Adds a team.",
    needs: { action: "managePeople", resource: "company" },
    body: form.newTeam,
    answer: form.team,
  },
  joinTeam: {
    method: "put",
    path: "/api/v1/teams/{team}/members/{person}",
    what: "Makes a person a member of a team.",
    needs: { action: "managePeople", resource: "company", for: "person" },
    params: z.object({ team: form.id, person: form.id }),
    answer: done,
  },
  leaveTeam: {
    method: "delete",
    path: "/api/v1/teams/{team}/members/{person}",
    what: "Takes a person out of a team.",
    needs: { action: "managePeople", resource: "company" },
    params: z.object({ team: form.id, person: form.id }),
    answer: done,
  },
  listRoles: {
    method: "get",
    path: "/api/v1/roles",
    what: "Roles and what they permit.",
    needs: { action: "viewPeople", resource: "company" },
    answer: list(form.role),
  },
  listActions: {
    method: "get",
    path: "/api/v1/actions",
    what: "What each right lets its holder do, in words, and on what.",
    needs: { known: true },
    answer: list(form.action),
  },
  defineRole: {
    method: "put",
    path: "/api/v1/roles/{role}",
    what: "Defines a role of one's own.",
    needs: { action: "defineRole", resource: "company" },
    params: z.object({ role: form.id }),
    body: z.strictObject({ actions: z.array(z.string()).min(1).max(100) }),
    answer: form.role,
  },
  listGrants: {
    method: "get",
    path: "/api/v1/grants",
    what: "Who has which role for what.",
    needs: { action: "viewPeople", resource: "company" },
    answer: list(form.grant),
  },
  grantRole: {
    method: "post",
    path: "/api/v1/grants",
    what: "Gives a role, other than owner, for a scope.",
    needs: { action: "grantRole", resource: "company", for: "to" },
    body: form.newGrant,
    answer: form.grant,
  },
  grantOwner: {
    method: "post",
    path: "/api/v1/owners",
    what: "Makes a person an owner.",
    needs: { action: "grantOwner", resource: "company", for: "person" },
    body: z.strictObject({ person: form.id }),
    answer: form.grant,
  },
  endGrant: {
    method: "delete",
    path: "/api/v1/grants/{grant}",
    what: "Takes a role, other than owner, away.",
    needs: { action: "grantRole", resource: "company" },
    params: z.object({ grant: form.id }),
    answer: done,
  },
  endOwner: {
    method: "delete",
    path: "/api/v1/owners/{person}",
    what: "Takes the role of owner away; the last owner stays.",
    needs: { action: "grantOwner", resource: "company" },
    params: z.object({ person: form.id }),
    answer: done,
  },
  listTokens: {
    method: "get",
    path: "/api/v1/tokens",
    what: "Tokens, without their secrets.",
    needs: { action: "viewPeople", resource: "company" },
    answer: list(form.token),
  },
  issueToken: {
    method: "post",
    path: "/api/v1/people/{person}/tokens",
    what: "Makes a token that acts for a person, for some actions and for a time.",
    needs: { action: "issueToken", resource: by("Person", "person") },
    params: z.object({ person: form.id }),
    body: form.newToken.omit({ person: true }),
    answer: form.secret,
  },
  issueServiceToken: {
    method: "post",
    path: "/api/v1/tokens",
    what: "Makes a token that acts for itself: it has the roles that are given to it.",
    needs: { action: "managePeople", resource: "company" },
    body: form.newToken.omit({ person: true }),
    answer: form.secret,
  },
  revokeToken: {
    method: "delete",
    path: "/api/v1/tokens/{token}",
    what: "Ends a token.",
    needs: { action: "managePeople", resource: "company" },
    params: z.object({ token: form.id }),
    answer: done,
  },
  invite: {
    method: "post",
    path: "/api/v1/enrolments",
    what: "Makes a token with which one host of a person can be enrolled, once.",
    needs: { action: "enrollHost", resource: by("Person", "person") },
    body: form.newEnrolment,
    answer: form.secret,
  },
  enrolHost: {
    method: "post",
    path: "/api/v1/hosts",
    what: "Enrols a host with a one-time token.",
    needs: { open: "it carries a one-time token" },
    body: form.enrolHost,
    answer: form.enrolled,
  },
  listHosts: {
    method: "get",
    path: "/api/v1/hosts",
    what: "Hosts and the state of their records.",
    needs: { action: "viewHost", resource: "each" },
    query: form.hostsPage,
    answer: form.hosts,
  },
  revokeHost: {
    method: "post",
    path: "/api/v1/hosts/{host}/revoke",
    what: "Ends what a host may do here, for good: its key is worth nothing from then on.",
    needs: { action: "revokeHost", resource: by("Host", "host") },
    params: z.object({ host: form.id }),
    body: form.revocation,
    answer: done,
  },
  logState: {
    method: "get",
    path: "/api/v1/hosts/{host}/log",
    what: "How much of a host's record the server holds.",
    needs: { action: "writeEvents", resource: by("Host", "host") },
    params: z.object({ host: form.id }),
    answer: form.logState,
  },
  appendLog: {
    method: "post",
    path: "/api/v1/hosts/{host}/log",
    what: "Entries of a host's record, with what proves that they are. Those that are held already are left out.",
    needs: { action: "writeEvents", resource: by("Host", "host") },
    params: z.object({ host: form.id }),
    body: form.append,
    answer: form.appended,
  },
  listRuns: {
    method: "get",
    path: "/api/v1/runs",
    what: "Runs, newest first.",
    needs: { action: "viewRun", resource: "each" },
    query: form.runsPage,
    answer: list(form.run),
  },
  showRun: {
    method: "get",
    path: "/api/v1/runs/{run}",
    what: "One run.",
    needs: { action: "viewRun", resource: by("Run", "run") },
    params: z.object({ run: form.runId }),
    answer: form.run,
  },
  readRun: {
    method: "get",
    path: "/api/v1/runs/{run}/events",
    what: "A run's events, in their order.",
    needs: { action: "readRun", resource: by("Run", "run") },
    params: z.object({ run: form.runId }),
    query: form.page,
    answer: list(form.arrived),
  },
  watchRun: {
    method: "get",
    path: "/api/v1/runs/{run}/stream",
    what: "A run's events from its first, and then as they arrive (server-sent events; resumes by `Last-Event-ID`).",
    needs: { action: "watchRun", resource: by("Run", "run") },
    params: z.object({ run: form.runId }),
    answer: "events",
  },
  watchRuns: {
    method: "get",
    path: "/api/v1/stream",
    what: "The events of all runs that the caller may watch, as they arrive (server-sent events; resumes by `Last-Event-ID`).",
    needs: { action: "watchRun", resource: "each" },
    answer: "events",
  },
  explainAccess: {
    method: "post",
    path: "/api/v1/access/explain",
    what: "Whether somebody may do something, and why.",
    needs: { action: "explainAccess", resource: "company" },
    body: form.explain,
    answer: form.explained,
  },
  serverLog: {
    method: "get",
    path: "/api/v1/log/{file}",
    what: "A file of the server's own log (C2SP tlog-tiles): `checkpoint`, or a tile, its slashes escaped.",
    needs: { action: "viewServerLog", resource: "company" },
    params: z.object({ file: z.string().regex(/^(checkpoint|tile\/(entries|[0-9]{1,2})\/[0-9x/.p]{1,60})$/) }),
    answer: "bytes",
  },
  ...ACCOUNT_ROUTES,
  ...HOST_ROUTES,
  ...ORDER_ROUTES,
  ...PASSKEY_ROUTES,
  ...POLICY_ROUTES,
  ...PROOF_ROUTES,
  ...QUESTION_ROUTES,
  ...LINK_ROUTES,
  ...DELEGATION_ROUTES,
  ...BREAK_GLASS_ROUTES,
  ...EVIDENCE_ROUTES,
  ...RECORDING_ROUTES,
  ...SEARCH_ROUTES,
  ...REPORT_ROUTES,
  ...REQUEST_ROUTES,
  ...SERVER_ROUTES,
  ...SESSION_ROUTES,
  ...SCIM_ROUTES,
  ...TASK_ROUTES,
} as const satisfies Record<string, Route>;

export type Routes = typeof ROUTES;
export type RouteName = keyof Routes;
export const ROUTE_NAMES: readonly RouteName[] = Object.keys(ROUTES).filter((name): name is RouteName =>
  Object.hasOwn(ROUTES, name),
);

type In<T> = T extends z.ZodType ? z.input<T> : undefined;
type Part<R, K extends string> = R extends Record<K, infer T> ? { readonly [P in K]: In<T> } : unknown;
/** What a call of a route carries. */
export type InputOf<N extends RouteName> = Part<Routes[N], "params"> &
  Part<Routes[N], "query"> &
  Part<Routes[N], "body">;
/** What it is answered with. */
export type AnswerOf<N extends RouteName> = Routes[N]["answer"] extends z.ZodType
  ? z.output<Routes[N]["answer"]>
  : Routes[N]["answer"] extends "bytes" | "download"
    ? Uint8Array
    : Routes[N]["answer"] extends "page"
      ? string
      : Routes[N]["answer"] extends "scim"
        ? unknown
        : undefined;
