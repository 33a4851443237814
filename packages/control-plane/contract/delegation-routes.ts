/** Routes by which people hand on their right to answer, for a time. A part of the one table. */
import { z } from "zod";
import { done, list, type Route } from "./route.ts";
import { id, scope } from "./schemas.ts";

const time = z.number().nonnegative();
export const LONGEST_DELEGATION_S = 30 * 86_400;

export const className = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

const newDelegation = z.strictObject({
  to: id,
  /** Within what one may answer oneself. */
  scope: scope.default({ type: "Company", id: "company" }),
  class: className.optional(),
  reason: z.string().trim().min(1).max(500),
  expiresInS: z.int().min(60).max(LONGEST_DELEGATION_S),
});

export const delegation = z.object({
  id: z.string(),
  from: id,
  to: id,
  scope,
  class: z.string().optional(),
  reason: z.string(),
  at: time,
  expiresAt: time,
});

const OWN = { known: true } as const;

export const DELEGATION_ROUTES = {
  delegate: {
    method: "post",
    path: "/api/v1/delegations",
    what: "Hands on one's own right to answer questions, for a time. Not further, and never for what one's own runs ask, nor the other's.",
    needs: OWN,
    body: newDelegation,
    answer: delegation,
  },
  listDelegations: {
    method: "get",
    path: "/api/v1/delegations",
    what: "Rights to answer that were handed on by or to oneself and stand; all of them for who may see people.",
    needs: OWN,
    answer: list(delegation),
  },
  endDelegation: {
    method: "delete",
    path: "/api/v1/delegations/{delegation}",
    what: "Ends what was handed on by or to oneself; any for who may take roles away.",
    needs: OWN,
    params: z.object({ delegation: z.string().regex(/^d-[0-9a-f]{12}$/) }),
    answer: done,
  },
} as const satisfies Record<string, Route>;
