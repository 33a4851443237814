/**
 * SCIM 2.0 (RFC 7643, 7644): how a company's directory says who joins, who leaves and who is in which group. A part of the one table; what
 * requests and answers look like is the RFC's.
 */
import { z } from "zod";
import type { Route } from "./route.ts";

/** Resources on a page, at most. */
export const MOST_LISTED = 200;

const needs = { action: "provisionPeople", resource: "company" } as const;
/** Attributes may be written in any case and unknown ones are left out, so the form is looked at by what takes it in. */
const body = z.record(z.string(), z.unknown());
const names = z.string().max(1_000).optional();
const shown = { attributes: names, excludedAttributes: names };
const listed = z.object({
  ...shown,
  filter: z.string().min(1).max(1_000).optional(),
  /** From 1; less counts as 1 (RFC 7644, 3.4.2.4). */
  startIndex: z.coerce
    .number()
    .int()
    .max(1e9)
    .default(1)
    .transform((index) => Math.max(1, index)),
  count: z.coerce
    .number()
    .int()
    .default(100)
    .transform((count) => Math.min(MOST_LISTED, Math.max(0, count))),
});
const named = { params: z.object({ id: z.string().max(200) }), query: z.object(shown) };

export const SCIM_ROUTES = {
  scimConfig: {
    method: "get",
    path: "/scim/v2/ServiceProviderConfig",
    what: "SCIM: what of the protocol there is.",
    needs,
    answer: "scim",
  },
  scimResourceTypes: {
    method: "get",
    path: "/scim/v2/ResourceTypes",
    what: "SCIM: users and groups.",
    needs,
    answer: "scim",
  },
  scimResourceType: {
    method: "get",
    path: "/scim/v2/ResourceTypes/{id}",
    what: "SCIM: one of them.",
    needs,
    params: named.params,
    answer: "scim",
  },
  scimSchemas: {
    method: "get",
    path: "/scim/v2/Schemas",
    what: "SCIM: the attributes that are kept.",
    needs,
    answer: "scim",
  },
  scimSchema: {
    method: "get",
    path: "/scim/v2/Schemas/{id}",
    what: "SCIM: those of one schema.",
    needs,
    params: named.params,
    answer: "scim",
  },
  scimListUsers: {
    method: "get",
    path: "/scim/v2/Users",
    what: "SCIM: people whom the directory provisions.",
    needs,
    query: listed,
    answer: "scim",
  },
  scimAddUser: {
    method: "post",
    path: "/scim/v2/Users",
    what: "SCIM: somebody joins. Who signed in before by the same subject is taken over.",
    needs,
    body,
    answer: "scim",
  },
  scimShowUser: {
    method: "get",
    path: "/scim/v2/Users/{id}",
    what: "SCIM: one of them.",
    needs,
    ...named,
    answer: "scim",
  },
  scimReplaceUser: {
    method: "put",
    path: "/scim/v2/Users/{id}",
    what: "SCIM: says all of somebody anew; `active: false` ends their access.",
    needs,
    ...named,
    body,
    answer: "scim",
  },
  scimPatchUser: {
    method: "patch",
    path: "/scim/v2/Users/{id}",
    what: "SCIM: changes some of it; `active: false` ends their access.",
    needs,
    ...named,
    body,
    answer: "scim",
  },
  scimDeleteUser: {
    method: "delete",
    path: "/scim/v2/Users/{id}",
    what: "SCIM: somebody leaves. What they did stays.",
    needs,
    params: named.params,
    answer: "scim",
  },
  scimListGroups: {
    method: "get",
    path: "/scim/v2/Groups",
    what: "SCIM: groups that the directory pushes.",
    needs,
    query: listed,
    answer: "scim",
  },
  scimAddGroup: {
    method: "post",
    path: "/scim/v2/Groups",
    what: "SCIM: a group. It gives what `[[oidc.groups]]` says.",
    needs,
    body,
    answer: "scim",
  },
  scimShowGroup: {
    method: "get",
    path: "/scim/v2/Groups/{id}",
    what: "SCIM: one of them.",
    needs,
    ...named,
    answer: "scim",
  },
  scimReplaceGroup: {
    method: "put",
    path: "/scim/v2/Groups/{id}",
    what: "SCIM: says a group and all its members anew.",
    needs,
    ...named,
    body,
    answer: "scim",
  },
  scimPatchGroup: {
    method: "patch",
    path: "/scim/v2/Groups/{id}",
    what: "SCIM: changes a group or its members.",
    needs,
    ...named,
    body,
    answer: "scim",
  },
  scimDeleteGroup: {
    method: "delete",
    path: "/scim/v2/Groups/{id}",
    what: "SCIM: ends a group and all that it gave.",
    needs,
    params: named.params,
    answer: "scim",
  },
} as const satisfies Record<string, Route>;
