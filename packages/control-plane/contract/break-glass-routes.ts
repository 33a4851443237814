/** Routes by which somebody opens the role break-glass in an emergency, and others look at what they did. A part of the one table. */
import { z } from "zod";
import { done, list, type Route } from "./route.ts";
import { noted } from "./report-routes.ts";
import { breakGlass, scope } from "./schemas.ts";

const LONGEST_BREAK_GLASS_S = 4 * 3_600;

const params = z.object({ opening: z.string().regex(/^b-[0-9a-f]{12}$/) });

export const BREAK_GLASS_ROUTES = {
  breakGlass: {
    method: "post",
    path: "/api/v1/break-glass",
    what: "Opens the role break-glass for a scope and a time, with an alarm to all owners. It ends by itself, and all that is done meanwhile is marked in the server's log.",
    needs: { action: "breakGlass", resource: { scope: "scope" } },
    body: z.strictObject({
      scope: scope.default({ type: "Company", id: "company" }),
      reason: z.string().trim().min(1).max(500),
      expiresInS: z.int().min(60).max(LONGEST_BREAK_GLASS_S).default(1_800),
    }),
    answer: breakGlass,
  },
  listBreakGlasses: {
    method: "get",
    path: "/api/v1/break-glass",
    what: "Who opened the role break-glass, newest first, and how often they used or were refused something meanwhile.",
    needs: { action: "viewBreakGlass", resource: "company" },
    query: z.object({
      /** The time of the last one that was seen. */
      after: z.coerce.number().nonnegative().optional(),
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
    }),
    answer: list(breakGlass.extend({ used: z.int(), refused: z.int() })),
  },
  showBreakGlass: {
    method: "get",
    path: "/api/v1/break-glass/{opening}",
    what: "All that was done and refused while it was open, in its order.",
    needs: { action: "viewBreakGlass", resource: "company" },
    params,
    query: z.object({
      after: z.coerce.number().int().nonnegative().optional(),
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
    }),
    answer: list(noted),
  },
  endBreakGlass: {
    method: "delete",
    path: "/api/v1/break-glass/{opening}",
    what: "Ends one's own; any for who may take roles away.",
    needs: { known: true },
    params,
    answer: done,
  },
} as const satisfies Record<string, Route>;
